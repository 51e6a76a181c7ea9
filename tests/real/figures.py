"""Numbers that stand on a page, read back out of its sentences by the catalogue's own templates.

A sentence of the page was made from a message and its values; the message, as translated, is a pattern that gives the
values back. So one table of English messages says which figure each value is, and holds for every language.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import pyarrow as pa

from curim_data.model import translator
from tests.real.drawn import Node

NUMBER: Final = r"\d+(?:[.,\u00a0\u202f]\d{3})*(?:[.,]\d+)?"
PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True)
class Figure:
    """A figure of a page: its name, its value, and the sentence it stands in; `text`: all of the element."""

    name: str
    value: int
    sentence: str
    text: str = ""


@dataclass(frozen=True)
class Template:
    """A message whose values are figures: `names` gives the figure of each placeholder that is one.

    `begins`: whether the sentence begins the element, `ends`: whether it ends it.
    """

    one: str
    many: str
    names: tuple[tuple[str, str], ...]
    begins: bool = False
    ends: bool = False


ALERTS: Final = "alerts in the filter"
MAPPED: Final = "alerts on the map"
SPOTS: Final = "hot spots"
SPOT_SHARE: Final = "per cent of the alerts in hot spots"
CHANGES: Final = "changes that deserve attention"
KNOWN_HOUR: Final = "alerts with a known hour"
IN_LINE: Final = "alerts in the line"

TEMPLATES: Final = (
    Template(": {n} of {total}", "", (("n", ALERTS), ("total", "alerts in all")), ends=True),
    Template(
        "{n} place stands out, {first}; it holds {alerts} of the alerts on {land} of the city",
        "{n} places stand out, above all {first}; they hold {alerts} of the alerts on {land} of the city",
        (("n", SPOTS), ("alerts", SPOT_SHARE)),
    ),
    Template("{n} hot spot stands out from chance.", "{n} hot spots stand out from chance.", (("n", SPOTS),)),
    Template("{n} alert with a known hour.", "{n} alerts with a known hour.", (("n", KNOWN_HOUR),), begins=True),
    Template("{n} clear change.", "{n} clear changes.", (("n", CHANGES),)),
)
CAPTION: Final = ("n = {n} alert", "n = {n} alerts")
PARTS: Final = (
    "{n} on the map",
    "{n} kept off maps (coordinates shared by many)",
    "{n} not drawn (sensitive categories)",
    "{n} without a position",
    "{n} without a position that may be shown",
    "{n} outside the city",
)


@dataclass(frozen=True)
class Caption:
    """The sentence under a map or chart: how many alerts, and its parts by their message.

    `period`: what it counts over, where that is not the filter's own; else empty.
    """

    n: int
    parts: dict[str, int]
    sentence: str
    period: str = ""


def number(text: str, lang: str) -> int:
    """A whole number as written in a language."""
    marks = "." if lang == "el" else "," if lang == "en" else "\u202f\u00a0"
    return int(re.sub(f"[{marks}]", "", text).replace("\u00a0", ""))


def translations(lang: str, one: str, many: str = "") -> set[str]:
    """The message in a language, in all its plural forms."""
    catalog = translator(lang)._catalog
    return {catalog.ngettext(one, many, n) for n in (0, 1, 2, 5)} if many else {catalog.gettext(one)}


@cache
def pattern(lang: str, one: str, many: str = "", numbers: tuple[str, ...] = ("n",)) -> re.Pattern[str]:
    """Finds the message in a page's text; its figures are groups by their names with a digit for the plural form."""
    forms = []
    for at, form in enumerate(sorted(translations(lang, one, many), key=len, reverse=True)):
        parts = PLACEHOLDER.split(" ".join(form.split(" ")))
        pieces = [re.escape(part) if place % 2 == 0 else "" for place, part in enumerate(parts)]
        for place in range(1, len(parts), 2):
            name = parts[place]
            pieces[place] = f"(?P<{name}_{at}>{NUMBER})(?:\u00a0%)?" if name in numbers else ".+?"
        start = r"(?<![\w.,])" if form.startswith("{") else ""
        forms.append(start + "".join(pieces))
    return re.compile("|".join(forms))


def values(found: re.Match[str], name: str) -> str | None:
    """What stands for a placeholder."""
    groups = found.groupdict()
    return next((text for key, text in groups.items() if key.rpartition("_")[0] == name and text is not None), None)


def figures(nodes: list[Node], lang: str) -> Iterator[Figure]:
    """Every named figure of a page's sentences."""
    for node in nodes:
        if not node.text:
            continue
        for template in TEMPLATES:
            numbers = tuple(name for name, _ in template.names)
            finder = pattern(lang, template.one, template.many, numbers)
            for found in finder.finditer(node.text):
                if (template.begins and found.start()) or (template.ends and found.end() != len(node.text)):
                    continue
                for placeholder, name in template.names:
                    written = values(found, placeholder)
                    if written is not None:
                        yield Figure(name, number(written, lang), found.group(), node.text)


def captions(nodes: list[Node], lang: str) -> Iterator[Caption]:
    """Every sentence "n = N alerts, M on the map, ...", with or without a period before it."""
    head = pattern(lang, *CAPTION)
    between = translator(lang).pair("", "")
    for node in nodes:
        period, _, counts = node.text.rpartition(between) if not head.match(node.text) else ("", "", node.text)
        found = head.match(counts)
        rest = counts[found.end() :] if found else ""
        if not found or not rest.startswith(", "):
            continue
        parts = {}
        for part in PARTS:
            inside = pattern(lang, part).search(rest)
            if inside:
                parts[part] = number(values(inside, "n") or "", lang)
        yield Caption(number(values(found, "n") or "", lang), parts, node.text, period)


def numbers_of(text: str, lang: str) -> list[str]:
    """All numbers of a text, in one form for all languages."""
    found = re.findall(r"\d+(?:[.,\u00a0\u202f]\d+)*", text)
    return sorted(_plain_number(written, lang) for written in found)


def _plain_number(written: str, lang: str) -> str:
    thousands, decimal = (".", ",") if lang == "el" else (",", ".") if lang == "en" else ("\u202f", ",")
    # "EASE-Grid 2.0" has no thousands in any language.
    written = re.sub(rf"{re.escape(thousands)}(?=\d{{3}}(?!\d))", "", written.replace("\u00a0", ""))
    return written.replace(decimal, ".")


def contents(node: Node) -> pa.Table:
    """What a table shows."""
    with pa.ipc.open_stream(pa.BufferReader(node.message.arrow_data.data)) as table:
        return table.read_all()


def key_of(node: Node) -> str:
    """The key that the page gave to a chart, map or table; empty where it gave none."""
    identity = getattr(node.message, "id", "")
    return identity.split("-", 2)[2] if identity.count("-") >= 2 and not identity.endswith("-None") else ""


def decoded(values: Any) -> list[Any]:
    """A column of a plotly trace as plain values; `None` where it has none."""
    if isinstance(values, dict) and "bdata" in values:
        values = np.frombuffer(base64.b64decode(values["bdata"]), dtype=np.dtype(values["dtype"])).tolist()
    found: list[Any] = []
    for value in values or ():
        found += decoded(value) if isinstance(value, list | dict) else [None if value != value else value]
    return found
