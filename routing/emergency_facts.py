"""What is known of an emergency, as its clocks ask for it, and that it goes on."""

from typing import Any, Final

from models.case import CaseNo, show_case_no
from models.db.emergencies import Emergency, Whole
from routing.matter import Change, Matter

#: What the clocks start from: not when it was noted but when it was known.
KNOWN: Final = "emergency:known"
#: That it may reach others, from which the time to tell them runs.
CROSSING: Final = "emergency:crossing"


def facts(event: Emergency) -> dict[str, Any]:
    """Say of an emergency what its clocks ask for."""
    plain = {True: "true", False: "false"}
    return {
        "level": event.level,
        "water": plain[event.water],
        "crossing": plain[event.crossing],
    }


def going(matter: Matter, change: Change) -> Emergency:
    """Give the emergency that this case bears, while it goes on."""
    whole: Whole | None = change.seen
    if whole is None or whole.event.ended_at is not None:
        raise matter.conflict("no_emergency", "该件不是进行中的突发事件。")
    if whole.event.emergency_no != matter.case.case_no:
        number = show_case_no(matter.case.city, CaseNo(whole.event.emergency_no))
        raise matter.conflict("other_case_bears_it", f"请在首个工单 {number} 上操作该突发事件。")
    return whole.event
