"""Emergencies are heard, and what only sounds like one is not."""

import pytest

from classifier.document import read_documents
from classifier.hazard import Hazard, find_hazards
from classifier.lexicon import lexicon
from classifier.tokens import cutter
from models.tags import TagRequest


def _hazards(text: str) -> list[Hazard]:
    (document,) = read_documents([TagRequest(id="a", text=text)], cutter(), lexicon())
    return find_hazards(document)


@pytest.mark.parametrize(
    "text",
    [
        "化工厂的罐子正在泄漏,刺鼻得很",
        "刚才隔壁车间爆炸了,窗户都震碎",
        "楼道里煤气味很重,请快来",
        "仓库着火了,浓烟滚滚",
        "工厂冒出黄烟,好几个人头晕呕吐",
        "厂里漏氨,工人都往外跑",
        "学生闻到毒气,十几人送医",
        "河面漂满死鱼,白花花一片",
        "一夜之间整条河的鱼全死了",
        "江面漂着大片油状物",
        "罐车翻到河里,柴油流进水里",
        "单位的探伤源丢了",
        "废品站捡到一个印着三叶草的铅罐",
        "放射源被盗,找不到了",
        "安检门辐射报警一直响",
        "一车人半夜往山沟倒了几十桶废酸",
        "有人往荒地埋了上百吨化工废料",
        "整栋楼的自来水都有煤油味",
        "我们全村自来水发黑有刺鼻异味",
        "水源地上游有人投毒",
        "挖机把天然气管道挖断了",
        "液氨储罐泄漏,附近村民呼吸困难",
        "村里好几个人喝了井水中毒住院",
        "冷库氨气泄漏,眼睛辣得睁不开",
        "大量医疗垃圾被倾倒在河滩,有几十吨",
        "昨晚油库起火,现在还在烧",
        "不明气体飘过来,很多人胸闷恶心",
        "水库里成片的鱼翻白肚",
        "输油管破了,原油流得到处都是",
        "小区燃气管道破裂,嘶嘶冒气",
        "工人在污水池里昏倒,送医抢救",
    ],
)
def test_an_emergency_is_heard(text: str) -> None:
    """A danger that is there now is an emergency, and the span lies within the text."""
    first = _hazards(text)[0]
    assert first.emergency
    assert first.reason.startswith("hazard:")
    assert text[slice(*first.span)]


@pytest.mark.parametrize(
    "text",
    [
        "没有发生泄漏,只是噪声大",
        "环境爆炸差,请管管",
        "楼上吵得我气炸了",
        "这家店生意火爆,油烟大",
        "担心加油站会不会爆炸",
        "请问煤气泄漏应该打哪个电话",
        "公司组织了泄漏应急演练",
        "我的个人信息被泄露了",
        "朋友圈都炸了",
        "炸街摩托每晚轰鸣",
        "店里卖炸鸡,油烟呛人",
        "小区里乱停车,有火灾隐患",
        "消防通道堵了,怕着火",
        "采石场放炮像爆炸一样",
        "前年仓库起火,早已重建",
        "渗漏已经修好了,谢谢",
        "基站有辐射,要求拆除",
        "变电站电磁辐射让人担心",
        "养鱼的人电鱼,河里有死鱼",
        "田里烧秸秆,火很大",
        "过年放烟花,爆炸声不断",
        "电脑中毒了开不了机",
        "担心以后会污染饮用水",
        "希望加强安全,防止泄漏",
        "看新闻说外省化工厂爆炸",
        "自来水水压太低",
        "自来水消毒水味有点重",
        "垃圾桶没人清,臭味大",
        "食堂油烟大,熏得头晕",
        "广场舞音响太大",
        "附近住户抱怨油漆味",
        "医院门口乱停车",
        "信息爆炸的时代,请加强宣传",
        "他上网中毒太深",
        "快递站聚集了很多垃圾",
    ],
)
def test_a_near_miss_is_no_emergency(text: str) -> None:
    """What is denied, feared, asked, long past, settled, a drill or a figure of speech is none."""
    assert not any(found.emergency for found in _hazards(text))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("小学旁边化工厂的刺鼻气味飘进教室", "sensitive:school"),
        ("高考期间工地还在打桩", "sensitive:exam"),
        ("三十多个村民聚集在厂门口", "group"),
        ("池塘里的鱼虾都死光了", "serious:fish_kill"),
    ],
)
def test_what_is_urgent_is_no_emergency(text: str, reason: str) -> None:
    """Schools under a smell, exams, crowds and dead fish in a pond make a matter urgent only."""
    found = _hazards(text)
    assert reason in {one.reason for one in found}
    assert not any(one.emergency for one in found)


def test_emergencies_come_first() -> None:
    """Where a text tells of both, the emergency stands first and each reason once."""
    found = _hazards("高考期间旁边化工厂的罐子泄漏。罐子又泄漏了,刺鼻。")
    assert [one.emergency for one in found] == sorted(
        (one.emergency for one in found), reverse=True
    )
    assert len({one.reason for one in found}) == len(found)
