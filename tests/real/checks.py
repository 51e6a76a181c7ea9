"""What must hold on every page of every city. Each rule takes a visit and says in words what is wrong, if anything."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Final

from curim_data.model import translator
from curim_data.model.absence import fewer_than
from curim_data.model.city import K_ORDINARY
from curim_data.model.labels import grade_words
from tests.real import figures
from tests.real.drawn import Drawn, Node, Path

FIRST_HEADING: Final = 3.0  # seconds of the server's processor until the heading stands, on the first visit
LATER_HEADING: Final = 1.0
ERROR_ALERT: Final = 1  # Streamlit's Alert.Format.ERROR
NEAR: Final = 4  # elements of the same block in which a sentence counts as standing beside a chart
# Layers of a map that show the city, not its alerts.
GROUND: Final = {"around", "land", "water", "districts", "landmarks"}
STREETS: Final = "streets"  # begins the name of every layer of streets
PROFILE: Final = "data?part=city"  # the page whose map is of the city itself
# What no reader should meet: placeholders that were not filled, values that are none, names of columns.
UNREADABLE: Final = re.compile(
    r"\{\w+\}|\bnan\b|\bNaN\b|\bNaT\b|\binf\b|\bundefined\b|<NA>|\buncategori[sz]ed\b|\bnumpy\b|Timestamp\(|\bNone, "
)
PIRAEUS: Final = re.compile(r"Piraeus|Πειραι|Pirée", re.IGNORECASE)


@dataclass
class Visit:
    """One look at one page."""

    city: str
    page: str
    lang: str
    width: int = 1280
    audience: str = "analyst"
    first: bool = False
    drawn: Drawn = field(default_factory=Drawn)
    heading: bool = False
    heading_cpu: float = 0.0
    cpu: float = 0.0
    slowness: float = 1.0
    browser: list[str] = field(default_factory=list)
    log: list[str] = field(default_factory=list)
    collisions: list[str] = field(default_factory=list)
    sideways: int = 0
    unfinished: str = ""
    sample_profile: bool = False
    picture: str = ""


Rule = Callable[[Visit], Iterator[str]]


def failures(visit: Visit) -> list[str]:
    """Everything that is wrong with a visit; a page that did not come to an end is judged by that alone."""
    rules = (errors, noise, speed) if visit.unfinished else RULES
    return [said for rule in rules for said in rule(visit)]


def errors(visit: Visit) -> Iterator[str]:
    """No error box, and the page comes to its end."""
    if visit.unfinished:
        yield visit.unfinished
    for node in visit.drawn.all():
        if node.kind == "exception":
            yield f"error box: {node.text[:200]}"
        elif node.kind == "alert" and node.message.format == ERROR_ALERT:
            yield f"error message: {node.text[:200]}"
    if not visit.unfinished and not visit.heading:
        yield "the page has no heading"


def noise(visit: Visit) -> Iterator[str]:
    """Nothing in the console, no request to elsewhere, no exception in the server's log."""
    yield from dict.fromkeys(visit.browser)
    yield from (f"server log: {line}" for line in dict.fromkeys(visit.log))


def speed(visit: Visit) -> Iterator[str]:
    """The heading stands soon, in processor time; a busy machine is given as much more as it needs for a known sum."""
    most = FIRST_HEADING if visit.first else LATER_HEADING
    if visit.heading and visit.heading_cpu > most * visit.slowness:
        yield f"heading after {visit.heading_cpu:.1f} s of the server's processor; at most {most * visit.slowness:.1f}"


def emptiness(visit: Visit) -> Iterator[str]:
    """No chart, map or table without content, unless a sentence beside it says why."""
    nodes = {node.path: node for node in visit.drawn.main()}
    for node in nodes.values():
        of_ground = visit.page == PROFILE and node.kind == "deck_gl_json_chart"
        what = "" if of_ground else _empty(node)
        if what and not _sentence_near(node.path, nodes):
            yield f"{what} without a sentence: {figures.key_of(node) or node.path}"


def _empty(node: Node) -> str:
    if node.kind == "plotly_chart":
        return "" if _has_points(json.loads(node.message.spec or '{"data": []}')) else "empty chart"
    if node.kind == "deck_gl_json_chart":
        layers = json.loads(node.message.json)["layers"]
        shown = any(_holds(layer.get("data")) for layer in layers if not _is_ground(layer.get("id", "")))
        return "" if shown else "empty map"
    if node.kind in ("dataframe", "table"):
        return "" if figures.contents(node).num_rows else "empty table"
    return ""


def _is_ground(layer: str) -> bool:
    return layer in GROUND or layer.startswith(STREETS)


def _holds(data: Any) -> bool:
    return bool(data.get("features")) if isinstance(data, dict) and "features" in data else bool(data)


def _has_points(figure: dict[str, Any]) -> bool:
    """Whether any trace has a value that is neither missing nor zero."""
    for trace in figure["data"]:
        across = trace.get("type") == "bar" and trace.get("orientation") == "h"
        value = next((trace[name] for name in ("z", "x" if across else "y", "values", "r") if name in trace), None)
        if any(isinstance(one, (int, float)) and one for one in figures.decoded(value)):
            return True
    return False


def _sentence_near(path: Path, nodes: dict[Path, Node]) -> bool:
    """Whether an element beside it, in the same block or the one around, says something in a sentence."""
    for depth in (1, 2):
        if len(path) <= depth:
            break
        parent, at = path[:-depth], path[-depth]
        for other in nodes.values():
            beside = other.path[: len(parent)] == parent and len(other.path) > len(parent)
            if beside and other.path != path and abs(other.path[len(parent)] - at) <= NEAR and _is_sentence(other):
                return True
        if depth == 1 and nodes.get(parent) and nodes[parent].kind not in ("flex_container", "column", "vertical"):
            break
    return False


def _is_sentence(node: Node) -> bool:
    return node.kind in ("markdown", "alert", "html", "heading") and bool(re.search(r"(\w+\W+){3,}.*[.;·!]", node.text))


def words(visit: Visit) -> Iterator[str]:
    """Nothing that a reader cannot read, and nothing of Piraeus in another city."""
    for node in visit.drawn.all():
        if node.kind in ("selectbox", "exception"):
            continue
        found = UNREADABLE.search(node.text)
        if found:
            yield f"“{found.group()}” in: {node.text[:120]}"
        if not visit.sample_profile and visit.page != "methods" and PIRAEUS.search(node.text):
            yield f"Piraeus is named: {node.text[:120]}"


def layout(visit: Visit) -> Iterator[str]:
    """Names do not run into each other; nothing scrolls sideways."""
    yield from visit.collisions
    if visit.sideways > visit.width:
        yield f"the page scrolls sideways: {visit.sideways} px wide in a window of {visit.width}"


def numbers(visit: Visit) -> Iterator[str]:
    """A figure that stands twice on a page is the same, and parts make up their whole."""
    main = visit.drawn.main()
    known: dict[str, dict[int, str]] = defaultdict(dict)
    for figure in figures.figures(main, visit.lang):
        known[figure.name].setdefault(figure.value, figure.sentence)
    whole = [caption for caption in figures.captions(main, visit.lang) if caption.parts]
    for caption in whole:
        of = f", {caption.period}" if caption.period else ""
        known[figures.ALERTS + of].setdefault(caption.n, caption.sentence)
        mapped = caption.parts.get(figures.PARTS[0])
        if mapped is not None:
            known[figures.MAPPED + of].setdefault(mapped, caption.sentence)
            small = translator(visit.lang)(fewer_than(K_ORDINARY))  # a part in words instead of its number
            left = caption.n - sum(caption.parts.values())
            if left and not (abs(left) < K_ORDINARY and small in caption.sentence):
                yield f"parts do not make up the whole: {caption.sentence}"
    for name, value, where in _drawn_figures(visit):
        known[name].setdefault(value, where)
    for name, by_value in known.items():
        if len(by_value) > 1:
            told = "; ".join(f"{value} in “{sentence[:90]}”" for value, sentence in sorted(by_value.items()))
            yield f"{name} differ: {told}"
    yield from _share_of_spots(visit, known)
    for small, large in AT_MOST:
        if known[small] and known[large] and max(known[small]) > max(known[large]):
            yield f"more {small} than {large}: {max(known[small])} and {max(known[large])}"


def _share_of_spots(visit: Visit, known: dict[str, dict[int, str]]) -> Iterator[str]:
    """The share of the alerts that the heading gives to the hot spots is that of the list, as rounded."""
    if (
        visit.audience != "analyst"
        or not known[figures.SPOT_SHARE]
        or len(known[figures.MAPPED]) != 1
        or _folded(visit)
    ):
        return
    (tested,) = known[figures.MAPPED]
    for node in visit.drawn.of("dataframe"):
        table = figures.contents(node)
        if figures.key_of(node).startswith("hotspots_list") and "n" in table.column_names:
            listed = sum(value or 0 for value in table["n"].to_pylist())
            for told in known[figures.SPOT_SHARE]:
                if abs(100 * listed / tested - told) > 1:
                    yield f"the heading gives {told} % of the alerts to hot spots, the list {listed} of {tested}"


AT_MOST: Final = (
    (figures.MAPPED, figures.ALERTS),
    (figures.IN_LINE, figures.ALERTS),  # fewer where a week lies only partly in the period
    (figures.KNOWN_HOUR, figures.ALERTS),
    (figures.ALERTS, "alerts in all"),
)


def _drawn_figures(visit: Visit) -> Iterator[tuple[str, int, str]]:
    """Figures that a chart, map or table shows."""
    for node in visit.drawn.main():
        key = figures.key_of(node)
        if node.kind == "plotly_chart":
            data = json.loads(node.message.spec)["data"]
            if key == "trends_line" and visit.audience == "analyst":
                names = {translator(visit.lang)(name) for name in ("alerts", "not complete yet")}
                lines = [figures.decoded(trace.get("y")) for trace in data if trace.get("name") in names]
                yield figures.IN_LINE, round(sum(value or 0 for line in lines for value in line)), "sum of the line"
            if key == "trends_clock" and visit.audience == "analyst":
                total = sum(value or 0 for trace in data for value in figures.decoded(trace.get("z")))
                yield figures.KNOWN_HOUR, round(total), "sum of the chart of weekdays and hours"
        elif node.kind == "dataframe" and key.startswith("hotspots_list"):
            if not _folded(visit):
                yield figures.SPOTS, figures.contents(node).num_rows, "rows of the list"
        elif node.kind == "selectbox" and "hotspots_rows" in node.message.id:
            for option in node.message.options:
                told = figures.pattern(visit.lang, "All {n}", "All {n}").fullmatch(option)
                if told:
                    yield figures.SPOTS, figures.number(figures.values(told, "n") or "", visit.lang), option
    if visit.page == "briefing":
        t = translator(visit.lang)
        badge = f":gray-badge[{grade_words(t, 'clear')}]"
        cards = sum(badge in (node.text or "") for node in visit.drawn.main() if node.kind == "markdown")
        if cards:
            yield figures.CHANGES, cards, "cards of clear changes"


def _folded(visit: Visit) -> bool:
    """Whether the list shows its first rows only, and a box offers all."""
    return any("hotspots_rows" in node.message.id for node in visit.drawn.of("selectbox"))


RULES: Final[tuple[Rule, ...]] = (errors, noise, speed, emptiness, words, layout, numbers)


def languages_differ(one: Visit, other: Visit) -> Iterator[str]:
    """The same page in two languages tells the same numbers, sentence by sentence."""
    if one.unfinished or other.unfinished:
        return
    texts = [
        [node.text for node in visit.drawn.main() if node.kind in ("markdown", "heading", "metric") and node.text]
        for visit in (one, other)
    ]
    told = [
        [tuple(figures.numbers_of(text, visit.lang)) for text in spoken]
        for spoken, visit in zip(texts, (one, other), strict=True)
    ]
    for change, a, b, c, d in SequenceMatcher(None, *told, autojunk=False).get_opcodes():
        if change != "equal":
            first, second = (" ".join(spoken[at:to])[:140] for spoken, at, to in ((texts[0], a, b), (texts[1], c, d)))
            yield f"numbers differ between languages: “{first}” and “{second}”"
