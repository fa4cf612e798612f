"""Adapting the pruned encoder to the field before it learns the task, on texts without labels.

It reads texts with pieces hidden and must come, for every piece, to what the whole encoder makes of
the full text (distillation), and name the hidden pieces (masked language modelling): it takes over
the layers it lost and learns how citizens write at once.
"""

import math
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import structlog
import torch
from torch import Tensor, nn
from torch.nn import functional

from classifier.encoder.batches import DEVICE, filled, mixed
from classifier.encoder.network import base

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.train")

#: How many pieces of a text are read, texts a batch, and steps in all.
_LENGTH: Final = 160
_SIZE: Final = 28
_STEPS: Final = 420
_RATE: Final = 3e-4
_WARM: Final = 60
_HIDDEN: Final = 0.2
#: Of the hidden pieces this share is shown as hidden; the others are to be guessed unhidden.
_SHOWN_AS: Final = 0.9
_PAD: Final = 1
_SPECIAL: Final = 4
_DISTILLED, _NAMED = 10.0, 0.5
_EVERY: Final = 50


class _Naming(nn.Module):
    """Names hidden pieces from what was read, by the body's own table of pieces."""

    def __init__(self, width: int, pieces: int) -> None:
        super().__init__()
        self.turn = nn.Sequential(nn.Linear(width, width), nn.GELU(), nn.LayerNorm(width))
        self.bias = nn.Parameter(torch.zeros(pieces))

    def forward(self, read: Tensor, table: Tensor) -> Tensor:
        named: Tensor = self.turn(read) @ table.T + self.bias
        return named


def adapt(folder: Path, texts: Sequence[list[int]], mask: int, seed: int) -> Any:  # noqa: ANN401
    """Give the pruned encoder, adapted on texts given as piece numbers; `mask` hides a piece."""
    torch.manual_seed(seed)
    rng = random.Random(seed)  # noqa: S311  # an order, no secret
    whole, pruned = base(folder, None).eval().to(DEVICE), base(folder).to(DEVICE)
    naming = _Naming(pruned.config.hidden_size, pruned.config.vocab_size).to(DEVICE)
    weights = [*pruned.parameters(), *naming.parameters()]
    steps = torch.optim.AdamW(weights, _RATE, weight_decay=0.01, betas=(0.9, 0.98))
    windows = [_window(text, rng) for text in texts]
    batches = mixed(windows, _SIZE, rng)[:_STEPS]
    pruned.train()
    for step, batch in enumerate(batches):
        for group in steps.param_groups:
            group["lr"] = _RATE * _pace(step, len(batches))
        pieces = filled([windows[index] for index in batch])
        loss = _loss(whole, pruned, naming, pieces, mask)
        loss.backward()
        nn.utils.clip_grad_norm_(weights, 1.0)
        steps.step()
        steps.zero_grad()
        if step % _EVERY == 0:
            _log.info("encoder_adapting", step=step, of=len(batches), loss=round(loss.item(), 3))
    return pruned


def _window(text: list[int], rng: random.Random) -> list[int]:
    """Take a part of a long text: its beginning, or any other."""
    if len(text) <= _LENGTH:
        return text
    start = rng.randrange(len(text) - _LENGTH + 1) if rng.random() < 0.5 else 0  # noqa: PLR2004
    return text[start : start + _LENGTH]


def _pace(step: int, steps: int) -> float:
    return min(1.0, (step + 1) / _WARM) * (0.475 * (1 + math.cos(math.pi * step / steps)) + 0.05)


def _loss(whole: Any, pruned: Any, naming: _Naming, pieces: Tensor, mask: int) -> Tensor:  # noqa: ANN401
    there = pieces != _PAD
    special = (pieces < _SPECIAL) | (pieces == mask)
    hidden = (torch.rand(pieces.shape, device=DEVICE) < _HIDDEN) & ~special
    shown = torch.where(
        hidden & (torch.rand(pieces.shape, device=DEVICE) < _SHOWN_AS), mask, pieces
    )
    with torch.autocast(DEVICE.type, torch.bfloat16):
        with torch.no_grad():
            goal = whole(pieces, attention_mask=there.long()).last_hidden_state.float()
        read = pruned(shown, attention_mask=there.long()).last_hidden_state
        named = naming(read[hidden], pruned.embeddings.word_embeddings.weight)
    near = functional.cosine_similarity(read.float()[there], goal[there], dim=-1)
    return _DISTILLED * (1 - near).mean() + _NAMED * functional.cross_entropy(
        named.float(), pieces[hidden]
    )
