"""How much a report is worth: city rules by the day of the report, as data (F04, F05)."""

from collections.abc import Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from functools import cache
from typing import Final

import msgspec

from models.data_files import read_toml
from models.errors import Invalid
from routing.rules import DATA

_CENT: Final = Decimal("0.01")


class Step(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """For fines below `below` yuan: a part of the fine, or an amount in yuan."""

    below: Decimal | None = None
    part: Decimal | None = None
    amount: Decimal | None = None


class RewardRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One version of an area's rules; `area` begins the codes of the cities that it holds in."""

    id: str
    area: str
    valid_from: date
    valid_to: date | None = None
    steps: tuple[Step, ...]
    most: Decimal
    bounty_most: Decimal | None = None
    source: str

    def holds(self, city: str, day: date) -> bool:
        """Tell whether the rule holds in a city on a day."""
        return city.startswith(self.area) and self.valid_from <= day <= (self.valid_to or date.max)

    def amount(self, fine: Decimal) -> Decimal:
        """Give the reward for a fine, in yuan, half a cent rounded up."""
        step = next(one for one in self.steps if one.below is None or fine < one.below)
        worth = step.amount if step.amount is not None else fine * (step.part or Decimal(0))
        return min(worth, self.most).quantize(_CENT, ROUND_HALF_UP)


def rule_of(city: str, day: date, known: Sequence[RewardRule] | None = None) -> RewardRule | None:
    """Give the rule for a report of a day: the nearest area's newest; None where there is none."""
    rules = known if known is not None else reward_rules()
    fitting = [one for one in rules if one.holds(city, day)]
    return max(fitting, key=lambda one: (len(one.area), one.valid_from), default=None)


@cache
def reward_rules() -> tuple[RewardRule, ...]:
    """Read the rules; Invalid where one does not reach to any fine."""
    table = read_toml(DATA / "rewards.toml")
    rules = msgspec.convert(table["rule"], tuple[RewardRule, ...])
    for one in rules:
        if not one.steps or one.steps[-1].below is not None:
            raise Invalid("reward_steps_end", f"奖励规则 {one.id} 的最后一档不能有上限。")
    return rules
