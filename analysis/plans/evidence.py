"""The catalogue of measures: what is known of them, and which of them fit a problem.

Rules that hold wherever its numbers are used: effects are never added up or multiplied; a number is applied to those
kinds of alert only for which it was measured; where no study gives a usable number none is made up; effects were
measured on recorded crime, almost all of them in the US and the UK, while CURiM counts alerts.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Generator, Mapping
from dataclasses import dataclass, fields
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from curim_data.model import CityProfile, Kind, Message, Num, Translator
from curim_data.model.plan import Problem

CATALOGUE: Final = Path(__file__).parent / "evidence.toml"
CATALOGUE_CITY: Final = "Piraeus"
TRANSLATED: Final = (
    "name",
    "mechanism",
    "outcome",
    "quality_reason",
    "displacement",
    "fear",
    "gender_note",
    "done_here",
)
# Problem tags of the kinds of alerts, for problems whose categories have none.
KINDS: Final[Mapping[str, tuple[str, ...]]] = {
    Kind.OFFENCE: ("theft", "pickpocketing", "robbery", "burglary", "violence", "harassment", "vandalism", "drugs"),
    Kind.INCIVILITY: ("disorder", "litter", "graffiti", "vandalism", "alcohol", "abandoned"),
    Kind.RISK: ("unsafe", "lighting", "abandoned"),
}
_OF_KIND: Final = Message("Made for problems of the same kind; which of them occur here the alerts do not tell")
_WEIGHT: Final = {"strong": 1.0, "moderate": 0.8, "limited": 0.5, "none": 0.3}


@dataclass(frozen=True)
class Measure:
    """A measure and what studies found of it. The texts in SPOKEN are message ids: show them through the translator.

    value, low, high: effect as published (`effect_measure`: percent_change, rate_ratio, reports_change, none) with its
    95 % interval where one was read; pct_change: change of recorded crime in percent, to be applied to alerts with a
    tag in `covers` and to no others; night: measured on what happens after dark only; setting: ISO codes of the
    studies' countries; verified: "yes" or "secondary".
    """

    id: str
    name: str
    mechanism: str
    fits: tuple[str, ...]
    covers: tuple[str, ...]
    effect_measure: str
    direction: str
    outcome: str
    quality: str
    quality_reason: str
    setting: tuple[str, ...]
    citation: str
    url: str
    verified: str
    value: float | None = None
    low: float | None = None
    high: float | None = None
    pct_change: float | None = None
    night: bool = False
    n_studies: int | None = None
    displacement: str = ""
    fear: str = ""
    gender_note: str = ""
    done_here: str = ""  # in Piraeus, the city that the catalogue was made for: `done_in`

    @property
    def usable(self) -> bool:
        """Whether a number may be applied to alerts: a fall that was shown, for named kinds of alert."""
        return self.direction == "helps" and self.pct_change is not None and bool(self.covers)

    @property
    def cautioned(self) -> bool:
        """Whether studies found no benefit, or harm."""
        return self.direction in ("none", "harms")


@dataclass(frozen=True)
class Fit:
    """How a measure fits a problem. covered: part (0 to 1) of the problem's alerts to which its number applies."""

    measure: Measure
    score: float
    covered: float
    reasons: tuple[Message, ...]
    caution: Message | None = None


@lru_cache(maxsize=1)
def _read() -> tuple[tuple[Measure, ...], Mapping[str, Mapping[str, Any]]]:
    data = tomllib.loads(CATALOGUE.read_text("utf-8"))
    known = {item.name for item in fields(Measure)}
    measures = []
    for entry in data["measure"]:
        if strange := set(entry) - known:
            raise ValueError(f"{CATALOGUE.name}: measure {entry.get('id')}: unknown entries {sorted(strange)}")
        lists = {name: tuple(value) for name, value in entry.items() if isinstance(value, list)}
        measures.append(Measure(**{**entry, **lists}))
    return tuple(measures), {entry["id"]: entry for entry in data["problem"]}


def catalogue() -> tuple[Measure, ...]:
    """All measures, in the order of the file."""
    return _read()[0]


def find_measure(measure_id: str) -> Measure | None:
    """The measure with this id, or None where the catalogue no longer holds it."""
    return next((item for item in catalogue() if item.id == measure_id), None)


def problem_tags(name: str) -> frozenset[str]:
    """Problem tags of a category's or landmark's id, by the words in it: whole ones, beginnings marked by an asterisk.

    >>> sorted(problem_tags("theft_from_vehicle")), sorted(problem_tags("sexual_assault"))
    (['theft'], ['harassment'])
    """
    among = {word for word in re.split(r"[^a-z]+", name.lower()) if word}
    return frozenset(
        tag
        for tag, entry in _read()[1].items()
        if among.isdisjoint(entry.get("never", ())) and any(fnmatch.filter(among, word) for word in entry["words"])
    )


def covered_share(item: Measure, problem: Problem) -> float:
    """Part (0 to 1) of the problem's alerts to which the measure's number applies.

    Those in categories for which it was found; where it was found after dark, the share of dark alerts of them (none
    where that share is not known).
    """
    part = min(1.0, sum(share.share for share in problem.categories if problem_tags(share.id) & set(item.covers)))
    return part * (problem.dark_share or 0.0) if item.night else part


def rank_measures(problem: Problem) -> tuple[Fit, ...]:
    """Measures that fit a problem: well-founded first, then without a usable number, cautions last.

    A measure is named where it is made for some of the alerts or for the kind of place. Score: part of the alerts that
    it is made for, and a third each for the kind of place, for darkness (most alerts after dark) and for women (more
    affected than in the city as a whole, the lower end of the interval above it); weighed by the studies' quality.
    """
    fits = [fit for item in catalogue() if (fit := _fit(item, problem)) is not None]
    return tuple(sorted(fits, key=lambda fit: (_shelf(fit), -fit.score, fit.measure.id)))


def measures_of_kind(problem: Problem) -> tuple[Fit, ...]:
    """Measures for a problem whose categories say nothing of them, not ranked.

    In the order of the catalogue, those with a number first and cautions last.
    Those made for problems of the kinds of the alerts (`KINDS`); where no kind is known, the whole catalogue.
    """
    wanted = {tag for kind in problem.kinds for tag in KINDS.get(kind, ())}
    fits = [
        Fit(item, 0.0, covered_share(item, problem), (_OF_KIND,) if wanted else (), _caution(item))
        for item in catalogue()
        if not wanted or wanted & set(item.fits)
    ]
    return tuple(sorted(fits, key=_shelf))


def _shelf(fit: Fit) -> int:
    if fit.measure.cautioned:
        return 2
    return 0 if fit.measure.direction == "helps" and fit.measure.value is not None else 1


def _fit(item: Measure, problem: Problem) -> Fit | None:
    wanted = set(item.fits)
    share = min(1.0, sum(part.share for part in problem.categories if problem_tags(part.id) & wanted))
    score, reasons = share, []
    if share > 0:
        part = Num(100 * share, 0)
        reasons.append(Message("Made for problems of this kind (part of the alerts here: {share}%)", {"share": part}))
    if problem_tags(problem.place) & wanted:
        score += 1 / 3
        reasons.append(Message("Made for places of this kind"))
    if not reasons:
        return None
    if "dark" in wanted and problem.dark_share is not None and problem.dark_share > 0.5:
        score += 1 / 3
        reasons.append(Message("Many alerts are after dark ({share}%)", {"share": Num(100 * problem.dark_share, 0)}))
    if "women" in wanted and women_stand_out(problem):
        score += 1 / 3
        reasons.append(Message("Women are affected more often here than in the city as a whole"))
    return Fit(item, score * _WEIGHT[item.quality], covered_share(item, problem), tuple(reasons), _caution(item))


def women_stand_out(problem: Problem) -> bool:
    """Whether the lower end of the women's share lies above the city's share (one half where that is not known)."""
    return problem.women is not None and problem.women.low > (0.5 if problem.women_city is None else problem.women_city)


def _caution(item: Measure) -> Message | None:
    if item.direction == "harms":
        return Message("May make matters worse")
    return Message("Studies found no benefit") if item.direction == "none" else None


def effect_text(item: Measure, t: Translator) -> str:
    """What the studies found, in one line: change, interval, number of studies; or that there is no usable number."""
    studies = t.n("{n} study", "{n} studies", item.n_studies) if item.n_studies else t("number of studies not known")
    if item.quality == "none":
        studies = t("no study of the effect")
    if item.value is None:
        return t("No usable number ({studies})", studies=studies)
    if item.effect_measure == "reports_change":
        return t("{change} more reports, which is its aim ({studies})", change=_share(item.value, t), studies=studies)
    change, low, high = (_percent(item, value) for value in (item.value, item.low, item.high))
    assert change is not None
    size = _share(abs(change), t)
    message = t("{size} fewer", size=size) if change < 0 else t("{size} more", size=size)
    if low is None or high is None:
        return t("{change}; interval not known ({studies})", change=message, studies=studies)
    return t(
        "{change}; interval (95%): {low} to {high} ({studies})",
        change=message,
        low=_share(low, t),
        high=_share(high, t),
        studies=studies,
    )


def setting_text(item: Measure, t: Translator) -> str:
    """Where it was studied, and that Greece is not among those countries."""
    if "GR" in item.setting:
        return t("Tested in Greece")
    countries = [str(t.locale.territories.get(code, code)) for code in item.setting]
    if not countries:
        return t("Not tested in Greece, as far as we know")
    return t("Not tested in Greece; studied in: {countries}", countries=t.join(countries))


def quality_text(item: Measure, t: Translator) -> str:
    """The quality of the studies in a word."""
    return {
        "strong": t.c("evidence", "strong"),
        "moderate": t.c("evidence", "moderate"),
        "limited": t.c("evidence", "limited"),
        "none": t.c("evidence", "none"),
    }[item.quality]


def _share(percent: float, t: Translator) -> str:
    return t.percent(percent / 100, 0 if percent == round(percent) else 1)


def _percent(item: Measure, value: float | None) -> float | None:
    if value is None:
        return None
    return round(100 * (value - 1), 1) if item.effect_measure == "rate_ratio" else value


def extract_toml(
    fileobj: Any, _keywords: Any, _comment_tags: Any, **_options: Any
) -> Generator[tuple[int, str, str, list[str]], None, None]:
    """Hand the catalogue's texts to Babel: (line, function, message, comments) for every entry named in SPOKEN."""
    text = fileobj.read().decode("utf-8")
    lines = text.splitlines()
    for entry in tomllib.loads(text)["measure"]:
        for name in TRANSLATED:
            if message := entry.get(name, ""):
                line = next((number for number, message in enumerate(lines, 1) if message in message), 0)
                yield line, "", message, [f"measure {entry['id']}: {name}"]


def done_in(measure: Measure, city: CityProfile) -> str:
    """What was done of a measure in this city before, as a message id; empty where the catalogue does not know it."""
    return measure.done_here if city.names.get("en") == CATALOGUE_CITY else ""
