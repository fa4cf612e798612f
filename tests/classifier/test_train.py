"""Training on a little data: reproducible, measured, and refused where it got worse."""

import gzip
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from classifier.corpus import WRITTEN, Gold, read_all_gold, read_gold
from classifier.linear import WEIGHTS, Card, LinearModel, read_weights
from classifier.train import Outcome, regression, train
from models.city import City
from models.errors import Invalid

_SOME = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder of written examples: some to learn, some to be measured on."""
    made = tmp_path_factory.mktemp("data")
    rows = read_all_gold(WRITTEN)
    write(made / "complaints_train.jsonl", rows[::5][:_SOME])
    write(made / "complaints_dev.jsonl", rows[1::25])
    with gzip.open(made / "messages_train.jsonl.gz", "wb") as stream:
        for row in rows[2::8]:
            stream.write(msgspec.json.encode({"id": row.id, "text": row.text}) + b"\n")
    return made


def write(path: Path, rows: Sequence[Gold]) -> None:
    """Write labelled texts, one a line, told apart from the shipped ones by their ids."""
    lines = [msgspec.json.encode(row) for row in rows]
    path.write_bytes(b"\n".join(lines) + b"\n")


@pytest.fixture(scope="module")
def trained(folder: Path, changsha: City) -> tuple[Outcome, Path]:
    """Train once."""
    out = folder / "linear.npz"
    return train(folder, [changsha], out=out), out


def test_a_first_model_is_kept_with_its_card(trained: tuple[Outcome, Path]) -> None:
    """Where there is none to compare with, the model is written, measured and described."""
    outcome, out = trained
    assert (outcome.kept, outcome.reason) == (True, "")
    assert outcome.report.main > 0.7
    card = read_weights(out)[1]
    assert card.measured["main"] == outcome.report.main
    assert LinearModel.load(out).ref.version == outcome.version
    text = out.with_name("MODEL_CARD.md").read_text(encoding="utf-8")
    assert outcome.version in text
    assert "| main type, Z as one |" in text


def test_the_same_data_and_seed_give_the_same_model(
    trained: tuple[Outcome, Path], folder: Path, changsha: City, tmp_path: Path
) -> None:
    """Training is reproducible."""
    again = train(folder, [changsha], out=tmp_path / "linear.npz")
    assert again.version == trained[0].version


def card(**measured: float) -> Card:
    """Make a card with these figures on one set."""
    return msgspec.structs.replace(read_weights(WEIGHTS)[1], measured=measured, measured_on="a set")


def test_a_model_that_falls_behind_is_refused_with_the_reason() -> None:
    """Any figure that clearly falls is named; small ones and gains pass."""
    old = card(main=0.8, kind=0.8)
    assert regression(old, card(main=0.75, kind=0.9)) == "main 0.8000 → 0.7500"
    assert regression(old, card(main=0.795, kind=0.9)) == ""
    assert regression(None, card(main=0.1)) == ""


def test_figures_of_different_sets_are_not_compared() -> None:
    """A figure on another set of texts says nothing of progress."""
    other = msgspec.structs.replace(card(main=0.9), measured_on="another set")
    assert regression(other, card(main=0.5)) == ""


def test_a_refused_model_leaves_the_old_one(
    trained: tuple[Outcome, Path], folder: Path, changsha: City
) -> None:
    """The champion stays, byte for byte, and the outcome says why."""
    _, out = trained
    arrays, old = read_weights(out)
    champion = folder / "champion.npz"
    better = msgspec.structs.replace(old, measured=dict.fromkeys(old.measured, 1.0))
    from classifier.train import write_weights

    write_weights(champion, arrays, better)
    before = champion.read_bytes()
    outcome = train(folder, [changsha], out=champion)
    assert not outcome.kept
    assert "main 1.0000 →" in outcome.reason
    assert champion.read_bytes() == before


def test_a_bad_line_is_named(tmp_path: Path) -> None:
    """File, number and reason of a bad line are told, the others are read."""
    path = tmp_path / "gold.jsonl"
    good = b'{"id":"1","text":"a","kind":"TS","types":["A03"],"urgency":"P2"}'
    path.write_bytes(good + b"\n{\n\n" + good + b"\n")
    rows, bad = read_gold(path)
    assert len(rows) == 2
    assert len(bad) == 1
    assert "gold.jsonl 第 2 行" in bad[0]
    with pytest.raises(Invalid, match="第 2 行"):
        read_all_gold(path)


def test_a_missing_folder_says_what_to_do(tmp_path: Path, changsha: City) -> None:
    """Training without data names the file and the option."""
    with pytest.raises(Invalid, match="--data"):
        train(tmp_path, [changsha], out=tmp_path / "linear.npz")
