"""The history holds no number that leads to a person, and loses nothing else."""

import pytest

from routing import verbs
from routing.plain import plain, plain_data
from tests.routing.kit import CITY, Desk
from tests.routing.moments import RESULT, UNIT, Time
from tests.routing.test_verifying import ANGRY, name


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("打13800000000找我", "打(号码已隐去)找我"),
        ("138-0000-0000 或 0871-63350000", "(号码已隐去) 或 (号码已隐去)"),
        ("证件53010219900101001X", "证件(号码已隐去)"),
        ("ENV-990100-20261120-000001,2026-11-20", "ENV-990100-20261120-000001,2026-11-20"),
    ],
)
def test_numbers_that_lead_to_a_person_are_taken_out(said: str, kept: str) -> None:
    """Telephones and identity numbers go; ticket numbers and dates stay."""
    assert plain(said) == kept


def test_what_an_event_holds_is_gone_through_and_its_ids_are_left_alone() -> None:
    """Texts in texts lose their numbers; ids and fingerprints keep digits that look like one."""
    file = "01a201bc-f70d-7afe-94aa-017563350000"
    data = {
        "request": "sign:ab13800000000cde",
        "note": "电话13800000000",
        "answered": {"reply_text": "已电告13800000000", "reviews": [{"note": "13800000000"}]},
        "evidence": [file],
        "lines": ["119", "张工13800000000"],
        "n": 3,
    }
    hidden = "(号码已隐去)"
    assert plain_data(data) == {
        "request": "sign:ab13800000000cde",
        "note": f"电话{hidden}",
        "answered": {"reply_text": f"已电告{hidden}", "reviews": [{"note": hidden}]},
        "evidence": [file],
        "lines": ["119", f"张工{hidden}"],
        "n": 3,
    }


async def test_an_answer_that_is_done_again_leaves_no_number_in_the_history(
    working: Desk, time: Time
) -> None:
    """The answer that was given stays in the history without the number in it."""
    await name(working)
    time.at("2026-11-23T10:00")
    said = RESULT | {"reply_text": "已与13800000000联系"}
    await working.act("submit", UNIT, **said)
    await working.act("approve")
    for task in await working.tasks():
        if not task.is_lead and task.state == "DISPATCHED":
            await working.act("withdraw", task_no=task.task_no, reason="无须协办")
    await working.act("close")
    time.at("2026-11-24T10:00")
    await working.act("callback", **ANGRY, redo=True, reason="13800000000说仍吵")
    async with working.db.city(CITY) as conn:
        told = [row["told"] for row in await conn.fetch("SELECT data::text AS told FROM event")]
    assert any("answered" in one for one in told)
    assert not [one for one in told if "13800000000" in one]


async def test_a_request_whose_fingerprint_looks_like_a_telephone_is_still_known(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sent again it gives the case as it is."""
    monkeypatch.setattr(verbs, "fingerprint", lambda *_: "ab13800000000cde")
    await desk.act("accept")
    assert (await desk.act("accept")).state == "DISPATCHED"
