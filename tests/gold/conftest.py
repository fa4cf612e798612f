"""What the golden tests share: the small city and its desk, and a running Changsha."""

from tests.intake.conftest import platform, world
from tests.intake.test_together import road
from tests.routing.conftest import city, desk, town

__all__ = ["city", "desk", "platform", "road", "town", "world"]
