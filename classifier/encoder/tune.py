"""Fine-tuning the adapted encoder on labelled texts, all heads at once."""

import math
import random
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import structlog
import torch
from torch import Tensor, nn

from classifier.corpus import Gold
from classifier.encoder.batches import DEVICE, filled, mixed
from classifier.encoder.heads import Heads
from classifier.encoder.network import Goals, Loss, Network
from classifier.model import URGENCIES

_log: structlog.stdlib.BoundLogger = structlog.get_logger("jiesu.train")

_SIZE: Final = 16
_ROUNDS: Final = 4
#: Learning rates of the body's highest layer and of the heads; each lower layer learns slower.
_BODY, _HEADS = 1.5e-4, 1e-3
_SLOWER: Final = 0.9
_WARM: Final = 150
_LEAST: Final = 0.02
#: After the first round this share of pieces is hidden.
_HIDDEN: Final = 0.05
_SPECIAL: Final = 4
#: How much of the average of all weights is kept at each step.
_KEPT: Final = 0.998
_EVERY: Final = 100


def tune(  # noqa: PLR0917  # what it starts from, what it learns from, how
    body: Any,  # noqa: ANN401
    texts: Sequence[list[int]],
    gold: Sequence[Gold],
    weights: Sequence[float],
    names: tuple[tuple[str, ...], tuple[str, ...]],
    mask: int,
    seed: int,
) -> Network:
    """Train a network on texts as piece numbers; `names` are the types and the request types."""
    torch.manual_seed(seed)
    rng = random.Random(seed)  # noqa: S311  # an order, no secret
    heads = Heads(*names)
    network: Network = Network(body, heads).to(DEVICE)
    loss = Loss(names[0], heads)
    goals = _goals(gold, weights, *names)
    optimiser = torch.optim.AdamW(_groups(network), lr=_BODY, betas=(0.9, 0.98))
    average = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    rounds = [mixed(texts, _SIZE, rng) for _ in range(_ROUNDS)]
    steps, done = sum(map(len, rounds)), 0
    network.train()
    for number, batches in enumerate(rounds):
        for batch in batches:
            _pace(optimiser, done, steps)
            pieces = filled([texts[index] for index in batch])
            if number:
                hidden = (torch.rand(pieces.shape, device=DEVICE) < _HIDDEN) & (pieces >= _SPECIAL)
                pieces = torch.where(hidden, mask, pieces)
            with torch.autocast(DEVICE.type, torch.bfloat16):
                outputs = network(pieces).float()
            lost = loss(outputs, Goals(*(goal[batch].to(DEVICE) for goal in goals)))
            _step(network, optimiser, lost)
            done += 1
            _average(average, network, done)
            if done % _EVERY == 0:
                _log.info("encoder_tuning", step=done, of=steps, loss=round(lost.item(), 3))
    network.load_state_dict(average)
    network.eval().cpu()
    return network


def _step(network: Network, optimiser: torch.optim.Optimizer, lost: Tensor) -> None:
    lost.backward()
    nn.utils.clip_grad_norm_(network.parameters(), 1.0)
    optimiser.step()
    optimiser.zero_grad()


def _pace(optimiser: torch.optim.Optimizer, done: int, steps: int) -> None:
    share = max(_LEAST, 0.5 * (1 + math.cos(math.pi * done / steps)))
    for group in optimiser.param_groups:
        group["lr"] = group["full"] * min(1.0, (done + 1) / _WARM) * share


def _average(average: dict[str, Tensor], network: Network, done: int) -> None:
    """Keep a running average of the weights: it generalises better than the last of them."""
    kept = min(_KEPT, done / (done + 50))
    for name, tensor in network.state_dict().items():
        if tensor.dtype.is_floating_point:
            average[name].mul_(kept).add_(tensor, alpha=1 - kept)


def _groups(network: Network) -> list[dict[str, Any]]:
    """Let lower layers learn slower, and norms and biases without decay."""
    layers = len(network.body.encoder.layer)
    groups = []
    for name, weight in network.named_parameters():
        rate = _HEADS
        if name.startswith("body"):
            parts = name.split(".")
            depth = int(parts[3]) + 1 if parts[1] == "encoder" else 0
            rate = _BODY * _SLOWER ** (layers - depth)
        decay = 0.01 if weight.ndim > 1 else 0.0
        groups.append({"params": [weight], "full": rate, "weight_decay": decay})
    return groups


def _goals(
    gold: Sequence[Gold], weights: Sequence[float], codes: Sequence[str], kinds: Sequence[str]
) -> Goals:
    main = torch.from_numpy(np.stack([_shares(one, codes) for one in gold]))
    present = torch.zeros_like(main)
    for row, one in enumerate(gold):
        present[row, [codes.index(code) for code in one.types]] = 1
    return Goals(
        main=main,
        present=present,
        kind=torch.tensor([kinds.index(one.kind) for one in gold]),
        urgency=torch.tensor([URGENCIES.index(one.urgency) for one in gold]),
        types_sure=torch.tensor([float(one.types_sure) for one in gold]),
        urgency_sure=torch.tensor([float(one.urgency_sure) for one in gold]),
        weight=torch.tensor(weights),
    )


def _shares(gold: Gold, codes: Sequence[str]) -> "np.ndarray[Any, np.dtype[np.float32]]":
    """Give how likely each type is the main one: the further types, or its likes, have a share."""
    shares = np.zeros(len(codes), dtype=np.float32)
    first, *further = gold.types
    own = {(True, True): 0.9, (False, True): 0.7, (True, False): 1.0, (False, False): 0.9}
    mine = own[bool(gold.sure), bool(further)]
    others = further or [code for code in codes if code[0] == first[0]]
    for code in others:
        shares[codes.index(code)] += (1 - mine) / len(others)
    shares[codes.index(first)] += mine
    return shares
