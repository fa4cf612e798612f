"""`jiesu verify`: that history is whole and that what must hold of the cases holds."""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from deploy.database import must_fit, open_database
from deploy.settings import Settings
from models.db import events, invariants
from models.db.events import SealReport
from models.db.invariants import Violation
from models.db.pool import Database
from models.errors import Invalid

_PROBLEMS: Final = {
    "event_changed": "记录被改动",
    "event_missing": "记录被删除",
    "link_missing": "链条缺环",
    "head_missing": "先前记下的链头已不在链上",
}
_INVARIANTS: Final = {
    "case_numbers_have_no_gap": "工单号不连续",
    "every_case_has_history": "工单没有任何记录",
    "every_reference_has_its_case": "来源编号没有对应工单",
    "work_in_hand_has_one_lead": "在办工单没有牵头单位",
    "closed_cases_are_at_rest": "已办结工单仍有在办事项",
    "no_closed_case_has_an_open_part": "已办结工单仍有未办结的子单",
    "told_alarms_have_reached_someone": "预警超期记为已通知却没有通知对象",
    "ledgered_cases_are_not_over": "挂账件未销账即结束",
    "letters_press_in_order": "督办文书跳级而没有理由",
    "merged_cases_have_a_main_one": "并案工单没有可答复的主单",
    "links_say_what_cases_say": "拆并记录与工单不符",
    "merged_cases_are_at_rest": "并案工单仍有在办事项",
    "one_lead": "工单主办与牵头任务不符",
}


class CityReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in one city."""

    chain: SealReport
    violations: tuple[Violation, ...]


class VerifyReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was found in all cities; `ok` when nothing is wrong."""

    ok: bool
    cities: tuple[CityReport, ...]


async def verify_all(settings: Settings, expected: Sequence[str]) -> VerifyReport:
    """Verify every city; `expected` are heads noted before, as `<city>:<seq>:<hash>`."""
    heads = dict(_head(text) for text in expected)
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=2, name="jiesu verify")
        try:
            async with db.system() as conn:
                known = await invariants.cities(conn)
            reports = [await _verify(db, city, heads.get(city)) for city in {*known, *heads}]
        finally:
            await db.close()
    found = tuple(sorted(reports, key=lambda report: report.chain.city))
    return VerifyReport(ok=all(r.chain.ok and not r.violations for r in found), cities=found)


def show(report: VerifyReport) -> str:
    """Write the report for people."""
    return "\n".join(line for city in report.cities for line in _lines(city)) or "没有数据。"


async def _verify(db: Database, city: str, head: str | None) -> CityReport:
    async with db.city(city) as conn:
        chain = await events.verify(conn, city, head)
        return CityReport(chain=chain, violations=tuple(await invariants.violations(conn, city)))


def _head(text: str) -> tuple[str, str]:
    city, _, head = text.partition(":")
    if not head:
        raise Invalid("head_malformed", "链头应形如 430100:120:3f…,即 verify 输出的一行。")
    return city, head


def _lines(report: CityReport) -> Iterator[str]:
    chain = report.chain
    word = "完好" if chain.ok and not report.violations else "有问题"
    yield f"{chain.city}:{word};已封存 {chain.sealed} 条,待封存 {chain.unsealed} 条"
    yield f"  链头 {chain.city}:{chain.head}"
    for problem in chain.problems:
        yield f"  {_PROBLEMS[problem.kind]}:第 {problem.seq} 环,记录 {problem.event_id}"
    for violation in report.violations:
        yield f"  {_INVARIANTS[violation.invariant]}:{violation.what}({violation.found})"
