"""Both cutters cut alike, lose nothing and know the trade's words."""

import warnings

import pytest

from classifier.tokens import Cutter, JiebaCutter, RustCutter, cutter, domain_words

_TEXTS = (
    "楼下烧烤店的油烟净化器是摆设,渣土车半夜炸街。",
    "污水处理厂旁边的黑臭水体,死鱼漂了一河",
    "工地23:30还在打桩,说有夜施证,PM2.5达到150",
    "",
)


@pytest.fixture(scope="module")
def both() -> list[Cutter]:
    """Make both cutters, with the domain's words."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return [RustCutter(domain_words()), JiebaCutter(domain_words())]


@pytest.mark.parametrize("text", _TEXTS)
def test_both_cut_alike(both: list[Cutter], text: str) -> None:
    """Where rjieba has no wheel, jieba gives the same words."""
    rust, python = both
    assert rust.cut(text) == python.cut(text)


@pytest.mark.parametrize("text", _TEXTS)
def test_nothing_is_lost(text: str) -> None:
    """The words joined are the text."""
    assert "".join(cutter().cut(text)) == text


def test_the_trades_words_are_known() -> None:
    """Words that a general dictionary cuts up stay whole."""
    words = cutter().cut("渣土车和油烟净化器,还有黑臭水体")
    assert {"渣土车", "油烟净化器", "黑臭水体"} <= set(words)
