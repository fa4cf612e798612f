"""Communities and villages from a public code list, as named places."""

import csv
import gzip
import io
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from classifier.place_names import Place
from models.city import city_of
from models.errors import Invalid

_COMMITTEE: Final = re.compile(r"(?:社区)?(?:居民委员会|居委会|村民委员会|村委会)$")
_KIND: Final = re.compile(r"(?:社区|村)$")
_COUNTY_DIGITS: Final = 6
#: A bare name of fewer characters is a common word or part of one.
_BARE: Final = 3
_LEAST: Final = 2
#: Bare, such a name is a road or a river that may be longer than the community.
_LONG: Final = re.compile(r"[路街道巷河江线]$")
_SOURCE: Final = "公开名录"


def read_list(path: Path, city: str, successors: Mapping[str, str]) -> tuple[Place, ...]:
    """Read the names of one city that lie in one county only, each in its usual forms.

    The file is CSV, plain or gzipped, with the columns `code` (its first six digits the county's)
    and `name`. Invalid where it is missing or has no such columns. `successors` map abolished
    counties to those of today.
    """
    counties: dict[str, set[str]] = defaultdict(set)
    for code, name in _rows(path):
        if city_of(code) == city_of(city):
            county = code[:_COUNTY_DIGITS]
            for form in _forms(name):
                counties[form].add(successors.get(county, county))
    return tuple(
        Place(name=name, kind="community", adcodes=tuple(of), source=_SOURCE)
        for name, of in sorted(counties.items())
        if len(of) == 1
    )


def _rows(path: Path) -> Iterator[tuple[str, str]]:
    if not path.is_file():
        raise Invalid("data_file_missing", f"找不到 {path},请核对 --names 文件名。")
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    reader = csv.DictReader(io.StringIO(content.decode("utf-8-sig")))
    if not {"code", "name"} <= set(reader.fieldnames or ()):
        raise Invalid("data_file_malformed", f"{path.name} 应有 code 和 name 两列。")
    for row in reader:
        yield row["code"], row["name"].strip()


def _forms(name: str) -> Iterator[str]:
    """Give a name with each usual ending, and bare where that is long enough."""
    bare = _KIND.sub("", _COMMITTEE.sub("", name))
    if len(bare) >= _LEAST:
        yield f"{bare}村"
        yield f"{bare}社区"
    if len(bare) >= _BARE and not _LONG.search(bare):
        yield bare
