"""From official names and learned places together to one place, or to an honest list of candidates.

A county that is named stays what the names say. Where only a township, a zone or a protected place
is named, or nothing official at all, past tickets have a say, with one calibrated probability.
"""

from typing import Final

import msgspec

from classifier.place_model import Guess
from models.tags import PlaceTag

#: From this probability on a county is a candidate; the likeliest always is.
_POSSIBLE: Final = 0.15
_MOST: Final = 3


def combined(tag: PlaceTag, guess: Guess, threshold: float) -> PlaceTag | None:
    """Join what official names gave with what was learned; None where the two contradict.

    A tag without a county comes back without one where the guess stays below the threshold.
    """
    if tag.adcode is None:
        return _guessed(tag, guess, threshold)
    if guess.best == tag.adcode:
        return msgspec.structs.replace(tag, p=max(tag.p, guess.p))
    return None if guess.p >= threshold else tag


def candidates(guess: Guess) -> tuple[str, ...]:
    """Give the counties that remain possible, the likeliest first."""
    rest = (code for code, p in guess.ranked[1:_MOST] if p >= _POSSIBLE)
    return (guess.best, *rest)


def _guessed(tag: PlaceTag, guess: Guess, threshold: float) -> PlaceTag:
    if not guess.evidence:
        return tag
    evidence = tuple(sorted({*tag.evidence, *guess.evidence}))
    if guess.p < threshold:
        own = dict.fromkeys((*candidates(guess), *tag.candidates))
        return PlaceTag(candidates=tuple(own), evidence=evidence)
    return PlaceTag(adcode=guess.best, p=guess.p, candidates=(guess.best,), evidence=evidence)
