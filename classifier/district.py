"""Where it happens: county, township and zone from the names in a text, or an honest "unknown".

The channel's city is the prior: its own names mean its own places. A road named after a place is
not the place, a home is no scene, a county of another city is outside, and what names two counties
alike stays open.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

import msgspec

from classifier.gazetteer import Gazetteer, Meaning, Mention
from classifier.normalize import fold
from classifier.place_combine import candidates, combined
from classifier.place_model import Guess, PlaceModel, load_model
from classifier.place_point import spot_of, with_point
from classifier.territory import Territory
from models.city import City
from models.city_load import CITIES
from models.tags import PlaceTag, Span, TagRequest

UNKNOWN: Final = "place_unknown"
AMBIGUOUS: Final = "place_ambiguous"
OUTSIDE: Final = "place_outside"
CONFLICT: Final = "place_conflict"
_IN_ZONE: Final = "place:park_zone"
#: What follows a name that is only part of a road's, river's, company's or dish's name.
_ROAD: Final = re.compile(
    r"(?:[一二三四五六七八九十东西南北中上下]{0,2})(?:大?路|大道|大街|街(?!道)|巷|里弄|高速|立交|隧道|线|国道|大桥|桥)"
)
#: A town in full before its roadside is no part of a road's name: 瓜沥镇|路边.
_TOWN_ENDS: Final = frozenset("镇乡道")
_BESIDE: Final = re.compile("路[边口上面旁]|街[边口上头]")
#: A county's short name that keeps its last character is no part of a road's: 石林县|路边.
_COUNTY_ENDS: Final = frozenset("县市区")
_NO_PLACE: Final = re.compile(
    r"[河江山湖坡]|蒸菜|花炮|人(?!民)|籍|话|域|(?:中|小)?学|教育|医院|商会|餐馆|饭店|酒店|宾馆|米粉|银行|牌照|菜"
)
_HOME: Final = re.compile(
    r"(?:家住|我住|住在|居住在|本人住|户籍|户口|老家|家在|来自|原籍|祖籍|我是|籍贯)[^，。,.；;！!？?\n]{0,6}$"
)
_HOME_REACH: Final = 14
#: How much a mention says, by what it is; a whole name says more than an alias.
_WEIGHT: Final = {"county": 6.0, "township": 3.0, "zone": 2.0, "place": 1.5}
_ALIAS: Final = 0.6
_HEAD_BONUS: Final = 1.6
_HOME_SHARE: Final = 0.2
#: The best county must weigh this many times the second.
_CLEAR: Final = 1.5
_P: Final = {"county": 0.98, "township": 0.93, "zone": 0.85, "place": 0.85}
_P_ALIAS: Final = 0.93
_P_STATED: Final = 0.9
_P_CONTESTED: Final = 0.8


class Placed(NamedTuple):
    """Where it happens, why a person should look, and the flags of the place."""

    tag: PlaceTag
    reasons: tuple[str, ...]
    flags: tuple[str, ...]


class _Vote(NamedTuple):
    """A mention that speaks for counties of a city, with its weight."""

    mention: Mention
    meaning: Meaning
    weight: float


class _Heard(NamedTuple):
    """What official names say of one text, the stated address included.

    `own` is where the text itself ends; `is_open` says that neither it nor the source names a
    county.
    """

    request: TagRequest
    text: str
    own: int
    votes: list[_Vote]
    found: Placed
    is_open: bool


class Districts:
    """Finds the place of texts, for the cities served here."""

    def __init__(
        self, cities: Sequence[City], learned: Mapping[str, PlaceModel] | None = None
    ) -> None:
        """Index the cities' names; `learned` replaces the learned places that are installed."""
        self._gazetteer = Gazetteer(cities)
        self._learned = _installed(cities) if learned is None else dict(learned)
        self._territories = _territories(cities)
        self._counties = {city.adcode: _county_codes(city) for city in cities}
        self._townships = {
            division.code: division.successor or division.code
            for city in cities
            for division in city.divisions
            if division.level == "township"
        }

    def place(self, request: TagRequest, text: str, head: int) -> Placed:
        """Place one folded text; `head` is where its heading ends."""
        return self.place_all([request], [text], [head])[0]

    def place_all(
        self, requests: Sequence[TagRequest], texts: Sequence[str], heads: Sequence[int]
    ) -> list[Placed]:
        """Place folded texts, in order; what was learned is asked once for all of them."""
        heard = [
            self._hear(request, text, head)
            for request, text, head in zip(requests, texts, heads, strict=True)
        ]
        guesses = self._guesses(heard)
        return [self._finish(one, guesses.get(at)) for at, one in enumerate(heard)]

    def _hear(self, request: TagRequest, own: str, head: int) -> _Heard:
        """Read what official names say."""
        text = f"{own}\n{fold(request.address)}" if request.address else own
        mentions = [m for m in self._gazetteer.find(text) if not _is_no_place(text, m)]
        votes = [vote for m in mentions for vote in _votes(m, request.city, text, head)]
        abroad = [m for m in mentions if _is_abroad(text, m, request.city)]
        stated = self._stated(request)
        found = self._decide(votes, abroad, stated)
        named = any(vote.meaning.kind == "county" for vote in votes)
        open_ = stated is None and not named
        return _Heard(request, text, len(own), votes, found, open_)

    def _guesses(self, heard: Sequence[_Heard]) -> dict[int, Guess]:
        """Ask what was learned of each city about the texts that name no county, by number."""
        found: dict[int, Guess] = {}
        for adcode, model in self._learned.items():
            asked = [
                at for at, one in enumerate(heard) if one.is_open and one.request.city == adcode
            ]
            if asked:
                scores = [_scores(heard[at].votes) for at in asked]
                said = model.guesses([heard[at].text for at in asked], scores)
                found |= dict(zip(asked, said, strict=True))
        return found

    def _finish(self, heard: _Heard, guess: Guess | None) -> Placed:
        found = self._with_learned(heard, guess) if guess else heard.found
        if spot := spot_of(heard.request, self._territories):
            tag, reasons = with_point(found.tag, found.reasons, spot)
            found = found._replace(tag=tag, reasons=reasons)
        evidence = tuple(span for span in found.tag.evidence if span[1] <= heard.own)
        found = found._replace(tag=msgspec.structs.replace(found.tag, evidence=evidence))
        flags = {vote.meaning.flag for vote in heard.votes if vote.meaning.flag}
        flags |= {_IN_ZONE} if found.tag.zone else set()
        return found._replace(flags=tuple(sorted(filter(None, flags))))

    def official(self, city: str, text: str, head: int) -> dict[str, float]:
        """Give what the names of divisions and zones in a folded text speak for, by county."""
        return dict(_scores(self._votes(city, text, head)))

    def without_counties(self, text: str) -> str:
        """Blank the whole names of counties in a folded text, keeping its length."""
        for mention in self._gazetteer.find(text):
            if any(meaning.kind == "county" and meaning.full for meaning in mention.meanings):
                start, end = mention.span
                text = text[:start] + " " * (end - start) + text[end:]
        return text

    def _votes(self, city: str | None, text: str, head: int) -> list[_Vote]:
        mentions = [m for m in self._gazetteer.find(text) if not _is_no_place(text, m)]
        return [vote for m in mentions for vote in _votes(m, city, text, head)]

    def _with_learned(self, heard: _Heard, guess: Guess) -> Placed:
        """Let past tickets speak where no county is named."""
        found, votes = heard.found, heard.votes
        if OUTSIDE in found.reasons:
            return _maybe_here(found, guess)
        model = self._learned[heard.request.city or ""]
        tag = combined(found.tag, guess, model.threshold)
        if tag is None:
            both = dict.fromkeys((*candidates(guess), *found.tag.candidates))
            spans = tuple(sorted({*found.tag.evidence, *guess.evidence}))
            unsure = PlaceTag(candidates=tuple(both), zone=found.tag.zone, evidence=spans)
            return Placed(unsure, (AMBIGUOUS,), ())
        if tag.adcode is not None and found.tag.adcode is None:
            own = [vote for vote in votes if tag.adcode in vote.meaning.adcodes]
            tag = msgspec.structs.replace(tag, township=self._township(own), zone=_zone(own))
        return Placed(tag, () if tag.adcode else found.reasons, found.flags)

    def _stated(self, request: TagRequest) -> str | None:
        """Give the stated county by its present code; OUTSIDE for one of another city."""
        code = request.adcode or (request.township or "")[:6]
        if not code or request.city is None or code == request.city:
            return None
        return self._counties.get(request.city, {}).get(code, OUTSIDE)

    def _decide(
        self, votes: Sequence[_Vote], abroad: Sequence[Mention], stated: str | None
    ) -> Placed:
        if not any(vote.meaning.adcodes for vote in votes):
            return _without_names(abroad, stated)
        if abroad and stated is None and all(vote.meaning.kind != "county" for vote in votes):
            return _elsewhere_too(votes, abroad)
        scores = _scores(votes)
        ranked = sorted(scores, key=lambda code: (-scores[code], code))
        best = ranked[0]
        if stated and scores.get(stated, 0.0) * _CLEAR >= scores[best]:
            best = stated
        rivals = [code for code in ranked if scores[code] * _CLEAR > scores[best] and code != best]
        if rivals and best != stated:
            evidence = _spans(vote.mention for vote in votes)
            zone = _zone_over(votes, (best, *rivals))
            tag = PlaceTag(candidates=(best, *rivals), zone=zone, evidence=evidence)
            return Placed(tag, (AMBIGUOUS,), ())
        return self._placed(best, ranked, votes, stated)

    def _placed(
        self, best: str, ranked: Sequence[str], votes: Sequence[_Vote], stated: str | None
    ) -> Placed:
        own = [vote for vote in votes if best in vote.meaning.adcodes]
        kinds = {vote.meaning.kind for vote in own}
        whole = any(vote.meaning.full for vote in own)
        p = max(_P[kind] for kind in kinds) if whole else _P_ALIAS
        p = _P_CONTESTED if len(ranked) > 1 and best != stated and "county" not in kinds else p
        reasons = (CONFLICT,) if stated not in {None, best} else ()
        tag = PlaceTag(
            adcode=best,
            township=self._township(own),
            zone=_zone(own),
            p=p,
            evidence=_spans(vote.mention for vote in own),
            candidates=tuple(dict.fromkeys([best, *([stated] if reasons and stated else [])])),
        )
        return Placed(tag, reasons, ())

    def _township(self, votes: Iterable[_Vote]) -> str | None:
        codes = (vote.meaning.code for vote in votes if vote.meaning.kind == "township")
        code = _one(codes)
        return self._townships.get(code, code) if code else None


def _maybe_here(found: Placed, guess: Guess) -> Placed:
    """Add where it may be in this city to what is said to lie elsewhere; nothing is decided."""
    own = candidates(guess) if guess.evidence else ()
    both = tuple(dict.fromkeys((*found.tag.candidates, *own)))
    return found._replace(tag=msgspec.structs.replace(found.tag, candidates=both))


def _installed(cities: Iterable[City]) -> dict[str, PlaceModel]:
    """Load what was learned of each city, where it was."""
    models = {city.adcode: load_model(CITIES / city.adcode) for city in cities}
    return {adcode: model for adcode, model in models.items() if model}


def _territories(cities: Iterable[City]) -> dict[str, Territory]:
    """Load what is known of where each city lies, where anything is."""
    found = {city.adcode: Territory(city.adcode, CITIES / city.adcode) for city in cities}
    return {adcode: territory for adcode, territory in found.items() if territory.known}


def _zone(votes: Iterable[_Vote]) -> str | None:
    return _one(vote.meaning.code for vote in votes if vote.meaning.kind == "zone")


def _zone_over(votes: Sequence[_Vote], counties: Sequence[str]) -> str | None:
    """Give the zone that is named and lies in all of the counties it may be: that much is sure."""
    zones = [v for v in votes if v.meaning.kind == "zone"]
    over = all(set(counties) <= set(vote.meaning.adcodes) for vote in zones)
    return _zone(zones) if over else None


def _without_names(abroad: Sequence[Mention], stated: str | None) -> Placed:
    """Place a text that names nothing of this city: by what was stated, or not at all."""
    if stated and stated != OUTSIDE:
        reasons = (CONFLICT,) if abroad else ()
        tag = PlaceTag(adcode=stated, p=_P_STATED, candidates=(stated,), evidence=_spans(abroad))
        return Placed(tag, reasons, ())
    codes = dict.fromkeys(c for m in abroad for meaning in m.meanings for c in meaning.adcodes)
    reason = OUTSIDE if abroad or stated == OUTSIDE else UNKNOWN
    return Placed(PlaceTag(candidates=tuple(codes), evidence=_spans(abroad)), (reason,), ())


def _elsewhere_too(votes: Sequence[_Vote], abroad: Sequence[Mention]) -> Placed:
    """Leave open a text that names a place elsewhere and here only what may be there as well."""
    codes = dict.fromkeys(code for vote in votes for code in vote.meaning.adcodes)
    spans = _spans([*abroad, *(vote.mention for vote in votes)])
    return Placed(PlaceTag(candidates=tuple(codes), evidence=spans), (OUTSIDE,), ())


def _votes(mention: Mention, city: str | None, text: str, head: int) -> list[_Vote]:
    start = mention.span[0]
    share = _HEAD_BONUS if start < head else 1.0
    if _HOME.search(text, max(0, start - _HOME_REACH), start):
        share *= _HOME_SHARE
    return [
        _Vote(mention, meaning, _WEIGHT[meaning.kind] * share * (1.0 if meaning.full else _ALIAS))
        for meaning in mention.meanings
        if meaning.kind in _WEIGHT and city in {None, meaning.city}
    ]


def _scores(votes: Iterable[_Vote]) -> Mapping[str, float]:
    """Add up what speaks for each county; a name said again adds little, one of several shares."""
    best: dict[tuple[str, str], float] = {}
    for vote in votes:
        for code in vote.meaning.adcodes:
            key = (code, vote.mention.name)
            weight = vote.weight / len(vote.meaning.adcodes)
            best[key] = max(best.get(key, 0.0) * 1.05, weight)
    scores: dict[str, float] = defaultdict(float)
    for (code, _), weight in best.items():
        scores[code] += weight
    return scores


def _is_no_place(text: str, mention: Mention) -> bool:
    """Tell whether a name is only part of a longer one: a road's, a river's, a school's."""
    end = mention.span[1]
    whole = all(meaning.full for meaning in mention.meanings)
    said_whole = whole or text[end - 1] in _COUNTY_ENDS
    if said_whole and any(meaning.kind == "county" for meaning in mention.meanings):
        return text.startswith("域", end)
    if whole and text[end - 1] in _TOWN_ENDS and _BESIDE.match(text, end):
        return False
    return bool(_ROAD.match(text, end)) or (not whole and bool(_NO_PLACE.match(text, end)))


def _is_abroad(text: str, mention: Mention, city: str | None) -> bool:
    """Tell whether a name means a scene outside the channel's city, and nothing inside it."""
    start = mention.span[0]
    if city is None or _HOME.search(text, max(0, start - _HOME_REACH), start):
        return False
    return all(_says_elsewhere(m, city) for m in mention.meanings)


def _says_elsewhere(meaning: Meaning, city: str) -> bool:
    """Tell whether a name is another city's; its small names and aliases may be anywhere's."""
    large = meaning.kind in {"county", "city"} and meaning.full
    return meaning.kind == "elsewhere" or (meaning.city != city and large)


def _county_codes(city: City) -> dict[str, str]:
    """Give each county's code, abolished ones included, with the code that holds today."""
    counties = {d.code: d.successor for d in city.divisions if d.level == "county"}
    return {code: successor or code for code, successor in counties.items()}


def _one(codes: Iterable[str | None]) -> str | None:
    """Give the one code there is; None where there is none or they differ."""
    found = set(codes)
    return found.pop() if len(found) == 1 else None


def _spans(mentions: Iterable[Mention]) -> tuple[Span, ...]:
    return tuple(sorted({mention.span for mention in mentions}))
