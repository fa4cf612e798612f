"""What of a text may be shown: identities hidden, facts of the matter kept."""

import re
import time
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.redact import redact

_WORDS = st.text(alphabet="河边工地夜里噪声很大请来看看,。\n", max_size=12)
_MIXED = st.text(
    alphabet="一三八零我叫王小明住在栋单元室号楼微信电话本人是厂工人湘A1234567890-xX:@. ,。\n",
    max_size=80,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("请回电13907310000,谢谢", "请回电【电话】,谢谢"),
        ("电话 139 0731 0000", "电话 【电话】"),
        ("打+86-13907310000找我", "打【电话】找我"),
        (
            "\uff11\uff13\uff19\uff10\uff17\uff13\uff11\uff10\uff10\uff10\uff10能联系到我",
            "【电话】能联系到我",
        ),
        ("号码一三九零七三一零零零零", "号码【电话】"),
        ("座机0731-84110000转802", "座机【电话】"),
        ("家里电话(0731)84110000", "家里电话【电话】"),
        ("客服400-123-4567没人接", "客服【电话】没人接"),
        ("联系电话:84110000", "联系电话:【电话】"),
        ("身份证430102199001011232", "身份证【身份证号】"),
        ("身份证号码:430102199001011234", "身份证号码:【身份证号】"),
        ("旧证430102900101123", "旧证【身份证号】"),
        ("卡号6222 0202 0000 0000 006", "卡号【银行卡号】"),
        ("车牌湘A12345的渣土车", "车牌【车牌】的渣土车"),
        ("湘AD12345撒了一路", "【车牌】撒了一路"),
        ("湘a·8k123跑得飞快", "【车牌】跑得飞快"),
        ("我的微信号是river_2020", "我的微信号是【微信】"),
        ("加QQ:123456789", "加QQ:【微信】"),
        ("VX river2020", "VX 【微信】"),
        ("写信到river.green@mail.cn", "写信到【邮箱】"),
        ("您好,我叫张晓河,家门口很吵", "您好,我叫【姓名】,家门口很吵"),
        ("我叫李民住在河边", "我叫【姓名】住在河边"),
        ("本人姓名:欧阳小河", "本人姓名:【姓名】"),
        ("联系人:陈女士", "联系人:【姓名】"),
        ("联系人:于小河", "联系人:【姓名】"),
        ("我姓周,住附近", "我姓【姓名】,住附近"),
        ("本人刘某某,反映油烟", "本人【姓名】,反映油烟"),
        ("投诉人:王 伟,男", "投诉人:【姓名】,男"),
        ("清溪小区3栋2单元501室很臭", "清溪小区【住址】很臭"),
        ("清溪小区12栋1203漏烟", "清溪小区【住址】漏烟"),
        ("清溪小区十二栋二单元", "清溪小区【住址】"),
        ("清溪小区3-2-501", "清溪小区【住址】"),
        ("我家在清溪小区5栋,隔壁吵", "我家在清溪小区【住址】,隔壁吵"),
        ("河口村3组28号的猪场", "河口村3组【住址】的猪场"),
        ("河口村门牌号28号", "河口村【住址】"),
        ("我是该厂职工,厂里偷排", "[身份信息],厂里偷排"),
        ("本人系这家公司的一名员工,请保密", "[身份信息],请保密"),
        ("我在那个电镀厂上班,他们半夜排水", "[身份信息],他们半夜排水"),
    ],
)
def test_identity_is_hidden(text: str, shown: str) -> None:
    """Numbers, names, homes and words about oneself give way to marks, the rest stays."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "工单KM2026112000345还没办",
        "单号ENV-430100-20261121-000123",
        "编号430102900101123已受理",
        "2026-11-21 23:30 开始打桩",
        "20261121晚上11点半",
        "书院路9号的饭店油烟",
        "G107国道旁,S207线K12+300处",
        "离我们小区300米,一共1200户",
        "赔了13800000000元也没用",
        "拨打12345和12369都没人管",
        "电话138****0000已留",
        "6栋楼下的烧烤摊",
        "这里有5栋18层的楼",
        "3栋200户都闻到",
        "一座山被挖平",
        "市民高度关注此事",
        "本人高度重视环境",
        "本人于昨日投诉",
        "本人曾反映,无果",
        "投诉人:宁远县河口村村民",
        "我们是河口村村民",
        "工厂工人晚上加班很吵",
        "微信公众号上也投诉过",
        "PM2.5达到150,COD为300",
        "河口村3组的水塘",
        "营业执照统一信用代码:430102900101123",
    ],
)
def test_facts_stay(text: str) -> None:
    """Case numbers, times, roads, communities, sums and plain words are left as they are."""
    assert redact(text) == text


@given(_WORDS, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True), _WORDS)
def test_no_mobile_survives(before: str, mobile: str, after: str) -> None:
    """Whatever stands around a mobile number, it does not come through."""
    assert redact(f"{before}{mobile}{after}") == f"{before}【电话】{after}"


@given(
    st.integers(0, 6),
    st.dates(date(1930, 1, 1), date(2026, 12, 31)),
    st.integers(0, 999),
)
def test_no_identity_number_survives(region: int, born: date, serial: int) -> None:
    """Every well-formed identity number is hidden, and a wrong check digit alone is not one."""
    body = f"43010{region}{born:%Y%m%d}{serial:03}"
    total = sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(body))
    right = "10X98765432"[total % 11]
    wrong = "10X98765432"[(total + 1) % 11]
    assert redact(f"证号{body}{right}。") == "证号【身份证号】。"
    assert "【身份证号】" not in redact(f"流水{body}{wrong}。")


@given(_MIXED)
def test_once_is_enough(text: str) -> None:
    """Hiding again changes nothing."""
    assert redact(redact(text)) == redact(text)


@given(_MIXED)
def test_nothing_else_changes(text: str) -> None:
    """What stands between the marks is the text itself, in its order."""
    reached = 0
    for piece in re.split(r"【[^】]{2,4}】|\[身份信息\]", redact(text)):
        at = text.find(piece, reached)
        assert at >= 0
        reached = at + len(piece)


@pytest.mark.parametrize(
    "unit",
    [
        "1",
        "12 ",
        "138-",
        "a",
        "我是",
        "我是厂",
        "3栋",
        "3-2-",
        "联系人:",
        "微信",
        "a.",
        "三",
        "湘a1",
        "3栋2单元,",
        "13907310000,",
        "湘A12345,",
    ],
)
def test_long_texts_take_time_in_proportion(unit: str) -> None:
    """A hundred thousand characters of the worst sort are read within two seconds."""
    text = (unit * 100_000)[:100_000]
    start = time.perf_counter()
    redact(text)
    assert time.perf_counter() - start < 2
