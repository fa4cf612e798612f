"""The shipped tagger, loaded once for all tests of the classifier."""

import pytest

from classifier.engine import Tagger
from models.city import City


@pytest.fixture(scope="session")
def tagger(changsha: City, kunming: City) -> Tagger:
    """Give the tagger as it is shipped, with both cities."""
    return Tagger.load([changsha, kunming])
