"""Where it happens: names, traps, homes, other cities, and the honest unknown."""

import pytest

from classifier.district import AMBIGUOUS, CONFLICT, OUTSIDE, UNKNOWN, Districts, Placed
from classifier.normalize import fold
from models.city import City
from models.tags import TagRequest


@pytest.fixture(scope="session")
def districts(changsha: City, kunming: City) -> Districts:
    """Know both cities by their official names alone."""
    return Districts([changsha, kunming], {})


def place(
    districts: Districts,
    text: str,
    *,
    city: str | None = "430100",
    title: str | None = None,
    adcode: str | None = None,
    township: str | None = None,
) -> Placed:
    """Place one text."""
    request = TagRequest(
        id="1", text=text, title=title, city=city, adcode=adcode, township=township
    )
    return districts.place(request, fold(request.full_text), len(title or ""))


@pytest.mark.parametrize(
    ("text", "adcode"),
    [
        ("岳麓区有家印刷厂味道很大", "430104"),
        ("长沙市开福区某小区楼下烧烤油烟扰民", "430105"),
        ("望城坡街道一处工地夜里打桩", "430104"),
        ("星沙的搅拌站灰尘大", "430121"),
        ("宁乡县一个石场放炮", "430182"),
        ("浏阳市大瑶镇鞭炮厂排黄烟", "430181"),
    ],
)
def test_a_named_county_or_township_is_found(districts: Districts, text: str, adcode: str) -> None:
    """Whole names, aliases, townships and abolished names lead to the county of today."""
    found = place(districts, text)
    assert (found.tag.adcode, found.reasons) == (adcode, ())
    assert found.tag.p >= 0.8


def test_the_same_name_means_the_place_of_the_channels_city(districts: Districts) -> None:
    """五华区 on Kunming's hotline is Kunming's; on Changsha's it lies outside."""
    assert place(districts, "五华区一家饭店油烟大", city="530100").tag.adcode == "530102"
    outside = place(districts, "五华区一家饭店油烟大")
    assert (outside.tag.adcode, outside.reasons) == (None, (OUTSIDE,))


def test_a_short_name_with_its_last_character_is_a_county_before_a_road(
    districts: Districts,
) -> None:
    """石林县 is not the official name, yet 路边 after it does not make it a road."""
    found = place(districts, "石林县路边有人焚烧秸秆", city="530100")
    assert (found.tag.adcode, found.reasons) == ("530126", ())


@pytest.mark.parametrize(
    "text",
    [
        "浏阳河边有人倒垃圾",
        "望城大道上渣土车撒了一路",
        "宁乡大道与望江路口夜里施工",
        "星沙大道上有人飙车",
        "吃了浏阳蒸菜闹肚子",
        "本人是浏阳人,厂里加班",
        "楼上太吵,不得安宁",
        "韶山路和人民路口天天堵",
    ],
)
def test_a_road_river_dish_or_origin_is_no_county(districts: Districts, text: str) -> None:
    """What only carries a place's name says nothing of where it happens."""
    found = place(districts, text)
    assert (found.tag.adcode, found.reasons) == (None, (UNKNOWN,))


def test_a_home_is_not_the_scene(districts: Districts) -> None:
    """Where the caller lives yields to where it happens."""
    found = place(districts, "我家住雨花区,上班的厂在岳麓区,厂里半夜偷排废气")
    assert found.tag.adcode == "430104"


def test_two_counties_alike_stay_open(districts: Districts) -> None:
    """No guess between two counties named alike; both are candidates."""
    found = place(districts, "天心区和雨花区交界的地方夜里有塑料焦味")
    assert found.tag.adcode is None
    assert found.reasons == (AMBIGUOUS,)
    assert set(found.tag.candidates) == {"430103", "430111"}


@pytest.mark.parametrize("text", ["株洲市荷塘区有厂冒烟", "湘潭县易俗河镇河水发黑"])
def test_a_county_of_another_city_is_outside(districts: Districts, text: str) -> None:
    """What happens in another city is said to lie outside, never moved to a namesake."""
    found = place(districts, text)
    assert (found.tag.adcode, found.reasons) == (None, (OUTSIDE,))


def test_what_the_source_states_counts_where_the_text_is_silent(districts: Districts) -> None:
    """The platform's code is used, brought up to date; the city's own code says nothing."""
    assert place(districts, "楼下烧烤油烟大", adcode="430104").tag.adcode == "430104"
    assert place(districts, "楼下烧烤油烟大", adcode="430122").tag.adcode == "430112"
    assert place(districts, "楼下烧烤油烟大", township="430105004").tag.adcode == "430105"
    assert place(districts, "楼下烧烤油烟大", adcode="430100").reasons == (UNKNOWN,)
    assert place(districts, "楼下烧烤油烟大", adcode="530102").reasons == (OUTSIDE,)


def test_a_stated_address_is_read_for_the_place(districts: Districts) -> None:
    """What the platform wrote as the address names the county; evidence stays within the text."""
    request = TagRequest(id="1", text="楼下烧烤油烟大", city="430100", address="开福区某路8号")
    found = districts.place(request, fold(request.full_text), 0)
    assert (found.tag.adcode, found.tag.evidence) == ("430105", ())


def test_text_and_source_in_conflict_go_to_a_person(districts: Districts) -> None:
    """The text is the better witness, and a person decides."""
    found = place(districts, "岳麓区枫林路边的厂冒黄烟", adcode="430105")
    assert found.tag.adcode == "430104"
    assert found.reasons == (CONFLICT,)
    assert found.tag.candidates == ("430104", "430105")


def test_a_stated_county_settles_what_the_text_leaves_open(districts: Districts) -> None:
    """Between two counties named alike the platform's word decides."""
    text = "天心区和雨花区交界的地方夜里有塑料焦味"
    assert place(districts, text, adcode="430111").tag.adcode == "430111"


def test_a_zone_is_named_beside_its_county(districts: Districts) -> None:
    """A zone inside one county gives that county, and its own code."""
    found = place(districts, "长沙经开区一家汽车配件厂喷漆味很重")
    assert (found.tag.adcode, found.tag.zone) == ("430121", "430100-Z-JK")
    assert "place:park_zone" in found.flags


def test_a_protected_place_gives_its_flag(districts: Districts) -> None:
    """Source water is a fact of the place, whatever the text complains of."""
    found = place(districts, "株树桥水库边有人钓鱼烧烤倒污水")
    assert found.tag.adcode == "430181"
    assert "place:source_water" in found.flags


def test_spans_stand_in_the_citizens_own_text(districts: Districts) -> None:
    """Evidence points at the names in title and text together, full-width or not."""
    title, text = "投诉岳麓区某厂", "地址在望城坡街道,夜里ＶＯＣ气味大"
    found = place(districts, text, title=title)
    whole = f"{title}\n{text}"
    assert [whole[start:end] for start, end in found.tag.evidence] == ["岳麓区", "望城坡街道"]
    assert found.tag.township is not None
    assert found.tag.township.startswith("430104")


def test_without_a_city_only_what_is_unique_is_found(districts: Districts) -> None:
    """No channel, no prior: a name is taken only for the one place it can be here."""
    assert place(districts, "岳麓区某厂冒烟", city=None).tag.adcode == "430104"
    assert place(districts, "呈贡区某工地扬尘", city=None).tag.adcode == "530114"
