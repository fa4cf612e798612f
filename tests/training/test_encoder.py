"""The encoder from a pretrained base to what serves, on a base of our own that fits in seconds."""

from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import BertConfig, BertModel

from classifier.corpus import Gold, read_texts
from classifier.encoder import adapt as adapting
from classifier.encoder import tune as tuning
from classifier.encoder.export import export
from classifier.encoder.heads import Heads
from classifier.encoder.network import Goals, Loss, Network
from classifier.encoder.session import TOKENIZER, Encoder
from classifier.encoder.text import Reader, shortened
from classifier.releases import SHIPPED_FOLDER

CODES = ("A02", "N02", "Z07")
KINDS = ("TS", "ZX")
TEXTS = {
    "A02": "化工厂的臭味熏得人睡不着",
    "N02": "工地半夜还在打桩吵得睡不着",
    "Z07": "物业费怎么突然涨了这么多",
}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a small encoder of twelve layers that knows nothing."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=Reader(SHIPPED_FOLDER / TOKENIZER).size + 4,
        hidden_size=32,
        intermediate_size=64,
        num_attention_heads=4,
        num_hidden_layers=12,
        max_position_embeddings=512,
        pad_token_id=1,
    )
    BertModel(config, add_pooling_layer=False).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def rows() -> list[Gold]:
    """Make labelled texts of three types, each told in a few ways."""
    return [
        Gold(
            id=f"{code}{n}",
            text=f"{text}{'。' * (n % 3)}",
            kind="ZX" if code == "Z07" else "TS",
            types=(code,),
            urgency="P3" if code == "Z07" else "P2",
        )
        for n in range(20)
        for code, text in TEXTS.items()
    ]


@pytest.fixture(scope="module")
def network(base: Path, rows: list[Gold]) -> Network:
    """Adapt and tune on these texts."""
    reader = Reader(SHIPPED_FOLDER / TOKENIZER)
    mask = reader.number("<mask>")
    ids = reader.whole(read_texts(rows))
    body = adapting.adapt(base, ids, mask, 0)
    texts = [shortened(one) for one in ids]
    weights = [1.0] * len(rows)
    return tuning.tune(body, texts, rows, weights, (CODES, KINDS), mask, 0)


def test_half_the_layers_are_kept(network: Network) -> None:
    """Six of the twelve layers are carried."""
    assert len(network.body.encoder.layer) == 6


def test_what_serves_says_what_was_trained(
    network: Network, rows: list[Gold], tmp_path: Path
) -> None:
    """Weights of one byte give nearly the outputs of the network, text by text."""
    export(network, SHIPPED_FOLDER / TOKENIZER, tmp_path)
    documents = read_texts(rows[:6])
    said = Encoder(tmp_path, threads=1).read(documents)
    reader = Reader(SHIPPED_FOLDER / TOKENIZER)
    for row, pieces in enumerate(reader.read(documents)):
        with torch.no_grad():
            wanted = network(torch.tensor([pieces.ids]))[0].numpy()
        assert np.abs(said.outputs[row] - wanted).max() < 0.1 + 0.05 * np.abs(wanted).max()


def test_the_output_falls_apart_into_what_each_piece_adds(
    network: Network, rows: list[Gold], tmp_path: Path
) -> None:
    """The shares of all pieces and a constant are the output, but for rounding to one byte."""
    export(network, SHIPPED_FOLDER / TOKENIZER, tmp_path)
    said = Encoder(tmp_path, threads=1).read(read_texts(rows[:3]))
    heads = Heads(CODES, KINDS)
    rest = [said.outputs[row, heads.main] - said.shares[row].sum(axis=0) for row in range(3)]
    assert np.abs(rest[0] - rest[1]).max() < 0.02
    assert np.abs(rest[0] - rest[2]).max() < 0.02


def test_only_the_sure_heads_are_learned_from() -> None:
    """Of a text chosen for its request type, types and urgency can be anything."""
    heads = Heads(CODES, KINDS)
    loss = Loss(CODES, heads)
    one, none = torch.ones(1), torch.zeros(1)
    main = torch.tensor([[0.0, 0.0, 1.0]])
    goals = Goals(main, main, torch.tensor([1]), torch.tensor([2]), none, none, one)
    plain = torch.zeros(1, heads.count)
    moved = {head: plain.clone() for head in ("main", "present", "urgency", "kind")}
    for head, outputs in moved.items():
        outputs[:, getattr(heads, head).start] = 5.0
    same = {head for head, outputs in moved.items() if loss(outputs, goals) == loss(plain, goals)}
    assert same == {"main", "present", "urgency"}
