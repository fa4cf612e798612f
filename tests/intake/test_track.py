import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.receive import Receiver
from intake.track import TrackCodes, look_up, read_code
from models.db.pool import Database
from models.errors import NotFound
from tests.intake.kit import CITY, OTHER, make_delivery, make_services, rows

CODES = TrackCodes(b"k" * 32)


@given(city=st.integers(110_000, 820_000), case_no=st.integers(1, 1 << 50))
def test_a_code_says_its_city(city: int, case_no: int) -> None:
    """A code is four groups of four letters, and its city can be read from it."""
    code = CODES.make(str(city), case_no)
    groups = code.split("-")
    assert [len(group) for group in groups] == [4, 4, 4, 4]
    assert read_code(code) == (str(city), code.replace("-", ""))


def test_a_case_has_one_code() -> None:
    """The same case has the same code; another case, city or key another."""
    code = CODES.make(CITY, 1)
    assert code == TrackCodes(b"k" * 32).make(CITY, 1)
    others = {CODES.make(CITY, 2), CODES.make(OTHER, 1), TrackCodes(b"x" * 32).make(CITY, 1)}
    assert code not in others
    assert len(others) == 3


def test_codes_do_not_follow_each_other() -> None:
    """Codes of neighbouring cases share nothing but the city, so none leads to the next."""
    secrets = [CODES.make(CITY, n).replace("-", "")[4:] for n in range(1, 400)]
    assert len({secret[:4] for secret in secrets}) > 390
    assert len({letter for secret in secrets for letter in secret}) == 32


@pytest.mark.parametrize("change", [str.lower, lambda c: c.replace("-", ""), lambda c: f" {c} "])
def test_codes_as_people_write_them(change: object) -> None:
    """Case, hyphens and spaces do not matter."""
    code = CODES.make(CITY, 7)
    assert callable(change)
    assert read_code(change(code)) == read_code(code)


def test_letters_that_look_alike() -> None:
    """O is read as nought, I and L as one."""
    assert read_code("0000-1111-0O0o-1IlL") == ("000000", "0000111100001111")
    assert read_code("oooo-iiii-llll-0000")[1] == "0000111111110000"


@pytest.mark.parametrize("text", ["", "ABCD", "U" * 16, "0" * 17, "中" * 16, "0000-0000-0000-000!"])
def test_what_is_no_code(text: str) -> None:
    """What cannot be a code gets the answer of a code that leads nowhere."""
    with pytest.raises(NotFound) as refusal:
        read_code(text)
    assert refusal.value.code == "track_code_unknown"


async def test_only_a_digest_is_stored(db: Database) -> None:
    """A case is found by its code, and no table holds the code."""
    services = make_services(db)
    receipt = await Receiver(services).receive(make_delivery())
    assert await look_up(services, receipt.track_code.lower()) == (CITY, receipt.case_no)
    letters = receipt.track_code.replace("-", "")
    for table in ("cases", "report", "event", "case_ref"):
        for row in await rows(db, f"SELECT {table}::text AS whole FROM {table}"):
            assert receipt.track_code not in row["whole"]
            assert letters not in row["whole"]


async def test_a_code_that_leads_nowhere(db: Database) -> None:
    """Codes of no case, and of a city that is not served, get the same answer."""
    services = make_services(db)
    for code in (CODES.make(CITY, 99), CODES.make("110000", 1)):
        with pytest.raises(NotFound, match="track_code_unknown"):
            await look_up(services, code)
