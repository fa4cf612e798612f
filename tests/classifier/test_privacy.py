"""Who writes, and who is harmed, cannot be told from what is shown; what the matter needs can."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from classifier.redact import hidden_spans, redact

_AROUND = st.text(alphabet="河边工地夜里噪声很大请来看看,。\n ", max_size=10)
_CHINESE = str.maketrans("0123456789", "零一二三四五六七八九")
_MARKS = {
    *("[身份信息]", "【姓名】", "【电话】", "【身份证号】", "【银行卡号】", "【车牌】"),
    *("【住址】", "【微信】", "【邮箱】", "【证件号】"),
}
_MIXED = st.text(
    alphabet="一三八零我叫王小明周建香邻居村民老公孩子住家在栋单元室号楼路微信电话本人是厂工人年级班"
    "湘A1234567890-xX:@. ,、。\n【】先生女士此致",
    max_size=80,
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("联系人张三,白天在家", "联系人【姓名】,白天在家"),
        ("邻居李明养了十几只鸡", "邻居【姓名】养了十几只鸡"),
        ("村民周建香在村口反映", "村民【姓名】在村口反映"),
        ("村民周建香、卢德增已住院", "村民【姓名】已住院"),
        ("来电人王先生反映油烟", "来电人【姓名】反映油烟"),
        ("李女士家也闻到", "【姓名】家也闻到"),
        ("隔壁赵大爷睡不着", "隔壁【姓名】睡不着"),
        ("我是清溪小区的业主彭小河,请处理", "我是清溪小区的业主【姓名】,请处理"),
        ("此致敬礼!\n张晓河\n2026年11月20日", "此致敬礼!\n【姓名】\n2026年11月20日"),
        ("河水发黑。李小江 2026年11月2日", "河水发黑。【姓名】 2026年11月2日"),
        ("张晓河 13907310000", "【姓名】 【电话】"),
        ("反映人:刘 洋", "反映人:【姓名】"),
        ("我老公叫吴昊,住隔壁", "我老公叫【姓名】,住隔壁"),
        ("电话139.0731.0000", "电话【电话】"),
        ("电话1 3 9 0 7 3 1 0 0 0 0", "电话【电话】"),
        ("打一三九 零七三一 零零零零", "打【电话】"),
        ("幺三九07310000", "【电话】"),
        ("电话0731 8411 0000", "电话【电话】"),
        ("固话84110000", "固话【电话】"),
        ("护照E12345678", "护照【证件号】"),
        ("学号:201912345", "学号:【证件号】"),
        ("加我v river77", "加我v 【微信】"),
        ("抖音号riverman2020", "抖音号【微信】"),
        ("湘A·D1234挂", "【车牌】"),
        ("家住解放路123号,楼下吵", "家住解放路【住址】,楼下吵"),
        ("我家就在3栋502", "我家就在【住址】"),
        ("清溪小区3幢2单元1101很臭", "清溪小区【住址】很臭"),
        ("我孩子在育才学校读初二3班,闻到臭味", "[身份信息],闻到臭味"),
        ("我老公在那个厂里上班,他说的", "[身份信息],他说的"),
        (
            "来电人系该厂职工,要求保密",
            "[身份信息],要求保密",
        ),
        ("我是3栋的楼长,大家托我", "[身份信息],大家托我"),
        ("我在他们公司上过班", "[身份信息]"),
    ],
)
def test_who_it_is_cannot_be_told(text: str, shown: str) -> None:
    """Names without a label, numbers in any writing, homes, one's own place give way to marks."""
    assert redact(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        "局长王强收了红包",
        "村支书李某不管,老板刘某嚣张",
        "负责人陈先生说已经装了净化器",
        "长沙某某环保科技有限公司夜里排水",
        "居民严重不满,业主成立委员会",
        "居民凌晨被吵醒,群众向政府反映",
        "住户施工扰民,学生高度紧张",
        "村民周末都睡不好",
        "老人常年咳嗽",
        "谢谢领导\n谢谢",
        "黄土、黄泥、石子到处是",
        "岳麓区、雨花区、开福区都闻到",
        "万家丽路123号的公司噪声大",
        "书院路9号饭店的油烟",
        "8栋和9栋之间的烧烤摊",
        "订单号6222020200000000006",
        "运单SF20261121已签收",
        "G60高速K12+300,107国道,S207线",
        "夜里65.5分贝,白天70-72分贝",
        "赔偿13800元,罚款100000元",
        "工单号20261121000123",
        "湘环评〔2019〕36号",
        "一九九八年建的厂",
        "晚上11点半到凌晨3点",
    ],
)
def test_what_the_matter_needs_stays(text: str) -> None:
    """Officials and owners complained of, firms, roads, order numbers, sums and sounds stay."""
    assert redact(text) == text


@given(
    _AROUND,
    st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True),
    st.sampled_from(["", " ", "-", "."]),
    _AROUND,
)
def test_no_phone_survives_in_any_grouping(
    before: str, mobile: str, between: str, after: str
) -> None:
    """A mobile number in groups does not come through, nor do four of its digits in a row."""
    written = between.join((mobile[:3], mobile[3:7], mobile[7:]))
    shown = redact(f"{before}{written}{after}")
    assert "【电话】" in shown
    assert not re.search(r"\d{4}", shown)


@given(_AROUND, st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True))
def test_no_spoken_phone_survives(before: str, mobile: str) -> None:
    """Written out in Chinese a mobile number does not come through either."""
    assert "【电话】" in redact(f"{before}电话{mobile.translate(_CHINESE)}。")


@given(
    st.sampled_from(
        [
            "工单号{}",
            "订单号:{}",
            "编号{}号",
            "受理号{}",
            "运单号{}",
            "文号{}",
            "统一社会信用代码{}",
        ]
    ),
    st.integers(10**9, 10**18),
)
def test_numbers_of_cases_and_orders_stay(label: str, number: int) -> None:
    """What is labelled as the number of a case or an order is no bank card and no landline."""
    text = label.format(f"9{number}")
    assert redact(text) == text


@given(
    st.sampled_from(["{}国道", "G{}高速", "S{}省道", "X{}线", "万家丽路{}号的公司", "{}路公交"]),
    st.integers(1, 9999),
)
def test_numbers_of_roads_stay(road: str, number: int) -> None:
    """Roads and the numbers of firms on them stay."""
    text = f"{road.format(number)}旁边噪声很大"
    assert redact(text) == text


@given(
    st.floats(0, 9_999_999, allow_nan=False),
    st.sampled_from(["元", "分贝", "吨", "米", "亩", "户", "万元"]),
)
def test_measures_stay(amount: float, unit: str) -> None:
    """Sums, sounds, weights and lengths stay."""
    text = f"大约{amount:.1f}{unit}左右"
    assert redact(text) == text


@given(
    st.datetimes(), st.sampled_from(["%Y-%m-%d %H:%M", "%Y年%m月%d日%H点", "%Y/%m/%d", "%H:%M:%S"])
)
def test_dates_and_times_stay(moment: object, form: str) -> None:
    """When it happened stays."""
    text = f"于{moment:{form}}开始"
    assert redact(text) == text


@given(_MIXED)
def test_spans_say_what_was_hidden(text: str) -> None:
    """The spans are in order and apart, and between them the text is as it was."""
    pieces, reached = [], 0
    for start, end, mark in hidden_spans(text):
        assert reached <= start < end <= len(text)
        assert mark in _MARKS
        pieces += [text[reached:start], mark]
        reached = end
    assert redact(text) == "".join((*pieces, text[reached:]))


@given(_MIXED)
def test_hiding_twice_hides_no_more(text: str) -> None:
    """What is redacted is redacted."""
    assert redact(redact(text)) == redact(text)


@given(st.text())
def test_anything_can_be_redacted(text: str) -> None:
    """No text breaks it."""
    assert isinstance(redact(text), str)


@pytest.mark.parametrize(
    "unit",
    [
        "张三、",
        "邻居王",
        "我孩子在",
        "我家在",
        "来电人",
        "1 3 ",
        "幺三",
        "此致",
        "村民周建香、",
        "0731 ",
    ],
)
def test_names_in_long_texts_take_time_in_proportion(unit: str) -> None:
    """A hundred thousand characters of the worst sort are read within three seconds."""
    text = (unit * 100_000)[:100_000]
    start = time.process_time()
    redact(text)
    assert time.process_time() - start < 3
