"""Posts: that each belongs to a unit and is of a known rank, so that alarms find someone."""

from collections.abc import Iterator
from typing import Final

from models.checks.finding import Finding, error
from models.city import City

_RANKS: Final = ("liaison", "deputy", "head")


def check_posts(city: City) -> Iterator[Finding]:
    """Check a city's posts."""
    units = {unit.code for unit in city.units}
    for post in city.posts:
        if post.unit not in units:
            text = f"岗位“{post.title}”的单位 {post.unit} 不存在"
            yield error("post_unit_missing", post.unit, text, "改正 posts.csv 的 unit")
        if post.rank not in _RANKS:
            text = f"{post.unit} 岗位“{post.title}”的 rank 是 {post.rank}"
            yield error("post_rank_unknown", post.unit, text, f"改为 {'、'.join(_RANKS)} 之一")
