"""Which reports are restricted as they are read."""

from typing import Any

import msgspec
import pytest

from models.case import Case
from models.secrecy import DESK, UNIT, secrecy

_READ: dict[str, Any] = {
    "city": "430100",
    "case_no": 20261120000001,
    "state": "SCREEN",
    "queue": "route",
    "revision": 1,
    "channel": "12345_TEL",
    "source": "12345",
    "received_at": "2026-11-20T14:30:00+08:00",
    "no_return": False,
    "confidential": True,
    "attempts": 0,
    "review_reasons": (),
}
_EMPTY = (
    *("title", "address", "stated_adcode", "stated_township", "source_due_at", "urgency"),
    *("adcode", "township", "zone", "lead_unit", "decision", "error", "accepted_at"),
    *("dispatched_at", "closed_at", "result"),
)


def read(text: str, *types: str, kind: str = "JB", flags: tuple[str, ...] = ()) -> Case:
    """Give a case as the machine has read it."""
    tags = {
        "id": "t",
        "kind": {"code": kind, "p": 0.9},
        "types": [{"code": code, "p": 0.9} for code in types],
        "urgency": {"code": "P2"},
        "place": {},
        "flags": flags,
        "model": {"name": "test", "version": "0"},
    }
    known = _READ | dict.fromkeys(_EMPTY) | {"text": text, "kind": kind, "types": types}
    return msgspec.convert(known | {"tags": tags}, Case)


@pytest.mark.parametrize(
    ("text", "types", "kind", "flags", "rule"),
    [
        ("厂里改在线监测的数据", ("P02",), "JB", ("data_fraud",), "DATA-FRAUD"),
        ("废气超标,数据是假的", ("A01", "P02"), "TS", ("data_fraud",), "DATA-FRAUD"),
        ("我在里面上班,晚上就停设施", ("P02",), "JB", (), "INSIDER"),
        ("我是这家公司的,没有证就排", ("P02",), "JB", (), "INSIDER"),
        ("没有排污许可证却一直在排放", ("P02",), "JB", (), None),
        ("我是员工,食堂油烟太大", ("A03",), "JB", (), None),
        ("我在里面上班,想问在线数据怎么查", ("P02",), "ZX", (), None),
        ("检测公司出假报告", ("P05",), "JB", ("data_fraud",), None),
    ],
)
def test_f64_who_tells_of_falsified_data_or_from_within_is_kept_secret(
    text: str, types: tuple[str, ...], kind: str, flags: tuple[str, ...], rule: str | None
) -> None:
    """By types, flags, request type and words of the report; nothing else is closed."""
    found = secrecy().rule_for(read(text, *types, kind=kind, flags=flags))
    assert (found.id if found else None) == rule


def test_f64_two_persons_in_all_and_each_rule_says_why() -> None:
    """One at the desk, one in the unit that leads; reasons and sources are words of people."""
    known = secrecy()
    assert (known.seats[DESK], known.seats[UNIT]) == (1, 1)
    assert sum(known.seats.values()) == 2
    assert all(rule.reason and rule.source for rule in known.rules)
    assert len({rule.id for rule in known.rules}) == len(known.rules)
