"""Letters that press a unit: in order, numbered without a gap, and no word of a person."""

import hashlib
from itertools import pairwise

import pytest

from models.city import City
from models.db import supervision
from models.db.pool import Database
from models.errors import Conflict, Invalid
from tests.routing.kit import CITY, FRIDAY, Desk, put_case
from tests.routing.moments import UNIT, Time
from tests.routing.test_supervision import BOSS


async def letters(desk: Desk) -> list[supervision.Document]:
    """Give the letters about the case."""
    async with desk.db.city(CITY) as conn:
        return await supervision.documents(conn, CITY, desk.number)


class TestLetters:
    async def test_f31_letters_press_in_order(self, working: Desk) -> None:
        """提醒, then 约谈, then 通报: each with its text, number, digest and receipt."""
        for verb in ("remind", "interview", "notice"):
            await working.act(verb, BOSS, demand="请于三日内完成整改")
        sent = await letters(working)
        assert [one.kind for one in sent] == ["remind", "interview", "notice"]
        year = FRIDAY.year
        assert [one.number for one in sent] == [
            f"测试环督{mark}〔{year}〕1号" for mark in ("提", "约", "通")
        ]
        for one in sent:
            text = f"{one.title}\n{one.body}"
            assert one.sha256 == hashlib.sha256(text.encode()).hexdigest()
            assert (await working.case()).number in text
            assert one.number in text
            assert "夜里有声音" not in text
            assert "{" not in text
        assert sent[0].number in sent[1].body
        number = sent[0].number
        await working.act("receive_document", UNIT, number=number, received_by="张主任")
        with pytest.raises(Conflict):
            await working.act("receive_document", UNIT, number=number, received_by="李主任")
        assert (await letters(working))[0].received_by == "张主任"

    async def test_f31_a_letter_is_left_out_only_with_a_reason(self, working: Desk) -> None:
        """The reason is kept with the letter, and a refused act uses up no number."""
        with pytest.raises(Invalid, match="跳级"):
            await working.act("notice", BOSS, demand="请立即整改")
        await working.act("notice", BOSS, demand="请立即整改", skip_reason="造成恶劣影响")
        (sent,) = await letters(working)
        assert (sent.skip_reason, sent.number) == (
            "造成恶劣影响",
            f"测试环督通〔{FRIDAY.year}〕1号",
        )
        with pytest.raises(Conflict, match="不再降级"):
            await working.act("remind", BOSS, demand="请立即整改")

    async def test_f31_no_letter_carries_what_leads_to_a_person(self, working: Desk) -> None:
        """A telephone number in what a supervisor writes is refused."""
        with pytest.raises(Invalid) as refused:
            await working.act("remind", BOSS, demand="请联系13800138000")
        assert refused.value.code == "identity_in_text"

    async def test_f31_whatever_is_tried_letters_only_get_graver(
        self, town: Database, city: City, time: Time
    ) -> None:
        """Of all sequences of three letters, those sent rise, and gaps have a reason."""
        kinds = ("remind", "interview", "notice")
        tried = [(a, b) for a in kinds for b in kinds]
        for n, verbs in enumerate(tried, 1):
            desk = Desk(town, city, await put_case(town, n))
            await desk.act("accept")
            for verb in verbs:
                try:
                    await desk.act(verb, BOSS, demand="请整改", skip_reason="情况紧急")
                except Conflict:
                    continue
            sent = await letters(desk)
            ranks = [kinds.index(one.kind) for one in sent]
            assert ranks == sorted(set(ranks))
            gaps = [rank - before for before, rank in pairwise([-1, *ranks])]
            assert [one.skip_reason is not None for one in sent] == [gap > 1 for gap in gaps]

    async def test_f31_a_letter_sent_again_uses_up_no_number(
        self, town: Database, city: City, time: Time
    ) -> None:
        """Whoever sends it a second time gets the case as it is, and the numbers have no gap."""
        numbers = []
        for n in (1, 2):
            desk = Desk(town, city, await put_case(town, n))
            await desk.act("accept")
            for _ in range(2):
                await desk.act("remind", BOSS, demand="请于三日内完成整改")
            numbers += [one.number for one in await letters(desk)]
        year = FRIDAY.year
        assert numbers == [f"测试环督提〔{year}〕{n}号" for n in (1, 2)]
