"""The lexicon covers every type, and its combinations need their words near each other."""

import tomllib

from classifier.corpus import WRITTEN, read_all_gold
from classifier.lexicon import DATA, lexicon
from models.taxonomy import ISSUE_TYPES, REQUEST_TYPES


def test_every_type_has_cues() -> None:
    """All 104 codes stand in the lexicon, in the taxonomy's order of letters."""
    assert set(lexicon().codes) == set(ISSUE_TYPES)


def test_combinations_name_known_concepts() -> None:
    """A rule with a misspelt concept would never hold."""
    cues = tomllib.loads((DATA / "cues.toml").read_text(encoding="utf-8"))
    named = {name for entry in cues.values() for rule in entry["rules"] for name in rule.split("&")}
    assert named <= set(lexicon().concepts)


def test_every_type_has_written_examples() -> None:
    """Each code has at least five examples of our own, of varied wording."""
    examples = read_all_gold(WRITTEN)
    assert {code for one in examples for code in one.types} == set(ISSUE_TYPES)
    for code in ISSUE_TYPES:
        texts = {one.text for one in examples if one.types[0] == code}
        assert len(texts) >= 5, code
    assert {one.kind for one in examples} <= REQUEST_TYPES.keys()
    assert len({one.text for one in examples}) == len(examples)


def test_the_longer_word_counts() -> None:
    """A plant that burns refuse is no refuse burnt in the open."""
    cues = lexicon().read("垃圾焚烧厂味道大").cues
    assert "S11" in cues
    assert "A07" not in cues


def test_words_combine_only_nearby() -> None:
    """A factory and a noise meet in one clause, not across a page."""
    near = lexicon().read("那家工厂昼夜不停地发出很大的响声").cues
    far = lexicon().read("那家工厂搬走了。" + "大家生活都很好。" * 8 + "晚上响声很大").cues
    assert any(cue.combined for cue in near["N01"])
    assert not any(cue.combined for cue in far.get("N01", ()))


def test_cues_tell_heading_from_body() -> None:
    """What stands in the heading is marked."""
    text = "油烟扰民\n楼下的油烟太大"
    found = lexicon().read(text, head=4).cues["A03"]
    assert [cue.in_head for cue in found if not cue.combined] == [True, False]
