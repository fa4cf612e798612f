"""Training on a little data: reproducible, measured beside the champion, refused where worse."""

import gzip
import json
import shutil
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import pytest

from classifier.corpus import WRITTEN, Gold, read_all_gold, read_gold
from classifier.corrections import write_set
from classifier.frozen import is_frozen
from classifier.linear import read_weights, write_weights
from classifier.releases import CARD, SHIPPED, Releases
from classifier.staging import frozen_sets
from classifier.train import Outcome, train
from models.city import City
from models.errors import Invalid

_SOME = 240


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a data folder of written examples: some to learn, some to be measured on."""
    made = tmp_path_factory.mktemp("shared") / "data"
    made.mkdir()
    rows = read_all_gold(WRITTEN)
    write(made / "complaints_train.jsonl", rows[::5][:_SOME])
    write(made / "complaints_dev.jsonl", rows[1::25])
    with gzip.open(made / "messages_train.jsonl.gz", "wb") as stream:
        for row in rows[2::8]:
            stream.write(msgspec.json.encode({"id": row.id, "text": row.text}) + b"\n")
    return made


def write(path: Path, rows: Sequence[Gold]) -> None:
    """Write labelled texts, one a line."""
    path.write_bytes(b"".join(msgspec.json.encode(row) + b"\n" for row in rows))


@pytest.fixture(scope="module")
def trained(folder: Path, changsha: City) -> tuple[Outcome, Releases]:
    """Train once, whatever the shipped reader can do on what it has learned by heart."""
    releases = Releases(folder.parent / "models")
    return train(folder, [changsha], releases, force=True), releases


@pytest.fixture
def weak(trained: tuple[Outcome, Releases], tmp_path: Path) -> Path:
    """Make a folder with a reader that has lost what it knew of request types and main types."""
    outcome, releases = trained
    arrays, card = read_weights(releases.folder(outcome.version) / "linear.npz")
    arrays |= {name: np.zeros_like(arrays[name]) for name in ("weights", "dense")}
    made = tmp_path / "weak"
    made.mkdir()
    renamed = msgspec.structs.replace(card, version="weak")
    write_weights(made / "linear.npz", arrays, renamed)
    return made


def test_a_trained_reader_is_a_whole_release_that_serves(
    trained: tuple[Outcome, Releases],
) -> None:
    """Files, figures on each frozen set, reference and card are there, and the pointer is on it."""
    outcome, releases = trained
    assert outcome.kept
    assert outcome.champion == SHIPPED
    assert outcome.report.main > 0.7
    assert releases.current().version == outcome.version
    manifest = releases.manifest(outcome.version)
    assert manifest is not None
    assert manifest.figures["dev"]["main"] == outcome.report.main
    assert manifest.sets.keys() == {"dev", "written"}
    assert manifest.reference is not None
    assert sum(manifest.reference.types.values()) == pytest.approx(1, abs=1e-3)
    text = (releases.folder(outcome.version) / CARD).read_text(encoding="utf-8")
    assert outcome.version in text
    assert "| main type, Z as one |" in text


def test_nothing_unfinished_is_left(trained: tuple[Outcome, Releases]) -> None:
    """After a training the folder holds releases, pointer and ledger alone."""
    outcome, releases = trained
    names = {path.name for path in releases.home.iterdir()}
    assert names == {outcome.version, "current.json", "ledger.jsonl"} | {"weak"} & names


def test_the_same_data_and_seed_give_the_same_reader(
    trained: tuple[Outcome, Releases], folder: Path, changsha: City, tmp_path: Path
) -> None:
    """Training is reproducible."""
    again = train(folder, [changsha], Releases(tmp_path / "models"), force=True)
    assert again.version == trained[0].version


def test_a_reader_that_falls_behind_is_refused_and_logged(
    trained: tuple[Outcome, Releases], folder: Path, changsha: City, weak: Path
) -> None:
    """The champion goes on; the reason names set, figure, old and new; the refused one is kept."""
    outcome, releases = trained
    refused = train(folder, [changsha], releases, built=weak)
    assert not refused.kept
    assert "dev main " in refused.reason
    assert any(check.failed and check.rows >= 8 for check in refused.checks)
    assert releases.current().version == outcome.version
    last = releases.ledger()[-1]
    assert (last.act, last.version, last.reason) == ("refused", refused.version, refused.reason)
    assert refused.version in releases.versions()


def test_force_makes_a_worse_reader_serve_and_says_so(
    trained: tuple[Outcome, Releases], folder: Path, changsha: City, weak: Path
) -> None:
    """A person may know better; one rollback undoes it."""
    outcome, releases = trained
    forced = train(folder, [changsha], releases, built=weak, force=True)
    assert forced.kept
    assert releases.current().version == forced.version
    assert releases.rollback("worse").version == outcome.version


def test_corrections_join_the_data_and_name_their_version(
    trained: tuple[Outcome, Releases], folder: Path, changsha: City, tmp_path: Path
) -> None:
    """What no reader can say is left out and counted; a share is kept back to be measured on."""
    outcome, releases = trained
    rows = [
        msgspec.structs.replace(row, id=f"430100-{n}")
        for n, row in enumerate(read_all_gold(WRITTEN)[:40])
    ]
    odd = msgspec.structs.replace(rows[0], id="430100-99", kind="CF")
    write_set(tmp_path / "set.jsonl", [*rows, odd])
    same = tmp_path / "same"
    shutil.copytree(releases.folder(outcome.version), same)
    learned = train(folder, [changsha], releases, built=same, corrections=tmp_path / "set.jsonl")
    assert learned.corrections_left_out == 1
    assert len(learned.corrections) == 12
    assert ("corrections" in learned.figures) == any(is_frozen(row.text) for row in rows)
    assert learned.champion == learned.version


def test_a_champion_that_cannot_be_loaded_stands_in_nobodys_way(
    trained: tuple[Outcome, Releases], folder: Path, changsha: City, weak: Path, tmp_path: Path
) -> None:
    """After a new lexicon the old weights no longer fit: any reader that does is better."""
    empty = tmp_path / "empty"
    empty.mkdir()
    releases = Releases(tmp_path / "models", shipped=empty)
    made = train(folder, [changsha], releases, built=weak)
    assert (made.kept, made.checks) == (True, [])
    assert releases.current().version == made.version


def test_frozen_texts_keep_their_side(folder: Path) -> None:
    """About one of ten of our own texts is kept back, by its characters alone."""
    rows = read_all_gold(WRITTEN)
    kept = frozen_sets(folder)["written"]
    assert 0.05 < len(kept) / len(rows) < 0.15
    assert {row.id for row in kept} == {row.id for row in rows if is_frozen(row.text)}


def test_the_ledger_is_plain_json(trained: tuple[Outcome, Releases]) -> None:
    """One object a line, for whoever audits it without this program."""
    lines = (trained[1].home / "ledger.jsonl").read_text(encoding="utf-8").splitlines()
    assert json.loads(lines[0])["act"] == "promoted"


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
    """Training without data names the file and the option, and leaves nothing behind."""
    releases = Releases(tmp_path / "models")
    with pytest.raises(Invalid, match="--data"):
        train(tmp_path, [changsha], releases)
    assert list(releases.home.iterdir()) == []
