"""Batches of texts for training: of like length, in a seeded order, filled up to a rectangle.

Training runs on a GPU where torch sees one, on the processor otherwise.
"""

import random
from collections.abc import Sequence

import torch
from torch import Tensor

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
_PAD = 1
_POOL = 512


def mixed(texts: Sequence[Sequence[int]], size: int, rng: random.Random) -> list[list[int]]:
    """Deal the texts into batches of like length, at random within pools."""
    order = list(range(len(texts)))
    rng.shuffle(order)
    found: list[list[int]] = []
    for at in range(0, len(order), _POOL):
        pool = sorted(order[at : at + _POOL], key=lambda index: len(texts[index]))
        found += [pool[start : start + size] for start in range(0, len(pool), size)]
    rng.shuffle(found)
    return found


def filled(texts: Sequence[Sequence[int]]) -> Tensor:
    """Give texts as one rectangle of piece numbers."""
    width = max(len(text) for text in texts)
    rows = [[*text, *[_PAD] * (width - len(text))] for text in texts]
    return torch.tensor(rows, device=DEVICE)
