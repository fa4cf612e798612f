"""The network in torch: a pruned encoder under heads that share it, and what it is trained towards.

Two poolings feed every head: the mean over the pieces and one weighed by attention. Both are linear
in the pieces, so each main type's output falls apart into what each piece adds to it: the evidence.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from transformers import AutoModel

from classifier.encoder.heads import Heads

#: Of the twelve layers of the base the lowest and the highest are kept.
KEPT: Final = (0, 1, 2, 3, 10, 11)
_DROPOUT: Final = 0.1
_PAD: Final = 1
_FAR: Final = -1e4
#: What the heads count beside the main type.
_PRESENT, _KIND, _URGENCY = 0.5, 0.6, 0.6
_SMOOTHING: Final = 0.05
#: What it counts which of the types outside our field it is: people hardly agree on that.
_OUTSIDE: Final = 0.2


class Goals(NamedTuple):
    """What a batch should come to: shares of the main type, what is present, kind, urgency.

    `types_sure` and `urgency_sure` are 0 where the types or the urgency are not to be learned.
    """

    main: Tensor
    present: Tensor
    kind: Tensor
    urgency: Tensor
    types_sure: Tensor
    urgency_sure: Tensor
    weight: Tensor


def base(folder: Path, kept: tuple[int, ...] | None = KEPT) -> Any:  # noqa: ANN401
    """Load the pretrained encoder, all of its layers or those kept."""
    body = AutoModel.from_pretrained(
        folder, add_pooling_layer=False, attn_implementation="sdpa"
    ).float()
    if kept is not None:
        body.encoder.layer = nn.ModuleList([body.encoder.layer[index] for index in kept])
        body.config.num_hidden_layers = len(kept)
    return body


class Network(nn.Module):
    """The encoder's body with the heads on it."""

    def __init__(self, body: Any, heads: Heads) -> None:  # noqa: ANN401
        """Put fresh heads on a body."""
        super().__init__()
        width = body.config.hidden_size
        self.heads = heads
        self.body = body
        self.drop = nn.Dropout(_DROPOUT)
        self.look = nn.Linear(width, 1)
        self.out = nn.Linear(2 * width, heads.count)

    def forward(self, pieces: Tensor) -> Tensor:
        """Give the outputs of a batch, columns as Heads."""
        there = pieces != _PAD
        read = self.body(pieces, attention_mask=there.long()).last_hidden_state.float()
        pooled = torch.cat([(share * read).sum(1) for share in self._shares(read, there)], -1)
        said: Tensor = self.out(self.drop(pooled))
        return said

    def explained(self, pieces: Tensor) -> tuple[Tensor, Tensor]:
        """Give the outputs, and what each piece adds to each main type's.

        The texts must be of one length: nothing is masked, which serving pays for at every layer.
        """
        read = self.body(pieces).last_hidden_state.float()
        mean, looked = self._shares(read, torch.ones_like(pieces, dtype=torch.bool))
        pooled = torch.cat([(mean * read).sum(1), (looked * read).sum(1)], -1)
        by_mean, by_look = self.out.weight[self.heads.main].chunk(2, dim=1)
        added = mean * (read @ by_mean.T) + looked * (read @ by_look.T)
        return self.out(pooled), added

    def _shares(self, read: Tensor, there: Tensor) -> tuple[Tensor, Tensor]:
        """Give how much each piece counts in either pooling."""
        real = there.unsqueeze(-1).float()
        looked = self.look(read).squeeze(-1).masked_fill(~there, _FAR).softmax(-1)
        return real / real.sum(1, keepdim=True), looked.unsqueeze(-1)


class Loss:
    """How far outputs are from their goals; the hierarchy of types is in it.

    The main type is asked twice: its first level over all, and which of that level's types it is.
    """

    def __init__(self, codes: tuple[str, ...], heads: Heads) -> None:
        """Know the first level of each type."""
        levels = sorted({code[0] for code in codes})
        self._heads = heads
        self._level_of = torch.tensor([levels.index(code[0]) for code in codes])
        self._levels = len(levels)
        self._counts = torch.tensor([_OUTSIDE if code[0] == "Z" else 1.0 for code in codes])

    def __call__(self, outputs: Tensor, goals: Goals) -> Tensor:
        """Give the weighted mean over a batch."""
        heads = self._heads
        present = functional.binary_cross_entropy_with_logits(
            outputs[:, heads.present], goals.present, reduction="none"
        )
        parts = (
            goals.types_sure * self._main(outputs[:, heads.main], goals.main)
            + _PRESENT * goals.types_sure * (present * self._counts.to(present.device)).sum(-1)
            + _KIND * _chosen(outputs[:, heads.kind], goals.kind)
            + _URGENCY * goals.urgency_sure * _chosen(outputs[:, heads.urgency], goals.urgency)
        )
        return (parts * goals.weight).mean()

    def _main(self, outputs: Tensor, goal: Tensor) -> Tensor:
        chance = outputs.log_softmax(-1)
        level_of, counts = self._level_of.to(goal.device), self._counts.to(goal.device)
        levels = torch.stack(
            [chance[:, level_of == level].logsumexp(-1) for level in range(self._levels)], 1
        )
        wanted = torch.zeros_like(levels).index_add_(1, level_of, goal)
        within = chance - levels[:, level_of]
        return -(wanted * levels).sum(-1) - (goal * within * counts).sum(-1)


def _chosen(outputs: Tensor, goal: Tensor) -> Tensor:
    return functional.cross_entropy(outputs, goal, reduction="none", label_smoothing=_SMOOTHING)
