"""Explaining a stored case by the release that decided it, for `jiesu route --case`."""

from typing import Any

import msgspec

from deploy.database import must_fit, open_database
from deploy.route import Form, shown
from deploy.route_page import html_foot, html_head
from deploy.settings import Settings
from models.case import Case, read_case_no
from models.city import City
from models.city_load import load_city
from models.db import cases
from models.db.pool import Connection, Database
from models.decision import Decision, TraceStep
from models.errors import NotFound
from routing import releases
from routing.engine import decide
from routing.facts import facts_of


async def explain(settings: Settings, number: str, form: Form) -> str:
    """Write the page of a stored case: its own decision, its release, and what holds today."""
    city, no = read_case_no(number)
    async with open_database(settings) as dsn:
        await must_fit(dsn)
        db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu route")
        try:
            async with db.city(city) as conn:
                case = await cases.get(conn, city, no)
                if case is None:
                    raise NotFound("case_not_found", "没有这个工单。")
                return await explained(conn, case, load_city(city), form)
        finally:
            await db.close()


async def explained(conn: Connection, case: Case, installed: City, form: Form) -> str:
    """Write the page of a case; raises NotFound where it has no decision or no release."""
    book = await releases.deciding(conn, case, installed)
    now = await releases.in_force(conn, installed)
    kept = case.decision
    if kept is None:
        raise NotFound("not_decided", f"{case.number} 尚未作出派单决定。")
    facts = facts_of(case, case.dispatched_at or case.received_at)
    decision = kept
    if releases.version_of(now) != kept.version:
        decision = _compared(kept, decide(now, facts))
    line: dict[str, Any] = {"id": case.number, "review_reasons": list(case.review_reasons)}
    text = shown(line, facts, book, decision, form)
    return f"{html_head()}{text}{html_foot()}" if form == "html" else text


def _compared(kept: Decision, today: Decision) -> Decision:
    """Say beside a decision what the release in force would make of the same facts."""
    same = (kept.lead, kept.pool) == (today.lead, today.pool)
    said = "主办相同" if same else f"主办会是 {_named(today)}"
    effect = f"本件按作出决定时的版本说明;按现行版本 {today.version},{said}。"
    step = TraceStep(tier="NOW", rule="", matched=True, effect=effect, version=today.version)
    return msgspec.structs.replace(kept, trace=(*kept.trace, step))


def _named(decision: Decision) -> str:
    return (decision.lead.unit or decision.lead.role) if decision.lead else "人工裁量"
