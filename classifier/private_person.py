"""Persons in a text: names of who writes and of third private persons, and words about oneself.

Names of officials and of those who run what is complained of stay (局长王强, 老板李四): the unit
that handles the matter needs them. A private person's name tells who complains, or was harmed.
"""

import re
from typing import Final

from classifier.names import (
    TITLED,
    doubtful_name,
    firm_name,
    listed_names,
    loose_name,
    whole_name,
)
from classifier.private_rule import Match, Rule, labelled, rule
from models.tags import Span

_WORK: Final = (
    "员工|职工|工人|工作人员|保安|门卫|司机|会计|出纳|厨师|操作工|技术员|化验员|班组?长"
    "|老师|教师|护士|医生|学生(?!家长|的)|保洁|电工|焊工|仓管|文员|质检员|前台"
)
_PLACE: Final = (
    "厂|公司|企业|单位|工厂|酒店|医院|学校|中学|小学|项目部|工地|车间|店|养殖场|那里|里面|矿|站"
)
_ROLE: Final = "楼栋?长|业委会(?:主任|成员|委员)|网格员|村医|村会计|村民小组长"
_WHO: Final = r"(?:我们?|本人|来电人|举报人|投诉人|反映人|其(?=自称|称|系|为|是))"
_TEXT: Final = r"[^，。,.;；！!?？\s]"
_SELF: Final = (
    rf"{_WHO}(?:自称|称|之前|以前|曾经?|原来|原先)?(?:就?是|系|作为|为|在)(?:本人)?{_TEXT}{{0,14}}?"
    rf"(?:(?:{_PLACE}){_TEXT}{{0,6}}?(?:{_WORK})(?![们])"
    rf"|(?:{_PLACE})里?(?:的?时候)?(?:上过?班|打过?工|工作|做过?事|任职|干过?)(?![日时的人])"
    rf"|内部(?:员工|职工|人士|人员)|(?:{_ROLE}))"
)
_KIN: Final = (
    "老公|丈夫|爱人|老婆|妻子|儿子|女儿|爸爸?|父亲|妈妈?|母亲|哥哥?|弟弟?|姐姐?|妹妹?|家人"
)
_KIN_WORK: Final = (
    rf"我(?:的|家)?(?:{_KIN})(?:就|也|以前|曾)?在{_TEXT}{{0,12}}?(?:{_PLACE})里?"
    r"(?:上过?班|打过?工|工作|做过?事|任职)"
)
_CHILD: Final = (
    rf"我们?(?:的|家)?(?:孩子|小孩|儿子|女儿|娃儿?|孙子|孙女|外孙女?)(?:今年|现在|正)?"
    rf"(?:在|就读于?|读|上){_TEXT}{{0,16}}?(?:[一二三四五六七八九十\d]{{1,3}}班|[一二三四五六]年级"
    r"|初[一二三]|高[一二三](?!层))(?:\(?[\d一二三四五六七八九十]{1,3}\)?班)?"
)
_NAME: Final = r"(?P<hide>[\u4e00-\u9fff][\u4e00-\u9fff ]{0,4})"
_SHORT_NAME: Final = r"(?P<hide>[\u4e00-\u9fff]{2,3})"
_LABEL: Final = "姓名|联系人|投诉人|举报人|反映人|来信人|来电人|留言人|申请人|署名|户主"
_FIRM: Final = (
    r"(?:(?:我叫|我名叫|我的?名字[叫是]|本人(?:姓名|名叫|叫)|我姓)[是为叫:： ]{0,2}"
    rf"|(?:{_LABEL})(?:[是为叫]|[:： ]{{1,3}}))" + _NAME
)
_DOUBTFUL: Final = (
    r"(?:本人|我是|我系)(?P<hide>[\u4e00-\u9fff]{2,4})"
    r"(?=[，,。.;；、(（:： \n]|$|系|住|家住|电话|联系)"
)
_OF_PLACE: Final = (
    rf"(?:本人|我)(?:是|系){_TEXT}{{1,16}}?(?:的|村民|居民|业主|住户){_SHORT_NAME}"
    r"(?=[，,。;；、(（:：\n]|$)"
)
_PRIVATE: Final = (
    "邻居|村民|居民|业主|住户|受害人|受害者|死者|伤者|病人|病患|患者|学生|家属|租客|房客|房东|当事人|同事|工友"
    "|群众|市民|网友|证人|老人|联系人|投诉人|举报人|反映人|来电人"
    rf"|我(?:的|家)?(?:{_KIN}|孩子|小孩|同学|朋友)"
)
_THIRD: Final = rf"(?:{_PRIVATE})(?:代表)?(?:名?叫|[:： ]{{0,2}}){_NAME}"
_SIGNED: Final = (
    r"(?:(?:此致|敬礼|敬上|拜上|盼复|为盼|落款|署名|签名|代表)[!！:： 。,，\n]{0,4}"
    r"|(?:^|[\n。！!？?])[ 　]*)"
    rf"{_SHORT_NAME}"
    r"(?=[ 　,，]{0,3}(?:(?:19|20)\d\d[年./-]|\d{1,2}月\d|1[3-9]\d{9}|【电话】|敬上|$|\n))"
)
_LISTED: Final = (
    r"(?:(?<![\u4e00-\u9fff、])|(?<=村民|居民|业主|伤者|患者|死者|病人|邻居)|(?<=受害[者人]))"
    r"(?P<hide>[\u4e00-\u9fff]{2,3}(?:、[\u4e00-\u9fff]{2,3}){1,40})"
)
_OFFICE: Final = re.compile(
    r"(?:局长|书记|主任|所长|镇长|乡长|县长|市长|区长|队长|科长|处长|院长|校长|厂长|经理|老板|法人|法定代表人"
    r"|负责人|董事长|支书|村长|干部|民警|站长|股东|业主方|店主|矿主|场主|承包人|开发商)[^，。,;；]{0,2}$"
)


def _titled(match: Match) -> Span | None:
    return None if labelled(match, _OFFICE) else match.span()


SELF_RULES: Final[tuple[Rule, ...]] = (
    rule("[身份信息]", "我本人其", _SELF),
    rule("[身份信息]", "我", _KIN_WORK),
    rule("[身份信息]", "我", _CHILD),
)
NAME_RULES: Final[tuple[Rule, ...]] = (
    rule("【姓名】", "叫名人姓署主", _FIRM, firm_name),
    rule("【姓名】", "本我", _DOUBTFUL, doubtful_name),
    rule("【姓名】", "本我", _OF_PLACE, whole_name),
    rule("【姓名】", "、", _LISTED, listed_names),
    rule("【姓名】", "生士姐爷妈娘姨哥嫂叔奶婆太学某", TITLED, _titled),
    rule("【姓名】", "居民主户人者属患生客东事友众市我", _THIRD, loose_name),
    rule("【姓名】", "礼致上盼落署签表\n12", _SIGNED, whole_name),
)
