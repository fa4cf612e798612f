"""Folding and cutting keep every character in its place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.normalize import fold, sentences, without_denials


@given(st.text())
def test_folding_moves_nothing(text: str) -> None:
    """Character i of the folded text stands for character i."""
    assert len(fold(text)) == len(text)
    assert fold(fold(text)) == fold(text)


def test_folding_makes_alike_what_means_the_same() -> None:
    """Full-width, capital and traditional characters read as the plain ones."""
    assert fold("噪聲ＰＭ2.5、ＶＯＣ５０％") == "噪声pm2.5、voc50%"


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("不是油烟,是化工厂的味", "是化工厂的味"),
        ("不是要投诉,就问问标准", "就问问标准"),
        ("并非垃圾臭,而是猪场臭", "而是猪场臭"),
    ],
)
def test_what_is_denied_is_blanked(text: str, kept: str) -> None:
    """What is denied to say what it is instead leaves blanks of its length."""
    bare = without_denials(text)
    assert len(bare) == len(text)
    assert bare.strip() == kept


@pytest.mark.parametrize("text", ["这不是第一次了,天天这样", "油烟不是很大", "厂里有废水,不是吗"])
def test_a_plain_not_is_left(text: str) -> None:
    """Not every 不是 denies what the text complains of."""
    assert without_denials(text) == text


def test_sentences_and_numbered_items_are_cut() -> None:
    """Sentences end at their marks, and numbered matters stand apart."""
    text = "反映两件事:1、工地夜里吵;2、渣土车撒土。请处理!"
    cut = [text[start:end] for start, end in sentences(text)]
    assert cut == ["反映两件事:", "1、工地夜里吵;", "2、渣土车撒土。", "请处理!"]


@given(st.text(max_size=200))
def test_sentences_are_in_order_and_apart(text: str) -> None:
    """Spans lie in the text, one after the other."""
    reached = 0
    for start, end in sentences(fold(text)):
        assert reached <= start < end <= len(text)
        reached = end
