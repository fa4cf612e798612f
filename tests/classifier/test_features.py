"""Hashed n-grams: the same everywhere, apart by group, of length one."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from classifier.document import Document, read_documents
from classifier.features import GROUPS, HEAD, RUN, WORD, grams
from classifier.lexicon import lexicon
from classifier.space import Space
from classifier.tokens import cutter
from models.tags import TagRequest


def read(*texts: str) -> list[Document]:
    """Make texts ready."""
    asked = [TagRequest(id="1", text=text, title="标题") for text in texts]
    return read_documents(asked, cutter(), lexicon())


def keys(document: Document, group: int) -> set[int]:
    """Give the keys of one group of a text read alone."""
    found = grams([document])
    return set(found.key[found.group == group].tolist())


def test_keys_do_not_depend_on_the_place_or_the_batch() -> None:
    """A word has one key wherever it stands and whatever is read beside it."""
    one, other = read("噪音很大", "我们这里噪音很大")
    together = grams([one, other])
    assert keys(one, RUN) <= keys(other, RUN)
    first = together.key[(together.document == 0) & (together.group == RUN)]
    assert set(first.tolist()) == keys(one, RUN)


def test_keys_are_those_of_the_shipped_weights() -> None:
    """The hash is part of the weights: another would make them noise."""
    (document,) = read("噪音")
    assert keys(document, WORD) == {3340357311, 4024957389}
    assert keys(document, RUN) == {0x144BCA3B, 0xDE274D7E}


def test_digits_are_alike_and_groups_apart() -> None:
    """23 and 45 are one feature; a word and the same run of characters are two."""
    one, other = read("夜里23点", "夜里45点")
    assert keys(one, RUN) == keys(other, RUN)
    assert not keys(one, WORD) & keys(one, RUN)
    assert keys(one, HEAD)


@given(st.lists(st.text(max_size=60), min_size=1, max_size=4))
def test_vectors_have_length_one_in_each_group(texts: list[str]) -> None:
    """Whatever the text, each group of its features counts the same or nothing."""
    documents = read(*texts)
    found = grams(documents)
    known, first = np.unique(found.key, return_index=True)
    space = Space(known, found.group[first], np.ones(len(known), np.float32))
    rows = space.vectors(documents)
    for row in range(len(documents)):
        cells = slice(rows.starts[row], rows.starts[row + 1])
        groups = space.groups[rows.columns[cells]]
        sizes = np.bincount(groups, weights=rows.values[cells] ** 2, minlength=GROUPS)
        assert all(abs(size - 1) < 1e-4 or size == 0 for size in sizes)
