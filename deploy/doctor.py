"""`jiesu doctor`: what is wrong with this installation's data and running parts, and the cure.

Each check gives findings (models.city_check.Finding); city data are checked without a database,
the running parts only where a database can be reached. Nothing is changed.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Final

import msgspec

from deploy.embedded import running_dsn
from deploy.settings import Settings
from models.checks.clocks import check_calendar
from models.checks.finding import error, info, warning
from models.city import City
from models.city_check import Finding, check
from models.city_load import installed_cities, load_city
from models.db.gauges import Gauges, read_gauges
from models.db.migrate import pending
from models.db.pool import Database
from models.db.units import release
from models.errors import JiesuError
from models.moment import now
from routing.calendar import settled
from routing.releases import in_force
from routing.report import report
from routing.rules import national_clocks, national_rules

SYSTEM: Final = "system"
_STALLED_S: Final = 300
_SILENT_S: Final = 60
_WATCH_S: Final = 120
_WATCHES: Final = {
    "sweeper": ("时限巡查", "到期和超期不会被发现"),
    "escalation": ("预警升级", "预警和超期不会通知到人"),
}
_DESK_S: Final = 86_400
_UNSEALED: Final = 10_000
_SIGNS: Final = {"error": "✗ 错误", "warning": "! 提醒", "info": "· 说明"}


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """A finding with what it is about: a city's adcode, or `system`."""

    scope: str
    finding: Finding


class DoctorReport(msgspec.Struct, frozen=True, kw_only=True):
    """All that was found; `ok` when nothing must be mended. `checked` names what was looked at."""

    ok: bool
    checked: tuple[str, ...]
    found: tuple[Diagnosis, ...]


def examine(settings: Settings, cities: Sequence[str]) -> DoctorReport:
    """Check the named cities, or all installed ones, and the running parts."""
    adcodes = list(cities) or installed_cities()
    found = [Diagnosis(scope=adcode, finding=f) for adcode in adcodes for f in check_city(adcode)]
    found += [Diagnosis(scope=SYSTEM, finding=f) for f in check_calendar(settled(), now().date())]
    running = asyncio.run(check_system(_dsn(settings), _served(settings, adcodes)))
    found += [Diagnosis(scope=SYSTEM, finding=finding) for finding in running]
    ok = all(each.finding.severity != "error" for each in found)
    return DoctorReport(ok=ok, checked=(*adcodes, SYSTEM), found=tuple(found))


def check_city(adcode: str) -> list[Finding]:
    """Check one city's data files; files that cannot be read are a finding too."""
    try:
        city = load_city(adcode)
        return [*check(city, national_rules(), national_clocks()), *_about_rules(city)]
    except JiesuError as failed:
        return [error(failed.code, adcode, failed.detail, "按提示修改该文件后再运行 jiesu doctor")]


def _about_rules(city: City) -> Iterator[Finding]:
    """Name conflicts of the city's own rules; sum up what else `jiesu rules check` lists."""
    found = report(city)
    pairs = [one for one in found.overlaps if not one.intended]
    own = {rule.id for rule in city.duties}
    local = [one for one in pairs if not own.isdisjoint((one.first, one.later))]
    for one in local:
        leads = f"{one.first_lead or '人工'} 与 {one.later_lead or '人工'}"
        text = f"规则 {one.first} 与 {one.later} 有共同情形而主办不同({leads}),前者优先"
        yield warning("rules_conflict", one.later, text, "收窄其中一条,使先后不影响结果")
    if others := len(pairs) - len(local):
        text = f"全国基表有 {others} 对同层规则有共同情形而主办不同,由先后次序决定"
        yield info("rules_by_order", city.adcode, text, "用 jiesu rules check 逐对核对次序")
    if found.gaps:
        types = len({gap.type for gap in found.gaps})
        text = f"{types} 类问题有 {found.pooled} 种地点和时间组合进入待裁量池(共 {found.cells} 种)"
        remedy = "用 jiesu rules check 查看;须自动派单的补规则"
        yield info("cells_to_people", city.adcode, text, remedy)


async def check_system(dsn: str | None, cities: Sequence[City]) -> list[Finding]:
    """Check the database and what runs on it for some cities, where there is a database."""
    if dsn is None:
        text = "没有运行中的数据库,只检查了城市资料"
        return [info("database_not_running", SYSTEM, text, "需要时先运行 jiesu up 再检查")]
    try:
        if missing := await pending(dsn):
            text = f"数据库缺少迁移 {'、'.join(missing)}"
            return [error("database_older", SYSTEM, text, "运行 jiesu migrate")]
        return await _check_running(dsn, cities)
    except JiesuError as failed:
        return [error(failed.code, SYSTEM, failed.detail, "按提示处理后再运行 jiesu doctor")]


def show(report: DoctorReport) -> str:
    """Write the report for people, worst first within each city."""
    lines = [line for scope in report.checked for line in _lines(scope, report)]
    return "\n".join(lines)


def _dsn(settings: Settings) -> str | None:
    return settings.database_url or running_dsn(settings.data_dir)


def _served(settings: Settings, adcodes: Sequence[str]) -> list[City]:
    """Load the cities that this installation serves, of those asked for, as far as they load."""
    served = []
    for adcode in adcodes:
        if adcode in settings.cities:
            with suppress(JiesuError):
                served.append(load_city(adcode))
    return served


async def _check_running(dsn: str, cities: Sequence[City]) -> list[Finding]:
    db = await Database.connect(dsn, min_size=1, max_size=1, name="jiesu doctor")
    adcodes = [city.adcode for city in cities]
    try:
        async with db.system() as conn:
            gauges = await read_gauges(conn)
        found = [finding for look in _LOOKS for finding in look(gauges, adcodes)]
        return found + await _releases(db, cities)
    finally:
        await db.close()


def _workers(gauges: Gauges, cities: Sequence[str]) -> Iterator[Finding]:
    for city in cities:
        age = gauges.heartbeat_age.get(city)
        if age is None or age > _SILENT_S:
            since = "从未有过心跳" if age is None else f"最近心跳在 {age:.0f} 秒前"
            text = f"{city} 没有处理进程在工作({since}),新工单不会被研判和派单"
            remedy = "运行 jiesu worker,或重启 jiesu up 并查看日志"
            yield error("worker_silent", city, text, remedy)


def _watches(gauges: Gauges, cities: Sequence[str]) -> Iterator[Finding]:
    alive = [city for city in cities if gauges.heartbeat_age.get(city, _SILENT_S + 1) <= _SILENT_S]
    for city in alive:
        for watch, (name, effect) in _WATCHES.items():
            age = gauges.watch_age.get((city, watch))
            if age is None or age > _WATCH_S:
                since = "从未运行" if age is None else f"最近一次在 {age:.0f} 秒前"
                text = f"{city} 的{name}没有运行({since}),{effect}"
                remedy = "运行 jiesu worker,或重启 jiesu up 并查看日志"
                yield error("watch_silent", f"{city}:{watch}", text, remedy)


def _queues(gauges: Gauges, cities: Sequence[str]) -> Iterator[Finding]:
    for (city, queue), oldest in gauges.oldest.items():
        n = gauges.queued.get((city, queue), 0)
        if city not in cities:
            continue
        if queue != "review" and oldest > _STALLED_S:
            text = f"{city} 的 {queue} 队列有 {n:.0f} 件,最早一件已等 {oldest:.0f} 秒"
            remedy = "查看 worker 日志;处理进程不足时增加 --workers"
            yield error("queue_stalled", f"{city}:{queue}", text, remedy)
        if queue == "review" and oldest > _DESK_S:
            text = f"{city} 人工复核台有 {n:.0f} 件,最早一件已超过一天"
            yield warning("desk_late", f"{city}:{queue}", text, "请受理员在 /desk 处理")


def _messages(gauges: Gauges, cities: Sequence[str]) -> Iterator[Finding]:
    for (city, state), n in gauges.outbox.items():
        if city in cities and state == "dead" and n:
            text = f"{city} 有 {n:.0f} 条回传消息多次失败后放弃,来源平台不知道办理进展"
            remedy = "核对 callbacks 地址与密钥,修复后重新投递"
            yield error("dead_letters", city, text, remedy)


def _history(gauges: Gauges, cities: Sequence[str]) -> Iterator[Finding]:
    for city, n in gauges.unsealed.items():
        if city in cities and n > _UNSEALED:
            text = f"{city} 有 {n:.0f} 条记录尚未封入校验链"
            yield warning("events_unsealed", city, text, "查看 worker 日志中的封存任务")


async def _releases(db: Database, cities: Sequence[City]) -> list[Finding]:
    """Find cities whose data files are not the ones that the running parts loaded last."""
    found = []
    for city in cities:
        async with db.city(city.adcode) as conn:
            stored = await release(conn, city.adcode, city.version)
            held = await in_force(conn, city)
        if stored is None:
            text = f"{city.adcode} 的资料 {city.version} 尚未载入数据库"
            remedy = "重启 jiesu up 载入新资料"
            found.append(warning("release_not_stored", city.adcode, text, remedy))
        elif held.version != city.version:
            text = f"{city.adcode} 现行版本 {held.version} 与资料文件 {city.version} 不同"
            remedy = "资料文件有改动时用 jiesu rules draft、simulate、publish 发布"
            found.append(info("files_not_in_force", city.adcode, text, remedy))
    return found


_LOOKS: Final[tuple[Callable[[Gauges, Sequence[str]], Iterator[Finding]], ...]] = (
    _workers,
    _watches,
    _queues,
    _messages,
    _history,
)


def _lines(scope: str, report: DoctorReport) -> Iterator[str]:
    findings = [each.finding for each in report.found if each.scope == scope]
    errors = sum(finding.severity == "error" for finding in findings)
    name = "运行状况" if scope == SYSTEM else f"城市 {scope}"
    yield f"{name}:{f'有 {errors} 处错误' if errors else '没有错误'}"
    for finding in findings:
        yield f"  {_SIGNS[finding.severity]} [{finding.code}] {finding.text}"
        yield f"      → {finding.remedy}"
