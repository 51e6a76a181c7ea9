"""What a reader sees: the visible texts of the pages, run without a browser, and the files that they give."""

from __future__ import annotations

import html
import json
import logging
import os
import re
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import pandas as pd
import streamlit as st
from streamlit.dataframe_util import convert_arrow_bytes_to_pandas_df
from streamlit.testing.v1 import AppTest

from tests.net.cities import SAMPLE, Filter, Looked
from tests.net.commands import LANGUAGES, Write, words_of
from tests.net.neutral import as_json, text_of

ROOT: Final = Path(__file__).resolve().parents[2]
PATIENCE: Final = 400
PHONE: Final = [390, 358]  # pixels of the window, and of the column in it
FIRST: Final = "briefing"
PAGES: Final = (FIRST, "hotspots", "trends", "gender", "interventions", "evaluation", "data", "methods")
# Fields of the messages that Streamlit sends to the browser which a reader sees.
VISIBLE: Final = (
    *("label", "body", "content", "code_text", "delta", "help"),
    *("options", "default", "placeholder", "url", "value"),
)
MAP_WORDS: Final = ("tip", "tooltip", "text", "name", "label")
VIEWS: Final[tuple[tuple[str, Filter], ...]] = (
    *(("hotspots", {"layer": layer}) for layer in ("clusters", "emerging", "density", "alerts")),
    *(("hotspots", {"tab": tab}) for tab in ("comparison", "repeats", "concentration", "spot", "files", "cold")),
    ("hotspots", {"base": "alerts", "affected": "woman"}),
    ("hotspots", {"columns": "all", "cell": "8"}),
    ("trends", {"by": "day", "period": "quarter"}),
    ("trends", {"by": "month", "period": "all"}),
    *(("data", {"part": part}) for part in ("history", "quality", "city", "import")),
    ("briefing", {"since": "2026-09-21"}),
    *(("finding", {"id": name}) for name in ("all", "place=terpsithea")),
)


class View(NamedTuple):
    """A page with the words of its link; `files`: whether the files that it gives are read as well."""

    page: str
    words: Filter
    phone: bool = False
    files: bool = False


def views(city: Looked, lang: str) -> list[View]:
    """The views of a city in one language.

    Each page as analysts and the council see it, on a screen or a phone, and under a filter; its layers and tabs; in
    English under many filters.
    """
    turn, look, council = LANGUAGES.index(lang), {"lang": lang}, {"lang": lang, "as": "council"}
    found = []
    for at, page in enumerate(PAGES):
        under = city.filters[(at * 5 + 7 * turn + 1) % len(city.filters)]
        found.append(View(page, look, files=turn == 0))
        found.append(View(page, council, phone=(at + turn) % 3 == 0, files=turn == 1))
        found.append(View(page, look | under, phone=at % 2 == 0))
    for at, (page, words) in enumerate(VIEWS):
        found += [View(page, look | words, files=True)] if turn == 0 else []
        found += [View(page, council | words, phone=at % 2 == 0)] if at % 3 == turn else []
    under_filters = enumerate(city.filters[2::2] if turn == 0 else ())
    return found + [View(("hotspots", "trends", "gender", FIRST)[at % 4], look | f) for at, f in under_filters]


def take_pages(city: Looked, lang: str, write: Write) -> None:
    """The texts of the views in a language, and of the pages of plans; and the files of some."""
    logging.disable(logging.WARNING)  # Streamlit says of every run that there is no server
    os.environ["CURIM_HOME"] = str(city.home.parent if city.name == SAMPLE else city.home)
    listed = views(city, lang)[LANGUAGES.index(lang) % city.every :: city.every]
    named = [(words_of(view.words) + "&phone" * view.phone, view) for view in listed]
    for at, plan in enumerate(city.plans):
        named += [(f"plan {at}", View(page, {"lang": lang, "plan": plan})) for page in ("interventions", "evaluation")]
    for name, view in named:
        files: dict[str, Callable[[], bytes | str]] = {}
        write(f"pages/{lang}/{view.page}/{name}.txt", "\n".join(_lines(run_page(view, files))))
        for key, make in files.items() if view.files else ():
            data = make()
            text = text_of(key, data.encode() if isinstance(data, str) else data)
            write(f"downloads/{lang}/{view.page}/{name}/{key}.txt", text)


def run_page(view: View, files: dict[str, Callable[[], bytes | str]]) -> AppTest:
    """A run of the page; `files` gets what its buttons hand out, by key and name."""
    original = st.download_button

    def download(label: str, data: Any, file_name: str, **look: Any) -> Any:
        files[f"{look.get('key', len(files))}.{file_name.rpartition('.')[2]}"] = data
        return original(label, data, file_name, **look)

    app = AppTest.from_file(str(ROOT / "pages" / "shell.py"), default_timeout=PATIENCE)
    for word, value in view.words.items():
        app.query_params[word] = value
    if view.phone:
        app.session_state["page_column"] = {"size": PHONE}
    if view.page != FIRST:
        app.switch_page(f"{view.page}.py")
    st.download_button = download
    try:
        return app.run()
    finally:
        st.download_button = original


def _lines(app: AppTest) -> Iterator[str]:
    """All that is visible in a run, one element a line or more, with its kind before it."""
    yield from (f"EXCEPTION {error.message}" for error in app.exception)
    yield from chain.from_iterable(_of_node(block) for block in app._tree.children.values())


def _of_node(node: Any) -> Iterator[str]:
    proto = getattr(node, "proto", None)
    match str(node.type):
        case "dataframe" | "arrow_data_frame" | "table":
            told = _table(node)
        case "plotly_chart":
            told = _chart(json.loads(proto.spec))
        case "deck_gl_json_chart":
            told = list(_map(json.loads(proto.json)))
        case "bidi_component":
            told = []
        case _:
            told = [line for text in _visible(proto) for line in _plain(text).splitlines()] if proto else []
    yield from (f"{node.type} {line}" for line in told if line)
    for child in getattr(node, "children", {}).values():
        yield from _of_node(child)


def _visible(proto: Any) -> Iterator[str]:
    """The values of the visible fields of a message and of those in it."""
    for field, value in proto.ListFields():
        repeated = not isinstance(value, str | bytes | int | float | bool) and not hasattr(value, "ListFields")
        for one in value if repeated else (value,):
            if hasattr(one, "ListFields"):
                yield from _visible(one)
            elif field.name in VISIBLE:
                yield str(one)


def _plain(text: str) -> str:
    """HTML as its text: styles and scripts gone, a line for each row or block."""
    if "<" not in text:
        return text
    text = re.sub(r"<(style|script).*?</\1>", "", text, flags=re.DOTALL)
    text = re.sub(r"</(?:td|th)>", " | ", re.sub(r"</(?:tr|p|div|li|h\d)>|<br ?/?>", "\n", text))
    return html.unescape(re.sub(r"<[^>]+>", "", text))


def _table(node: Any) -> list[str]:
    frame = node.value
    data = node.proto.arrow_data if hasattr(node.proto, "arrow_data") else node.proto
    if shown := data.styler.display_values:
        frame = convert_arrow_bytes_to_pandas_df(shown).set_axis(frame.columns, axis=1)
    columns = json.loads(node.proto.columns or "{}") if hasattr(node.proto, "columns") else {}
    told = [f"{name}: {about.get('label')} – {about.get('help') or ''}" for name, about in columns.items() if about]
    return [*told, *pd.DataFrame(frame).to_csv(index=True, float_format="%.9g").splitlines()]


def _chart(spec: dict[str, Any]) -> list[str]:
    """Traces and words of a chart: what is not the look of it."""
    kept = ("type", "name", "x", "y", "z", "text", "customdata", "hovertemplate", "hovertext", "error_x", "error_y")
    traces = [{key: trace[key] for key in kept if key in trace} for trace in spec["data"]]
    layout = spec.get("layout", {})
    axes = {key: one.get("title") for key, one in layout.items() if "axis" in key and isinstance(one, dict)}
    words = [one.get("text") for one in layout.get("annotations", ())]
    return as_json([traces, axes, layout.get("title"), words]).splitlines()


def _map(spec: dict[str, Any]) -> Iterator[str]:
    """The layers of a map with how much each shows, and the words of what is in it."""
    for layer in spec.get("layers", ()):
        data = layer.get("data")
        rows = data.get("features", ()) if isinstance(data, dict) else data if isinstance(data, list) else ()
        yield f"{layer.get('id')}: {len(rows)}"
        shown = [row.get("properties", row) for row in rows if isinstance(row, dict)]
        texts = [str(row[word]) for row in shown for word in MAP_WORDS if row.get(word)]
        yield from (f"{layer.get('id')}: {line}" for text in texts for line in _plain(text).splitlines())
