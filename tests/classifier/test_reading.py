"""Hard texts of domain section 2.5 and the types' neighbours, read by the shipped model."""

import pytest

from classifier.engine import Tagger
from models.tags import TagRequest, Tags


def tag(tagger: Tagger, text: str, *, city: str | None = "430100") -> Tags:
    """Tag one text."""
    return tagger.tag([TagRequest(id="1", text=text, city=city)])[0]


def test_what_is_denied_does_not_count(tagger: Tagger) -> None:
    """「不是油烟,是旁边化工厂的味」 is an industrial smell."""
    tags = tag(tagger, "不是油烟,是旁边化工厂的味")
    assert tags.main == "A02"
    assert "odor:industry" in tags.flags
    assert "A03" not in {one.code for one in tags.types}


def test_asking_is_not_complaining(tagger: Tagger) -> None:
    """「不是要投诉,就问问标准」 is an inquiry, and never urgent."""
    tags = tag(tagger, "不是要投诉,就问问夜间施工的噪声标准是多少")
    assert (tags.kind.code, tags.urgency.code) == ("ZX", "P3")


def test_the_same_again_is_a_repeat(tagger: Tagger) -> None:
    """「上次说处理了,一样黑」 is told as a repeat."""
    assert tag(tagger, "上次说处理了,河水还是一样黑").kind.code == "CF"
    assert tag(tagger, "第二次来电反映同一单位食堂油烟,还在办理中").kind.code == "CF"


def test_praise_is_praise(tagger: Tagger) -> None:
    """「希望表扬城管,垃圾清了」 goes to a person as praise."""
    tags = tag(tagger, "希望表扬城管,垃圾清了,街道干净多了")
    assert tags.kind.code == "BY"
    assert "praise" in tags.review_reasons


@pytest.mark.parametrize(
    "text",
    ["举报我们环保局局长不管", "举报环保分局收钱不查", "环保局包庇化工厂,请上级追究局长责任"],
)
def test_an_authority_complained_of_goes_to_a_person(tagger: Tagger, text: str) -> None:
    """A complaint about an authority is never left to the machine."""
    assert "misconduct" in tag(tagger, text).review_reasons


def test_no_evidence_is_no_reason_to_refuse(tagger: Tagger) -> None:
    """「没证据你们来查」 is a complaint like any other."""
    tags = tag(tagger, "没有证据,你们来查就知道了,化工厂半夜排放刺鼻的气味")
    assert tags.kind.code in {"TS", "JB"}
    assert "invalid" not in tags.review_reasons


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("路边烧烤摊炭火的烟往楼上飘", "A09"),
        ("一楼饭馆炒菜的油烟飘到六楼", "A03"),
        ("邻居家做饭的油烟从公用烟道倒灌进来", "Z10"),
        ("楼上邻居装修,电钻从早响到晚", "N06"),
        ("工地凌晨还在打桩浇混凝土", "N02"),
        ("小区水泵房整夜嗡嗡响", "N07"),
        ("超市的空调外机正对着卧室,轰轰响", "N08"),
        ("广场舞音响太吵", "N05"),
        ("手机店门口喇叭循环叫卖", "N04"),
        ("楼上狗叫、打麻将到半夜", "N13"),
        ("改装摩托车半夜炸街", "N09"),
        ("地铁从楼下过,地板震得响", "N10"),
        ("住在机场旁边,飞机起降太吵", "N11"),
        ("污水处理厂附近臭得不敢开窗", "A02"),
        ("污水处理厂排出来的水是黑的", "W07"),
        ("河边涵管口流出黑水,不知道是哪家的", "W11"),
        ("养猪场的粪水流进水沟", "W04"),
        ("垃圾桶里有针头和血袋", "S05"),
        ("荒地上有人卸下蓝色铁桶,味道刺鼻", "S04"),
        ("采砂船夜里在河里采砂", "C04"),
        ("有人背着电瓶在河里电鱼", "C08"),
        ("楼顶的5G基站辐射大不大,要求拆除", "E01"),
        ("小区旁边的变电站和高压线有辐射", "E02"),
        ("对面LED大屏晚上刺眼", "X01"),
        ("写字楼玻璃幕墙反光刺眼", "X02"),
        ("工地塔吊大灯整夜照进家里", "X03"),
        ("海面上有油带往岸边漂", "M01"),
        ("厂里篡改在线监测数据", "P02"),
        ("坚决反对在小区旁建垃圾焚烧厂", "P04"),
        ("新房装修甲醛超标", "Z01"),
    ],
)
def test_neighbouring_types_are_told_apart(tagger: Tagger, text: str, code: str) -> None:
    """Each text has the main type that the tie-breaks of the taxonomy give."""
    assert tag(tagger, text).main == code


def test_several_matters_are_cut_apart(tagger: Tagger) -> None:
    """A mixed complaint names its issues and where each stands."""
    text = "餐馆油烟往楼上飘,空调外机的噪声也大,还占道摆桌椅"
    tags = tag(tagger, text)
    assert {"A03", "N08"} <= {one.code for one in tags.types}
    found = {issue.type: text[slice(*issue.span)] for issue in tags.issues}
    assert "油烟" in found["A03"]
    assert "空调外机" in found["N08"]


def test_a_protected_place_comes_before_the_type(tagger: Tagger) -> None:
    """At source water, rubbish and anglers are a matter of the source."""
    tags = tag(tagger, "盘龙区松华坝水库边有人烧烤,垃圾扔得到处都是", city="530100")
    assert tags.main == "W06"
    assert "place:source_water" in tags.flags


def test_what_is_no_environmental_matter_goes_to_a_person(tagger: Tagger) -> None:
    """Property and pay go back to the hotline through a person."""
    tags = tag(tagger, "开发商两年不给办房产证,物业费还涨价")
    assert tags.main.startswith("Z")
    assert "not_environment" in tags.review_reasons


def test_doubt_is_said(tagger: Tagger) -> None:
    """A text that could be anything is not decided by the machine."""
    tags = tag(tagger, "那边的情况越来越严重了,希望有关部门重视一下")
    assert "low_confidence_type" in tags.review_reasons


@pytest.mark.parametrize(
    ("text", "urgency"),
    [
        ("化工厂储罐泄漏,附近的人头晕呕吐", "P0"),
        ("一栋楼多户自来水有油味", "P0"),
        ("有人往河滩倒废机油和化工残渣", "P1"),
        ("水塘里的鱼都死了,翻白肚漂在水面", "P1"),
        ("楼下饭店油烟大", "P2"),
        ("请问油烟净化器的标准是什么", "P3"),
    ],
)
def test_urgency_follows_the_danger(tagger: Tagger, text: str, urgency: str) -> None:
    """Emergencies, serious harm, ordinary nuisance and questions are told apart."""
    tags = tag(tagger, text)
    assert tags.urgency.code == urgency
    assert ("hazard" in tags.review_reasons) is (urgency == "P0")
