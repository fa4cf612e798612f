"""What holds for all pages: nothing inline, nothing from elsewhere, labels, contrast, size."""

import re
from pathlib import Path

import pytest
from structlog.testing import capture_logs

import intake.pages
from tests.pages.kit import World

_FOLDER = Path(intake.pages.__file__).parent
_TEMPLATES = sorted((_FOLDER / "templates").rglob("*.html"))
_CSS = (_FOLDER / "static" / "jiesu.css").read_text(encoding="utf-8")
_TOKENS = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{3,6})\b", _CSS))
_READABLE = [
    ("ink", "paper"),
    ("ink-2", "paper"),
    ("ink-2", "card"),
    ("link", "paper"),
    ("red", "red-soft"),
    ("amber", "amber-soft"),
    ("blue", "blue-soft"),
    ("green", "green-soft"),
    ("violet", "violet-soft"),
    ("card", "brand"),
    ("card", "brand-2"),
    ("card", "red"),
    ("brand-2", "brand-soft"),
    ("ink", "focus"),
]


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: path.name)
def test_a_template_has_nothing_that_the_policy_would_stop(path: Path) -> None:
    """No inline script, style or handler, and nothing from another host."""
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"\sstyle=|<style|\son\w+=|javascript:", text)
    assert not re.search(r"(?:src|href|action)=\"(?:https?:)?//", text)
    assert "|safe" not in text


@pytest.mark.parametrize("path", _TEMPLATES, ids=lambda path: path.name)
def test_every_field_has_a_label(path: Path) -> None:
    """What can be filled in says what it is."""
    text = path.read_text(encoding="utf-8")
    fields = re.findall(r"<(?:input|select|textarea)\b[^>]*?\bid=\"([^\"]+)\"[^>]*>", text)
    shown = re.findall(r"<(?:input|select|textarea)\b(?![^>]*type=\"hidden\")", text)
    assert len(shown) == len(fields)
    assert set(fields) <= set(re.findall(r"<label[^>]*?for=\"([^\"]+)\"", text))


@pytest.mark.parametrize(("ink", "paper"), _READABLE)
def test_colours_can_be_read(ink: str, paper: str) -> None:
    """Text has a contrast of at least 4.5 to 1 (WCAG 2 AA)."""
    one, two = sorted((_light(_TOKENS[ink]), _light(_TOKENS[paper])), reverse=True)
    assert (one + 0.05) / (two + 0.05) >= 4.5


def _light(colour: str) -> float:
    digits = colour[1:] if len(colour) == 7 else "".join(c * 2 for c in colour[1:])
    parts = [int(digits[n : n + 2], 16) / 255 for n in (0, 2, 4)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_the_stylesheet_stays_small() -> None:
    """One stylesheet of ours, that one person can read."""
    assert len(_CSS.splitlines()) <= 400


async def test_pages_forbid_what_they_do_not_need(world: World) -> None:
    """The policy allows our own files and nothing else; pages are not kept by caches."""
    browser = await world.browser()
    response = await browser.client.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["X-Content-Type-Options"] == "nosniff"


async def test_our_own_files_are_kept_for_ever_under_an_address_that_changes(world: World) -> None:
    """Style, script, htmx and mark come compressed, with their type."""
    browser = await world.browser("op")
    page = await browser.get("/desk")
    addresses = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    assert len(addresses) == 4
    for address in addresses:
        response = await browser.client.get(address)
        assert response.status == 200
        assert "immutable" in response.headers["Cache-Control"]
        assert len(await response.read()) > 100
    assert await browser.status("/static/../auth.py") == 404
    assert await browser.status("/static/secret.txt") == 404


async def test_a_page_that_breaks_says_so_without_saying_how(world: World) -> None:
    """People get a sentence and a number, never a stack trace."""
    browser = await world.browser("op")
    await _rename(world, "task", "task_gone")
    try:
        with capture_logs() as logs:
            response = await browser.client.get("/desk")
    finally:
        await _rename(world, "task_gone", "task")
    page = await response.text()
    assert response.status == 500
    assert [log["route"] for log in logs if log["event"] == "page_failed"] == ["/desk"]
    assert "系统出了点问题" in page
    assert "page_failed" in page
    assert "task" not in page.partition("<main")[2].partition("</main")[0]


async def _rename(world: World, old: str, new: str) -> None:
    async with world.db.system() as conn:
        await conn.execute(f"ALTER TABLE {old} RENAME TO {new}")
