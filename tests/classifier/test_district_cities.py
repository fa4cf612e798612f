"""Places in Zhangzhou, Hangzhou, Chongqing and Lincang, and what was renamed or abolished there."""

import pytest

from classifier.district import AMBIGUOUS, Districts
from classifier.normalize import fold
from models.city_load import installed_cities, load_city
from models.tags import TagRequest


@pytest.fixture(scope="module")
def districts() -> Districts:
    """Give the finder of all cities that ship, by their official names alone."""
    return Districts([load_city(code) for code in installed_cities()], {})


def read(districts: Districts, city: str, text: str) -> tuple[str | None, str | None, str | None]:
    """Read the county, township and zone of a text."""
    tag = districts.place(TagRequest(id="1", text=text, city=city), fold(text), 0).tag
    return tag.adcode, tag.township, tag.zone


@pytest.mark.parametrize(
    ("city", "text", "adcode"),
    [
        ("350600", "芗城区丹霞路工地夜里施工", "350602"),
        ("350600", "龙海市石码镇河边倒垃圾", "350604"),
        ("350600", "长泰县一家石材厂扬尘大", "350605"),
        ("350600", "角美镇夜里有刺鼻气味", "350604"),
        ("330100", "下城区朝晖街道楼下烧烤", "330105"),
        ("330100", "江干区采荷街道餐饮油烟", "330102"),
        ("330100", "乔司街道服装厂烫染气味", "330113"),
        ("330100", "钱塘区临江街道化工气味", "330114"),
        ("500000", "渝北区龙溪街道工地半夜施工", "500157"),
        ("500000", "江北区观音桥步行街喇叭吵", "500157"),
        ("500000", "沙坪坝区磁器口烧烤油烟", "500106"),
        ("500000", "统景镇温泉边上有人倒垃圾", "500109"),
        ("500000", "彭水县城里的锅炉冒黑烟", "500243"),
        ("530900", "云县茶房乡猪场臭", "530922"),
        ("530900", "孟定镇橡胶厂臭气", "530926"),
        ("530900", "双江自治县勐库镇茶厂废水", "530925"),
    ],
)
def test_counties_and_towns_of_the_new_cities(
    districts: Districts, city: str, text: str, adcode: str
) -> None:
    """Present names, and those of counties that were renamed, merged or abolished."""
    assert read(districts, city, text)[0] == adcode


@pytest.mark.parametrize(
    ("city", "text", "zone", "adcode"),
    [
        ("350600", "古雷石化基地夜里一股酸味", "350600-Z-GL", "350623"),
        ("350600", "台商投资区某厂喷漆味", "350600-Z-TS", "350604"),
        ("330100", "大江东那边的印染厂废气", "330100-Z-QT", "330114"),
        ("500000", "长寿经开区夜里酸味", "500000-Z-CS", "500115"),
        ("500000", "万盛经开区矿山扬尘", "500000-Z-WS", "500110"),
        ("530900", "临沧高新区食品厂污水", "530900-Z-GX", "530902"),
    ],
)
def test_zones_of_the_new_cities(
    districts: Districts, city: str, text: str, zone: str, adcode: str
) -> None:
    """A zone gives its county and itself."""
    county, _, found = read(districts, city, text)
    assert (county, found) == (adcode, zone)


@pytest.mark.parametrize(
    ("city", "text", "flag"),
    [
        ("350600", "龙海区九龙江边上有人偷排", "place:jiulongjiang"),
        ("330100", "千岛湖镇千岛湖里漂着油", "place:qiandaohu"),
        ("330100", "滨江区钱塘江边有人电鱼", "place:qiantangjiang"),
        ("500000", "万州区长江里有油污", "place:changjiang"),
        ("500000", "渝中区嘉陵江边洗车", "place:jialingjiang"),
        ("530900", "耿马县南汀河夜里挖砂", "place:nantinghe"),
    ],
)
def test_named_waters_give_their_flag(
    districts: Districts, city: str, text: str, flag: str
) -> None:
    """Each river that documents name is known, for its chiefs and for the rules."""
    assert flag in districts.place(TagRequest(id="1", text=text, city=city), fold(text), 0).flags


def test_a_town_that_left_its_abolished_county_for_another_is_left_to_people(
    districts: Districts,
) -> None:
    """渝北区 became 两江新区, but 统景镇 went to 北碚区: the text names both."""
    text = "渝北区统景镇温泉边上有人倒垃圾"
    found = districts.place(TagRequest(id="1", text=text, city="500000"), fold(text), 0)
    assert found.reasons == (AMBIGUOUS,)
    assert set(found.tag.candidates) == {"500157", "500109"}


@pytest.mark.parametrize(
    ("text", "township"),
    [
        ("瓜沥镇路边烧烤摊", "330109113"),
        ("余杭区仓前街道路口堆垃圾", "330110014"),
        ("萧山区新街街道街边摆摊", "330109012"),
    ],
)
def test_a_towns_roadside_is_the_town(districts: Districts, text: str, township: str) -> None:
    """What follows a town's full name is beside a road there, not a road's name."""
    assert read(districts, "330100", text)[1] == township


def test_small_names_of_other_cities_say_nothing_here(districts: Districts) -> None:
    """A sub-district, estate or brand may bear the name of a place far away."""
    for text in ("观音桥那边的火锅店油烟大", "石桥街道口子上堆垃圾", "千岛湖鱼头馆油烟大"):
        found = districts.place(TagRequest(id="1", text=text, city="430100"), fold(text), 0)
        assert found.tag.adcode is None
        assert "place_outside" not in found.reasons
    assert read(districts, "430100", "岳麓区千岛湖鱼头馆油烟大")[0] == "430104"
