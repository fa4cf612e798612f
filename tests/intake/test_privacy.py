import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake.privacy import Vault, normal_phone, reveal
from intake.receive import Receiver
from intake.services import VaultKey, fresh_secrets
from models.db import identity
from models.db.pool import Database
from models.errors import Invalid, NotFound, Unavailable
from tests.intake.kit import CITY, OTHER, SECRETS, VAULT, make_delivery, make_services, rows

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@given(value=words, case_no=st.integers(1, 1 << 60))
def test_what_is_sealed_opens(value: str, case_no: int) -> None:
    """A value opens in its own place, and no two seals of it are equal."""
    sealed = VAULT.seal(CITY, case_no, "phone", value)
    assert VAULT.open(CITY, case_no, "phone", VAULT.version, sealed) == value
    assert sealed != VAULT.seal(CITY, case_no, "phone", value)


@pytest.mark.parametrize(
    ("city", "case_no", "field"), [(OTHER, 1, "phone"), (CITY, 2, "phone"), (CITY, 1, "name")]
)
def test_a_seal_holds_in_its_place_only(city: str, case_no: int, field: str) -> None:
    """A sealed value moved to another city, case or field does not open."""
    sealed = VAULT.seal(CITY, 1, "phone", "13900000000")
    with pytest.raises(Unavailable, match="vault_tampered"):
        VAULT.open(city, case_no, field, 1, sealed)


@given(position=st.integers(0, 38), bit=st.integers(0, 7))
def test_a_changed_bit_is_found(position: int, bit: int) -> None:
    """Not one bit of nonce, ciphertext or tag can be changed."""
    sealed = bytearray(VAULT.seal(CITY, 1, "phone", "13900000000"))
    assert len(sealed) == 39
    sealed[position] ^= 1 << bit
    with pytest.raises(Unavailable):
        VAULT.open(CITY, 1, "phone", 1, bytes(sealed))


def test_keys_have_versions() -> None:
    """The newest key seals; values of older ones still open; a lost key is told apart."""
    old = fresh_secrets(())
    newer = VaultKey(version=2, key="ab" * 32)
    both = fresh_secrets((), old)
    both = type(both)(
        vault_keys=(*old.vault_keys, newer), index_key=old.index_key, track_key=old.track_key
    )
    sealed = Vault(old).seal(CITY, 1, "name", "测试")
    assert Vault(both).version == 2
    assert Vault(both).open(CITY, 1, "name", 1, sealed) == "测试"
    with pytest.raises(Unavailable, match="vault_key_missing"):
        Vault(old).open(CITY, 1, "name", 2, Vault(both).seal(CITY, 1, "name", "测试"))


def test_indexes_are_blind() -> None:
    """Equal numbers have equal indexes within a city, however written; elsewhere they differ."""
    index = VAULT.phone_index(CITY, "13900000000")
    assert index == VAULT.phone_index(CITY, "+86 139 0000 0000")
    assert index != VAULT.phone_index(OTHER, "13900000000")
    assert index != Vault(fresh_secrets(())).phone_index(CITY, "13900000000")
    assert VAULT.wechat_index(CITY, "oAbC ") == VAULT.wechat_index(CITY, "oAbC")
    assert VAULT.wechat_index(CITY, "oAbC") != VAULT.wechat_index(CITY, "oabc")


@pytest.mark.parametrize(
    ("given_phone", "digits"),
    [
        ("139 0000 0000", "13900000000"),
        ("+86-139-0000-0000", "13900000000"),
        ("008613900000000", "13900000000"),
        ("0731-88665000", "073188665000"),
        ("8", "8"),
    ],
)
def test_phones_in_one_writing(given_phone: str, digits: str) -> None:
    """A number is its digits without the country's code."""
    assert normal_phone(given_phone) == digits


def test_secrets_do_not_show() -> None:
    """The secrets' own words give none of them away."""
    shown = repr(SECRETS)
    assert SECRETS.track_key not in shown
    assert all(hook.secret not in shown for hook in SECRETS.hooks)


def test_secrets_are_completed_not_changed() -> None:
    """A new city gets its hooks; what existed stays as it was."""
    before = fresh_secrets((CITY,))
    after = fresh_secrets((CITY, OTHER), before)
    assert after.hooks[:2] == before.hooks
    assert {(h.source, h.city) for h in after.hooks[2:]} == {("12345", OTHER), ("12369", OTHER)}
    assert after.vault_keys == before.vault_keys


class TestReveal:
    async def test_a_look_is_written_down(self, db: Database) -> None:
        """Whoever looks sees the one field, and stands in the log with the reason."""
        receipt = await Receiver(make_services(db)).receive(make_delivery())
        async with db.city(CITY) as conn:
            shown = await reveal(
                conn, VAULT, CITY, receipt.case_no, field="phone", reason="回访核实", staff="op1"
            )
        assert shown == "13900000000"
        async with db.city(CITY) as conn:
            (look,) = await identity.accesses(conn, CITY, receipt.case_no)
        assert (look.field, look.reason, look.staff) == ("phone", "回访核实", "op1")

    async def test_what_cannot_be_logged_is_not_shown(self, db: Database) -> None:
        """A look whose transaction fails leaves neither an answer nor a trace."""
        receipt = await Receiver(make_services(db)).receive(make_delivery())
        with pytest.raises(RuntimeError):
            await self.interrupted(db, receipt.case_no)
        assert await rows(db, "SELECT 1 FROM identity_access") == []

    async def interrupted(self, db: Database, case_no: int) -> None:
        """Look, and fail before the transaction ends."""
        async with db.city(CITY) as conn:
            await reveal(conn, VAULT, CITY, case_no, field="name", reason="回访核实", staff="op1")
            raise RuntimeError

    @pytest.mark.parametrize(
        ("field", "reason"), [("phone", "看看"), ("phone", "    "), ("salary", "回访核实")]
    )
    async def test_no_look_without_reason(self, db: Database, field: str, reason: str) -> None:
        """Without a reason, or for a field that is none, nothing is shown or written."""
        receipt = await Receiver(make_services(db)).receive(make_delivery())
        with pytest.raises(Invalid):
            async with db.city(CITY) as conn:
                await reveal(
                    conn, VAULT, CITY, receipt.case_no, field=field, reason=reason, staff="op1"
                )
        assert await rows(db, "SELECT 1 FROM identity_access") == []

    async def test_a_case_without_identity(self, db: Database) -> None:
        """Where nobody gave anything there is nothing to show."""
        with pytest.raises(NotFound):
            async with db.city(CITY) as conn:
                await reveal(conn, VAULT, CITY, 1, field="name", reason="回访核实", staff="op1")

    async def test_a_unit_sees_no_identity(self, db: Database) -> None:
        """A connection of a unit does not even find the sealed row."""
        receipt = await Receiver(make_services(db)).receive(make_delivery())
        async with db.city(CITY, "CS-1") as conn:
            assert await identity.get(conn, CITY, receipt.case_no) is None

    async def test_the_log_cannot_be_edited(self, db: Database) -> None:
        """No row of the access log can be changed or taken out."""
        receipt = await Receiver(make_services(db)).receive(make_delivery())
        async with db.city(CITY) as conn:
            await reveal(
                conn, VAULT, CITY, receipt.case_no, field="name", reason="回访核实", staff="op1"
            )
        for statement in ("DELETE FROM identity_access", "UPDATE identity_access SET staff = 'x'"):
            with pytest.raises(Exception, match="append-only"):
                await self.run(db, statement)

    async def run(self, db: Database, statement: str) -> None:
        """Run a statement in the city."""
        async with db.city(CITY) as conn:
            await conn.execute(statement)

    async def test_repeat_callers_are_found(self, db: Database) -> None:
        """The cases of one caller are found by the index, without opening anything."""
        receiver = Receiver(make_services(db))
        numbers = [(await receiver.receive(make_delivery())).case_no for _ in range(3)]
        async with db.city(CITY) as conn:
            found = await identity.same_phone(
                conn, CITY, VAULT.phone_index(CITY, "139-0000-0000"), 2
            )
        assert found == sorted(numbers, reverse=True)[:2]
