"""One batch of deliveries in one transaction: find, judge, number, write.

The order of locks is the same in every process (numbers, then the day's counter, then inserts
sorted by key), so batches wait for each other and do not deadlock.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from intake import filing
from intake.delivery import Delivery, Person
from intake.judge import Meaning, change, describe, judge
from intake.privacy import Vault
from intake.track import TrackCodes
from models.case import CaseNo, Event, Receipt, case_no
from models.db import events, identity, intake
from models.db.identity import IdentityRow
from models.db.intake_rows import (
    CaseChange,
    FileRow,
    Held,
    Known,
    NonceRow,
    OpenRow,
    RefChange,
    ReportRow,
    UnknownRow,
)
from models.db.pool import Connection
from models.errors import JiesuError
from models.moment import aware, china_day

Outcome: TypeAlias = Receipt | JiesuError


@dataclass(kw_only=True)
class _Rows:
    """What one batch writes, gathered before anything is written."""

    opened: list[OpenRow] = field(default_factory=list)
    reports: list[ReportRow] = field(default_factory=list)
    people: list[IdentityRow] = field(default_factory=list)
    changed_people: list[IdentityRow] = field(default_factory=list)
    files: list[FileRow] = field(default_factory=list)
    nonces: list[NonceRow] = field(default_factory=list)
    unknown: list[UnknownRow] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    ref_changes: list[RefChange] = field(default_factory=list)
    case_changes: list[CaseChange] = field(default_factory=list)


class Recorder:
    """Stores batches: at most one delivery for each number, message and nonce in each."""

    def __init__(self, vault: Vault, codes: TrackCodes, clock: Callable[[], datetime]) -> None:
        """Take the vault for identities, the maker of tracking codes and the clock."""
        self._vault = vault
        self._codes = codes
        self._clock = clock

    async def store(self, conn: Connection, city: str, batch: Sequence[Delivery]) -> list[Outcome]:
        """Write a batch and give the outcome of each delivery, in order.

        intake.Raced when another process wrote the same key meanwhile: nothing must be committed,
        run the batch again.
        """
        at = self._clock()
        known = await intake.find(conn, city, [filing.key(d) for d in batch])
        rows = _Rows()
        outcomes: dict[int, Outcome] = {}
        new, more = self._sort(city, batch, known, outcomes)
        if more:
            changed = await self._change(conn, city, [batch[i] for i in more], rows, at)
            outcomes.update(zip(more, changed, strict=True))
        if new:
            first = await intake.draw(conn, city, china_day(at), len(new))
            for n, i in enumerate(new, first):
                outcomes[i] = self._open(batch[i], case_no(china_day(at), n), rows, at)
        self._remember(batch, known, outcomes, rows)
        await _write(conn, city, rows, at)
        return [outcomes[i] for i in range(len(batch))]

    def _sort(
        self,
        city: str,
        batch: Sequence[Delivery],
        known: Sequence[Known],
        outcomes: dict[int, Outcome],
    ) -> tuple[list[int], list[int]]:
        """Settle what is refused or the same again; give the indexes of the new and the rest."""
        new, more = [], []
        for i, (delivery, held) in enumerate(zip(batch, known, strict=True)):
            try:
                meaning = judge(delivery, held)
            except JiesuError as refusal:
                outcomes[i] = refusal
                continue
            if meaning is Meaning.NEW:
                new.append(i)
            elif meaning is Meaning.MORE:
                more.append(i)
            else:
                outcomes[i] = self._again(city, held)
        return sorted(new, key=lambda i: (batch[i].source, batch[i].external_no)), more

    def _again(self, city: str, known: Known) -> Receipt:
        if known.case_no is None or known.received_at is None:
            raise intake.Raced
        version = known.message_version or known.version or 1
        return self._receipt(city, known.case_no, version, known.received_at, duplicate=True)

    def _receipt(
        self, city: str, no: CaseNo, version: int, received_at: datetime, *, duplicate: bool
    ) -> Receipt:
        return Receipt(
            city=city,
            case_no=no,
            track_code=self._codes.make(city, no),
            version=version,
            duplicate=duplicate,
            received_at=aware(received_at),
        )

    def _open(self, delivery: Delivery, no: CaseNo, rows: _Rows, at: datetime) -> Receipt:
        content = delivery.content
        if content is None:
            msg = f"a delivery of {delivery.source} without content opened a case"
            raise RuntimeError(msg)
        receipt = self._receipt(delivery.city, no, 1, at, duplicate=False)
        rows.opened.append(
            filing.opened(delivery, content, no, self._codes.digest(receipt.track_code))
        )
        if content.person:
            rows.people.append(self._seal(delivery.city, no, content.person))
        rows.files.extend(filing.file(delivery, file, no, at) for file in content.files)
        return receipt

    def _seal(self, city: str, no: CaseNo, person: Person) -> IdentityRow:
        vault = self._vault

        def sealed(name: str, value: str | None) -> bytes | None:
            return vault.seal(city, no, name, value) if value else None

        return IdentityRow(
            case_no=no,
            key_version=vault.version,
            name=sealed("name", person.name),
            phone=sealed("phone", person.phone),
            address=sealed("address", person.address),
            wechat=sealed("wechat", person.wechat),
            phone_index=vault.phone_index(city, person.phone) if person.phone else None,
            wechat_index=vault.wechat_index(city, person.wechat) if person.wechat else None,
            anonymous=person.anonymous,
            confidential=person.confidential,
            want_callback=person.want_callback,
            contact_time=person.contact_time,
        )

    async def _change(
        self,
        conn: Connection,
        city: str,
        more: Sequence[Delivery],
        rows: _Rows,
        at: datetime,
    ) -> list[Outcome]:
        numbers = sorted((d.source, d.external_no) for d in more)
        held = await intake.lock(conn, city, numbers)
        contents = [(d.source, d.external_no, d.digest) for d in more if d.content]
        before = await intake.said_before(conn, city, contents) if contents else {}
        return [
            self._apply(d, held[number], before.get(number), rows, at)
            for d in more
            if (number := (d.source, d.external_no))
        ]

    def _apply(
        self, delivery: Delivery, held: Held, before: int | None, rows: _Rows, at: datetime
    ) -> Receipt:
        city, made = delivery.city, change(delivery, held, before)
        if made is None:
            version = before or held.version
            return self._receipt(city, held.case_no, version, held.received_at, duplicate=True)
        version = held.version + 1
        rows.reports.append(
            filing.report(delivery, held.case_no, version, at, applied=made.applied)
        )
        rows.ref_changes.append(filing.ref_change(delivery, held, made, version))
        data = describe(made, held) | {"version": version}
        data |= delivery.notice.data if delivery.notice else {}
        rows.events.append(filing.event(delivery, held.case_no, made.verb, data, at))
        if made.row and delivery.content:
            content = delivery.content
            rows.case_changes.append(made.row)
            rows.files.extend(
                filing.file(delivery, file, held.case_no, at) for file in content.files
            )
            if content.person:
                rows.changed_people.append(self._seal(city, held.case_no, content.person))
        return self._receipt(city, held.case_no, version, held.received_at, duplicate=False)

    def _remember(
        self,
        batch: Sequence[Delivery],
        known: Sequence[Known],
        outcomes: dict[int, Outcome],
        rows: _Rows,
    ) -> None:
        """Keep nonces and unknown codes of what was taken; what was refused leaves no trace."""
        for i, delivery in enumerate(batch):
            if isinstance(outcomes[i], JiesuError):
                continue
            proof = delivery.proof
            if proof and known[i].nonce_digest is None:
                rows.nonces.append(
                    NonceRow(app_id=proof.app_id, nonce=proof.nonce, digest=proof.digest)
                )
            rows.unknown.extend(
                UnknownRow(delivery.source, name, code) for name, code in delivery.unknown
            )


async def _write(conn: Connection, city: str, rows: _Rows, at: datetime) -> None:
    if rows.opened:
        await intake.open_cases(conn, city, rows.opened, at, people=rows.people, nonces=rows.nonces)
    else:
        await intake.add_nonces(conn, city, rows.nonces, at)
    if rows.reports:
        await intake.add_reports(conn, city, rows.reports)
        await intake.change_refs(conn, city, rows.ref_changes)
        await intake.change_cases(conn, city, rows.case_changes)
        await identity.put(conn, city, rows.changed_people, at)
        await events.append(conn, rows.events)
        await intake.wake(conn, "tag")
    await intake.add_files(conn, city, rows.files)
    await intake.note_unknown(conn, city, rows.unknown, at)
