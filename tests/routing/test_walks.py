"""Random walks over every act there is, in random cities: what was promised holds at each step."""

import random
from typing import Final

import pytest

from models.db.pool import Database
from routing.acts import ACTS
from tests.routing.moments import Time
from tests.routing.sayings import SAY
from tests.routing.towns import walked_cities
from tests.routing.walker import Walk

SEEDS: Final = (1, 2, 3, 5)
_STEPS: Final = 150
#: So many kinds of acts a walk takes at least: one that takes fewer would prove little.
_VARIED: Final = 35


CITIES: Final = walked_cities(SEEDS)


def test_a_walk_may_take_every_act_there_is() -> None:
    """No act is left out: a new one has to be told here what to say."""
    assert set(ACTS) <= set(SAY)


@pytest.mark.parametrize("seed", SEEDS)
async def test_no_order_of_any_acts_breaks_a_promise(db: Database, time: Time, seed: int) -> None:
    """One lead or the desk, no end over open parts, tasks or disputes, no clock moved unsaid."""
    dice = random.Random(seed)  # noqa: S311 - a walk is told by its seed
    walk = Walk(db, CITIES[seed], dice, time)
    await walk.begin(4)
    before = await walk.look()
    for _ in range(_STEPS):
        verb = await walk.step()
        after = await walk.look()
        await walk.check_step(before, after, verb)
        before = after
    assert len(walk.done) >= _VARIED
