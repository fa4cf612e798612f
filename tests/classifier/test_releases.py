"""Releases are whole or absent, one serves, and what serves survives any death."""

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from classifier.engine import Tagger
from classifier.linear import WEIGHTS, read_weights, write_weights
from classifier.live import LiveTagger
from classifier.releases import MANIFEST, SHIPPED, SHIPPED_FOLDER, Manifest, Releases
from models.city import City
from models.errors import Conflict, NotFound, Unavailable
from models.tags import TagRequest

ASKED = [TagRequest(id="1", text="楼下烧烤店油烟太大,熏得开不了窗", city="430100")]


def put(releases: Releases, version: str, content: bytes = b"weights", refused: str = "") -> str:
    """Add a release with one file and give its name."""
    place = releases.workplace() / "reader"
    place.mkdir()
    (place / "linear.npz").write_bytes(content)
    made = datetime(2026, 3, 1, tzinfo=UTC)
    manifest = Manifest(version=version, made_at=made, files={}, refused=refused)
    name = releases.add(place, manifest).version
    shutil.rmtree(place.parent)
    return name


@pytest.fixture
def releases(tmp_path: Path) -> Releases:
    """Give an installation's releases, none there yet."""
    return Releases(tmp_path / "models")


def test_the_shipped_reader_serves_where_nothing_was_promoted(releases: Releases) -> None:
    """Without any folder there is a reader."""
    assert releases.current().version == SHIPPED
    assert releases.serving() == SHIPPED_FOLDER
    assert releases.versions() == []


def test_promotion_and_rollback_go_back_step_by_step(releases: Releases) -> None:
    """Each rollback is one command and goes to what served before, down to the shipped reader."""
    for version in ("a", "b"):
        put(releases, version)
        releases.promote(version, "better")
    assert releases.serving() == releases.home / "b"
    assert releases.rollback("worse").version == "a"
    assert releases.rollback("worse").version == SHIPPED
    with pytest.raises(Conflict, match="model_nothing_earlier"):
        releases.rollback("again")
    acts = [(act.act, act.version, act.replaced) for act in releases.ledger()]
    assert acts == [
        ("promoted", "a", SHIPPED),
        ("promoted", "b", "a"),
        ("rolled_back", "a", "b"),
        ("rolled_back", SHIPPED, "a"),
    ]


def test_a_refused_release_serves_only_by_force(releases: Releases) -> None:
    """The reason of the refusal is told to whoever wants it nevertheless."""
    put(releases, "a", refused="dev main 0.8 → 0.7")
    with pytest.raises(Conflict, match=r"0\.8 → 0\.7"):
        releases.promote("a", "I want it")
    assert releases.promote("a", "I want it", force=True).version == "a"


def test_a_damaged_release_is_not_promoted(releases: Releases) -> None:
    """Digests are checked before the pointer moves; the one before goes on."""
    put(releases, "a")
    (releases.home / "a" / "linear.npz").write_bytes(b"other")
    with pytest.raises(Unavailable, match=r"linear\.npz"):
        releases.promote("a", "x")
    assert releases.current().version == SHIPPED


def test_a_manifest_that_cannot_be_read_says_so(releases: Releases) -> None:
    """Nothing is promoted by it; the shipped reader goes on."""
    put(releases, "a")
    (releases.home / "a" / MANIFEST).write_text('{"version": "a"')
    with pytest.raises(Unavailable, match="model_unreadable"):
        releases.promote("a", "better")
    assert releases.serving() == SHIPPED_FOLDER


@pytest.mark.parametrize("name", ["none", "../models", ".building-1", ""])
def test_what_is_no_release_is_not_found(releases: Releases, name: str) -> None:
    """Names that lead elsewhere, or to something unfinished, are unknown."""
    releases.workplace()
    with pytest.raises(NotFound):
        releases.promote(name, "x")


def test_another_reader_of_the_same_name_gets_a_longer_one(releases: Releases) -> None:
    """The same files keep their folder; other files never overwrite them."""
    assert put(releases, "a") == "a"
    assert put(releases, "a") == "a"
    other = put(releases, "a", b"other weights")
    assert other.startswith("a-")
    assert (releases.home / "a" / "linear.npz").read_bytes() == b"weights"


def test_a_torn_line_of_the_ledger_is_passed_over(releases: Releases) -> None:
    """What a crash left half written spoils neither what was before nor what comes after."""
    put(releases, "a")
    releases.promote("a", "x")
    with (releases.home / "ledger.jsonl").open("ab") as file:
        file.write(b'{"at":"2026-')
    releases.rollback("y")
    assert [act.act for act in releases.ledger()] == ["promoted", "rolled_back"]


def test_old_releases_go_but_none_that_may_be_needed(releases: Releases) -> None:
    """What serves and what may be rolled back to stays, however old."""
    for number in range(9):
        put(releases, f"r{number}")
    releases.promote("r0", "x")
    releases.promote("r1", "x")
    assert releases.prune() == ["r2", "r3"]
    assert releases.versions() == ["r0", "r1", "r4", "r5", "r6", "r7", "r8"]


def test_a_release_can_be_shipped_with_the_program(tmp_path: Path) -> None:
    """Its files take the shipped ones' place, others stay, and the shipped reader serves."""
    shipped = tmp_path / "data"
    shipped.mkdir()
    (shipped / "words.txt").write_text("油烟", encoding="utf-8")
    releases = Releases(tmp_path / "models", shipped)
    releases.promote(put(releases, "a"), "x")
    releases.ship("a")
    assert releases.current().version == SHIPPED
    assert releases.serving() == shipped
    names = {path.name for path in shipped.iterdir()}
    assert names == {"linear.npz", "release.json", "words.txt"}
    manifest = releases.manifest(SHIPPED)
    assert manifest is not None
    assert manifest.version == "a"


_SWITCH = """
import sys
from pathlib import Path
from classifier.releases import Releases
releases = Releases(Path(sys.argv[1]))
print("ready", flush=True)
while True:
    for version in ("a", "b"):
        releases.promote(version, "back and forth")
"""


def test_a_kill_in_the_middle_of_promotions_leaves_a_reader_that_serves(
    releases: Releases,
) -> None:
    """Whenever the process dies, the pointer names a whole release and the ledger can be read."""
    put(releases, "a")
    put(releases, "b")
    for number in range(6):
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-c", _SWITCH, str(releases.home)], stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + number * 0.007)
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
        version = releases.current().version
        assert releases.serving() == releases.folder(version)
        if version == "a":
            releases.promote("b", "next round begins with a")
    assert all(act.act == "promoted" for act in releases.ledger())


def reader(releases: Releases, version: str) -> str:
    """Add the shipped linear reader under another version."""
    arrays, card = read_weights(WEIGHTS)
    place = releases.workplace() / "reader"
    place.mkdir()
    renamed = msgspec.structs.replace(card, version=version)
    write_weights(place / "linear.npz", arrays, renamed)
    manifest = Manifest(version=version, made_at=datetime(2026, 3, 1, tzinfo=UTC), files={})
    return releases.add(place, manifest).version


def test_a_running_tagger_takes_up_what_is_promoted(releases: Releases, changsha: City) -> None:
    """The next batch is read by the promoted release, and after a rollback by the one before."""
    live = LiveTagger(releases, [changsha], look_s=0)
    before = live.tag(ASKED)[0].model
    releases.promote(reader(releases, "next"), "better")
    assert "next" in live.tag(ASKED)[0].model.version
    releases.rollback("worse")
    assert live.tag(ASKED)[0].model == before


def test_a_release_that_cannot_be_used_changes_nothing(
    releases: Releases, changsha: City, tagger: Tagger
) -> None:
    """The reader in hand goes on; a start falls back to the shipped one."""
    live = LiveTagger(releases, [changsha], look_s=0)
    before = live.tag(ASKED)[0].model
    put(releases, "broken", b"no weights")
    releases.promote("broken", "x")
    assert live.tag(ASKED)[0].model == before
    fresh = LiveTagger(releases, [changsha])
    assert fresh.tag(ASKED)[0].model == tagger.tag(ASKED)[0].model


def test_the_pointer_is_not_read_for_every_batch(releases: Releases, changsha: City) -> None:
    """Between two looks the reader stays, whatever is promoted."""
    live = LiveTagger(releases, [changsha], look_s=60)
    releases.promote(reader(releases, "next"), "better")
    assert "next" not in live.tag(ASKED)[0].model.version
