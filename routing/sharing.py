"""A matter of two districts, as a person finds it: the other one helps, the city coordinates."""

from typing import Final

from models.errors import Invalid
from routing import border, disputes
from routing.border import Shared
from routing.dispute_verbs import BorderBasis, Share
from routing.matter import Change, Matter

SHARED: Final = "case:territory:shared"
#: How near to the border a matter is two districts' (设计默认).
NEAREST_M: Final = 500


def share(matter: Matter, request: Share, change: Change) -> None:
    """Bring the other district and the city's team into a case; its lead stays the affected one."""
    case, book = matter.case, matter.book
    _check(matter, request)
    if case.decision is None or case.decision.lead is None:
        raise matter.conflict("dispatch_instead", "该件没有派单决定,请先派单。")
    if request.adcode in border.shared_with(case):
        raise matter.conflict("shared_already", "对侧区县已在协办。")
    before = {part.unit for part in case.decision.cooperating}
    water = request.basis is BorderBasis.RIVER
    beyond = Shared(counties=(request.adcode,))
    found = border.widen(book, case, case.decision, beyond, matter.at, water=water)
    change.on_case(decision=found)
    change.facts_changed = True
    present = {task.unit for task in matter.open_tasks}
    added = [part for part in found.cooperating if part.unit not in before | present]
    tasks = [disputes.asked(matter, change, part.unit) for part in added if part.unit]
    change.data |= {"adcode": request.adcode, "basis": request.basis.value}
    change.data |= {"units": [task.unit for task in tasks], "note": request.note}
    if request.distance_m is not None:
        change.data["distance_m"] = request.distance_m


def _check(matter: Matter, request: Share) -> None:
    directory, case = matter.book.directory, matter.case
    counties = {d.code for d in directory.city.divisions if d.level == "county"}
    if request.adcode not in counties:
        detail = "该区县不属本市:外市不派单,请用转办函并报上级协调。"
        raise Invalid("letter_instead", detail)
    if request.adcode == case.adcode:
        raise Invalid("county_own", "该区县就是事发地,请填写对侧区县。")
    if request.basis is not BorderBasis.BOUNDARY:
        return
    if request.distance_m is None or not 0 <= request.distance_m <= NEAREST_M:
        detail = f"按边界双区协办须注明距离,且不超过 {NEAREST_M} 米。"
        raise Invalid("border_far", detail)
