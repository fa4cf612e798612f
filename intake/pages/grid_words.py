"""What a grid's worker was asked and found, in words (F23)."""

from collections.abc import Iterable
from typing import Any, Final

from models.grid import VERIFIED_NAMES

_VERIFIED: Final = {code.value: name for code, name in VERIFIED_NAMES.items()}


def on_the_spot(data: dict[str, Any]) -> Iterable[str]:
    """Tell which grid, where to, what was found and where, with how many photos."""
    if "grid_name" not in data:
        return
    yield data["grid_name"]
    if data.get("place"):
        yield data["place"]
    if data.get("verified"):
        yield _VERIFIED.get(data["verified"], data["verified"])
    if data.get("late"):
        yield "逾期后核实"
    if data.get("datum"):
        yield f"坐标 {data['lon']},{data['lat']}({data['datum']})"
    if data.get("photos"):
        yield f"照片 {len(data['photos'])} 张"
