"""Rewards: proposed from the confirmed fine, approved by a second person, paid out by a code.

Only who is named is rewarded, of several only who reported first. Nobody who proposes, approves or
pays learns a name: the citizen fetches the claim code by the tracking code, and whoever holds it is
paid (K38 says until when they must be told).
"""

import hashlib
import secrets
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final, NamedTuple

from models.case import SYSTEM, CaseNo, State, show_case_no
from models.city import City
from models.db import identity
from models.db import rewards as store
from models.db.pool import Connection
from models.db.rewards import Known, Reward
from models.errors import Forbidden, Invalid, NotFound
from models.moment import aware, china_day
from routing.act import Act
from routing.handling import said
from routing.lifecycle import Move
from routing.matter import Change, Matter
from routing.reward_rules import RewardRule, rule_of
from routing.reward_verbs import ApproveReward, ClaimReward, PayReward, ProposeReward, TellReward

VERIFIED: Final = "reward:verified"
CHANGED: Final = "reward:changed"
_REPORTS: Final = ("JB", "TS", "CF")
_FOUND: Final = (State.CLOSED, State.ARCHIVED, State.MERGED)
_LETTERS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: Eighty bits.
_CODE_LENGTH: Final = 16


class Seen(NamedTuple):
    """A case's reward so far, whether who reported is named, and what is known of the matter."""

    reward: Reward | None
    named: bool = False
    known: Known = Known(None, None)


async def look(conn: Connection, matter: Matter, _request: Any) -> Seen:  # noqa: ANN401
    """Read the reward of a case."""
    return Seen(await store.get(conn, matter.case.city, matter.case.case_no))


async def look_proposed(conn: Connection, matter: Matter, request: ProposeReward) -> Seen:
    """Read the reward and whether whoever reported may have one; no name is opened."""
    return await _look_matter(conn, matter, decision(request.document))


async def look_approved(conn: Connection, matter: Matter, _request: ApproveReward) -> Seen:
    """Read the same again, which nobody else settles for that decision meanwhile."""
    one = await store.get(conn, matter.case.city, matter.case.case_no)
    if one is None:
        return Seen(None)
    await store.hold(conn, matter.case.city, one.document)
    return await _look_matter(conn, matter, one.document)


async def _look_matter(conn: Connection, matter: Matter, document: str) -> Seen:
    case = matter.case
    row = await identity.get(conn, case.city, case.case_no)
    named = row is not None and not row.anonymous and row.name is not None
    known = await store.matter(conn, case.city, case.case_no, document)
    return Seen(await store.get(conn, case.city, case.case_no), named, known)


def propose(matter: Matter, request: ProposeReward, change: Change) -> None:
    """Propose the reward that the rules of the day of the report give for the confirmed fine.

    Proposed anew it is still to be told within the term that began first (K38).
    """
    seen: Seen = change.seen
    _refuse_unfit(matter, seen)
    if seen.reward is not None:
        change.event = CHANGED
    case = matter.case
    rule = rule_of(case.city, china_day(case.received_at))
    if rule is None:
        raise matter.conflict("no_reward_rule", "举报当日本市没有可适用的奖励规定。")
    fine = Decimal(request.fine)
    if fine <= 0:
        raise Invalid("fine_required", "须写明查实的罚款金额(元)。")
    amount = _amount(rule, fine, request)
    if amount <= 0:
        raise Invalid("reward_none", "按本市规定计算,奖励不足一分钱,不予奖励。")
    one = Reward(
        case_no=case.case_no,
        rule=rule.id,
        fine=fine,
        amount=amount,
        document=decision(request.document),
        proposed_by=matter.actor.name,
        proposed_at=matter.at,
    )
    change.data |= {"rule": rule.id, "fine": str(fine), "amount": str(one.amount)}
    change.data["document"] = one.document

    async def keep(conn: Connection, change: Change) -> None:
        await store.propose(conn, change.matter.case, one)

    change.effects.append(keep)


def _refuse_unfit(matter: Matter, seen: Seen) -> None:
    case = matter.case
    if seen.reward is not None and seen.reward.approved_at is not None:
        raise matter.conflict("reward_approved", "该件奖励已批准。")
    if case.kind not in _REPORTS or case.parent_no is not None:
        raise matter.conflict("not_a_report", "只有举报、投诉的原件可以奖励。")
    if not seen.named:
        raise matter.conflict("named_only", "奖励须实名举报;匿名举报照常办理,不予奖励。")
    first, rewarded = seen.known
    if rewarded is not None:
        other = show_case_no(case.city, CaseNo(rewarded))
        raise matter.conflict("matter_rewarded", f"同一事项或同一处罚决定已奖励:{other}。")
    if first != case.case_no:
        other = show_case_no(case.city, CaseNo(first or 0))
        raise matter.conflict("first_reporter_only", f"同一事项只奖励最先举报者:{other}。")


def decision(number: str) -> str:
    """Give a decision's number without the spaces that people write into it."""
    return "".join(said(number, "document_required", "须写明处罚决定书文号。").split())


def _amount(rule: RewardRule, fine: Decimal, request: ProposeReward) -> Decimal:
    if request.bounty is None:
        return rule.amount(fine)
    bounty = Decimal(request.bounty)
    if rule.bounty_most is None or not 0 < bounty <= rule.bounty_most:
        most = rule.bounty_most or 0
        raise Invalid("bounty_too_high", f"重金悬赏不得超过 {most} 元。")
    return bounty


def approve(matter: Matter, request: ApproveReward, change: Change) -> None:
    """Approve a proposed reward that is still due; never one's own proposal."""
    one = _known(matter, change)
    _refuse_unfit(matter, change.seen)
    if one.proposed_by == matter.actor.name:
        raise matter.conflict("second_person_needed", "须由提出人以外的人批准。")
    change.data |= {"amount": str(one.amount)} | ({"note": request.note} if request.note else {})

    async def keep(conn: Connection, _change: Change) -> None:
        await store.approve(conn, matter.case, matter.actor.name, matter.at)

    change.effects.append(keep)


def tell(matter: Matter, request: TellReward, change: Change) -> None:
    """Note that whoever reported was told; the claim code is had by the tracking code."""
    one = _approved(matter, change)
    if one.told_at is not None:
        raise matter.conflict("told_already", "已告知。")
    change.data["how"] = said(request.how, "how_required", "须写明告知方式。")

    async def keep(conn: Connection, _change: Change) -> None:
        await store.told(conn, matter.case, matter.at)

    change.effects.append(keep)


def claim(matter: Matter, request: ClaimReward, change: Change) -> None:
    """Keep the digest of a fresh claim code; an earlier one leads nowhere from now on."""
    if matter.actor.kind != SYSTEM.kind:
        raise Forbidden("not_your_part", "领奖码只能由举报人凭查询码领取。")
    one = _approved(matter, change)
    if one.told_at is None:
        raise matter.conflict("reward_not_told", "奖励尚未告知。")
    if one.paid_at is not None:
        raise matter.conflict("reward_paid", "奖励已领取。")

    async def keep(conn: Connection, _change: Change) -> None:
        await store.claim(conn, matter.case, bytes.fromhex(request.digest))

    change.effects.append(keep)


def pay(matter: Matter, request: PayReward, change: Change) -> None:
    """Pay out to whoever holds the claim code, once: who asks again learns who paid and when."""
    one = _approved(matter, change)
    held = one.code_hash or b""
    if not secrets.compare_digest(digest(matter.case.city, request.code), held):
        raise matter.conflict("claim_code_wrong", "领奖码不正确。")
    if one.paid_at is not None:
        paid = f"{aware(one.paid_at):%Y-%m-%d %H:%M}"
        raise matter.conflict("reward_paid", f"奖励已于 {paid} 由 {one.paid_by} 发放。")
    change.data["amount"] = str(one.amount)

    async def keep(conn: Connection, _change: Change) -> None:
        await store.paid(conn, matter.case, matter.actor.name, matter.at)

    change.effects.append(keep)


def _known(matter: Matter, change: Change) -> Reward:
    seen: Seen = change.seen
    if seen.reward is None:
        raise matter.conflict("no_reward", "该件没有提出奖励。")
    return seen.reward


def _approved(matter: Matter, change: Change) -> Reward:
    one = _known(matter, change)
    if one.approved_at is None:
        raise matter.conflict("reward_not_approved", "该件奖励尚未批准。")
    return one


def digest(city: str, code: str) -> bytes:
    """Give what is stored of a claim code as people write it."""
    letters = "".join(letter for letter in code.upper() if letter in _LETTERS)
    return hashlib.sha256(f"{city}|reward|{letters}".encode()).digest()


def fresh_code() -> str:
    """Make a claim code: sixteen letters in groups of four."""
    letters = "".join(secrets.choice(_LETTERS) for _ in range(_CODE_LENGTH))
    return "-".join(letters[n : n + 4] for n in range(0, _CODE_LENGTH, 4))


_OPERATOR: Final[dict[str, Any]] = {"who": "operator", "cases": _FOUND}
ACTS: Final[Mapping[str, Act]] = {
    "propose_reward": Act(
        Move(data=ProposeReward, event=VERIFIED, **_OPERATOR), propose, look_proposed
    ),
    "approve_reward": Act(
        Move(data=ApproveReward, event="reward:approved", **_OPERATOR), approve, look_approved
    ),
    "tell_reward": Act(Move(data=TellReward, event="reward:told", **_OPERATOR), tell, look),
    "claim_reward": Act(
        Move(data=ClaimReward, event="reward:claimed", by_system=True, **_OPERATOR), claim, look
    ),
    "pay_reward": Act(Move(data=PayReward, event="reward:paid", once=True, **_OPERATOR), pay, look),
}


async def case_of_code(conn: Connection, city: City, code: str) -> int:
    """Find the case that a claim code pays for; NotFound for a code that leads nowhere."""
    found = await store.by_code(conn, city.adcode, digest(city.adcode, code))
    if found is None:
        raise NotFound("claim_code_unknown", "领奖码不存在,请核对。")
    return found
