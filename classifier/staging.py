"""What a training is given: the data with corrections in them, and what is kept back of both."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from classifier.corpus import CORRECTIONS, TRAIN, WRITTEN, Gold, read_all_gold, read_corrections
from classifier.corrections import write_set
from classifier.frozen import is_frozen
from models.errors import Invalid

_DEV: Final = "complaints_dev.jsonl"


def frozen_sets(data: Path) -> dict[str, tuple[Gold, ...]]:
    """Give the sets that no reader learns from, by name; empty ones are left out."""
    sets = {
        "dev": read_all_gold(data / _DEV) if (data / _DEV).is_file() else (),
        "written": tuple(row for row in read_all_gold(WRITTEN) if is_frozen(row.text)),
        "corrections": tuple(row for row in read_corrections(data) if is_frozen(row.text)),
    }
    return {name: rows for name, rows in sets.items() if rows}


@contextmanager
def staged(data: Path, corrections: Path | None, place: Path) -> Iterator[tuple[Path, int]]:
    """Give the data folder with the corrections in it, and how many of these teach nothing."""
    if not (data / TRAIN).is_file():
        detail = f"找不到 {data / TRAIN},请用 --data 指定数据目录。"
        raise Invalid("data_file_missing", detail)
    if corrections is None:
        yield data, 0
        return
    folder = place / "data"
    folder.mkdir(parents=True, mode=0o700)
    for path in data.resolve().iterdir():
        if path.name != CORRECTIONS:
            (folder / path.name).symlink_to(path)
    # What a recipe finds beside the data folder, such as a pretrained encoder, stays beside it.
    for path in data.resolve().parent.iterdir():
        if path.is_dir() and path.name != folder.name:
            (place / path.name).symlink_to(path)
    rows = read_all_gold(corrections)
    known = _teachable(rows)
    write_set(folder / CORRECTIONS, known)
    yield folder, len(rows) - len(known)


def _teachable(rows: Sequence[Gold]) -> list[Gold]:
    """Keep the rows whose every label is one that readers can give."""
    from classifier.learning import KINDS  # noqa: PLC0415 - needs the `train` extra
    from classifier.lexicon import lexicon  # noqa: PLC0415

    codes = lexicon().code_index
    return [row for row in rows if row.kind in KINDS and all(code in codes for code in row.types)]
