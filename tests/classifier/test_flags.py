"""The circumstances that rules ask for are read from the text."""

import pytest

from classifier.document import read_documents
from classifier.flags import find_flags
from classifier.lexicon import lexicon
from classifier.tokens import cutter
from models.tags import TagRequest
from models.taxonomy import flags


def _flags(text: str, *types: str, kind: str = "TS") -> tuple[str, ...]:
    (document,) = read_documents([TagRequest(id="a", text=text)], cutter(), lexicon())
    return find_flags(document, types, kind)


@pytest.mark.parametrize(
    ("text", "code", "flag"),
    [
        ("工地凌晨两点还在打桩", "N02", "time:night"),
        ("晚上11点半以后还在浇筑", "N02", "time:night"),
        ("中午午休时间电钻响", "N02", "time:noon"),
        ("高考期间施工不停", "N02", "time:exam"),
        ("工地说有夜间施工许可证", "N02", "night_permit"),
        ("猪场臭味飘进村", "A02", "odor:livestock"),
        ("污水处理厂臭得很", "A02", "odor:wwtp"),
        ("垃圾填埋场的臭气", "A02", "odor:waste"),
        ("半夜一股塑料味,不知道从哪里来的", "A02", "odor:unknown"),
        ("半夜一股塑料味,不知道从哪里来的", "A02", "source:unknown"),
        ("河里死鱼一片", "W03", "fish_kill"),
        ("厂里用暗管往河里排", "W01", "hidden_pipe"),
        ("厂里篡改在线监测数据", "P02", "data_fraud"),
        ("一楼饭店没有专用烟道", "A03", "no_flue"),
        ("单位食堂的油烟", "A03", "canteen"),
        ("有人往沟里倾倒渣土", "S02", "dumping"),
        ("整栋楼的自来水都有味", "Z04", "many_households"),
        ("三十多户居民一起反映", "P04", "group"),
        ("已经多次投诉没人管", "N03", "repeat"),
        ("高速公路施工扬尘", "A04", "traffic_project"),
        ("河道整治工地的灰", "A04", "water_project"),
        ("公园施工的灰", "A04", "garden_project"),
        ("裸土没有覆盖", "A04", "bare_land"),
        ("邻居散养几只鸡", "W04", "scale:small"),
        ("万头猪场排粪水", "W04", "scale:large"),
        ("自然村的污水", "W08", "rural"),
        ("没有环评就开工", "P01", "permit_missing"),
        ("学校门口的工厂", "N01", "place:school"),
        ("火车半夜鸣笛", "N10", "facility:railway"),
        ("火车站的广播太响", "N10", "facility:railway"),
        ("5个村民一起来反映", "P04", "group"),
        ("几十个业主联名反对", "P04", "group"),
        ("农药厂的臭味", "A02", "industry:chemical"),
        ("上次投诉后没有变化", "N03", "repeat"),
        ("渣土倒在河滩上", "S02", "dumping"),
        ("军营旁边的工地太吵", "N02", "place:military"),
    ],
)
def test_a_circumstance_is_read(text: str, code: str, flag: str) -> None:
    """Words, hours and crowds give the flags that the rules of duty ask for."""
    assert flag in _flags(text, code)


@pytest.mark.parametrize(
    ("text", "code", "flag"),
    [
        ("早上八点开始装修", "N06", "time:night"),
        ("晚上八点跳广场舞", "N05", "time:night"),
        ("下午两点还在放喇叭", "N04", "time:night"),
        ("中考虑到居民感受", "N02", "time:exam"),
        ("孩子明年就要中考了,工地夜里打桩", "N02", "time:exam"),
        ("市场里卖的死鱼很臭", "Z06", "fish_kill"),
        ("只有我一户受影响", "N13", "group"),
        ("猪场噪声大", "N01", "odor:livestock"),
        ("环保局查了也没用", "N01", "authority:eco"),
        ("倒了几十个铁桶", "S04", "group"),
        ("十几家工厂夜里排水", "W01", "group"),
        ("能坐上百人的大排档很吵", "N03", "group"),
        ("小区一共1200户,水泵很响", "N07", "group"),
        ("绿化工程的灰很大", "A04", "industry:chemical"),
        ("电动车在楼道里充电", "Z08", "facility:railway"),
        ("机场路的夜宵摊油烟大", "A03", "facility:airport"),
        ("没有证据,你们来查排污", "P02", "permit_missing"),
        ("要求立即停工,灰太大", "A04", "bare_land"),
        ("工人晕倒了,气味刺鼻", "A02", "dumping"),
        ("垃圾填埋场的臭气", "A02", "dumping"),
        ("喇叭重复播放广告", "N04", "repeat"),
        ("这是我第二次装修", "N06", "repeat"),
        ("大家都知道自来水水压低", "Z04", "many_households"),
        ("整栋楼的自来水水压太低", "Z04", "many_households"),
        ("退伍部队老兵反映噪声", "N13", "place:military"),
        ("邻居养狗半夜叫", "N13", "scale:small"),
        ("某集团开发的楼盘有死老鼠", "S08", "scale:large"),
        ("提高考核标准,管管工地", "N02", "time:exam"),
        ("公园区域音响大", "N05", "place:park_zone"),
    ],
)
def test_what_is_not_said_is_not_flagged(text: str, code: str, flag: str) -> None:
    """Hours of the day, other matters and other types give no such flag."""
    assert flag not in _flags(text, code)


def test_the_authority_complained_of_is_flagged() -> None:
    """A complaint about the ecology bureau says so, that it is not sent there."""
    assert "authority:eco" in _flags("举报环保局收钱不查", "P06", kind="JC")


@pytest.mark.parametrize(
    "text",
    [
        "匿名举报,请保密:两县交界处,半夜化工厂往河里倾倒,记者来过",
        "举报县水利局不作为",
        "学校医院旁的工业园,高铁地铁机场码头,凌晨施工",
    ],
)
def test_only_known_flags_are_given(text: str) -> None:
    """Every flag stands in the vocabulary that rules may use."""
    assert set(_flags(text, "A02", "W01", "P06", kind="JC")) <= flags()
