"""How things look: the colours of both themes and of scales, and texts from outside as Markdown, shown literally."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from pages.parts.frame.page import Theme

# ColorBrewer YlOrRd, five classes: counts.
COUNTS: Final = ("#ffeda0", "#fec35a", "#f98e3a", "#e2532b", "#a31621")
# What a place has above its usual number: greys where that cannot be told or is usual, then classes of the counts.
EXCESS: Final = ("#dde2e6", "#b9c2c9", *COUNTS[1:])
GREYS_ON_DARK: Final = ("#3a4650", "#566572")
# ColorBrewer PuOr, five classes: change, neutral in the middle.
CHANGE: Final = ("#5e3c99", "#b2abd2", "#f0f0f0", "#fdb863", "#c75d00")
# What is too dark to be seen on the land of the dark theme, and what would then look like it, with its colour there.
ON_DARK: Final = {
    "#5e3c99": "#9370db",
    "#b2abd2": "#c0b6e6",
    "#c75d00": "#e66f0a",
    "#a50f15": "#ff6b81",
    "#0072b2": "#2d8fd5",
    "#56b4e9": "#a6dcf7",
}
# Okabe and Ito (2008), in the order in which categories take them.
CATEGORIES: Final = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7d00", "#5b6770")
GENDERS: Final = {
    "light": {"woman": "#0f6f8c", "man": "#7f8a95", "other": "#c08a2d", "undisclosed": "#c3ccd3", "unknown": "#dde3e7"},
    "dark": {"woman": "#4fb3d4", "man": "#9aa7b2", "other": "#d9a54a", "undisclosed": "#5d6a75", "unknown": "#46525c"},
}


@dataclass(frozen=True)
class Palette:
    """The colours of one theme, as hexadecimal strings; `cell`: how opaque a cell is, of 255."""

    background: str
    text: str
    muted: str
    line: str
    grid: str
    band: str
    sea_blue: str
    accent: str
    sea: str
    beyond: str
    land: str
    land_line: str
    district_line: str
    withheld: str
    hot_line: str
    cold_line: str
    highlight: str
    cluster_line: str
    halo: str
    cell: int


LIGHT: Final = Palette(
    background="#ffffff",
    text="#0b151d",
    muted="#55636f",
    line="#4a5866",
    grid="#e6ebef",
    band="#dfe6ea",
    sea_blue="#0d4f6c",
    accent="#c2410c",
    sea="#d2e4ee",
    beyond="#e7e8e7",
    land="#f4f2ec",
    land_line="#b9b7ae",
    district_line="#a3acb3",
    withheld="#aab4bc",
    hot_line="#14293a",
    cold_line="#007a5c",
    highlight="#0072b2",
    cluster_line="#5e3c99",
    halo="#ffffff",
    cell=225,
)
DARK: Final = Palette(
    background="#0f161c",
    text="#e7edf1",
    muted="#a3b1bc",
    line="#b6c3cd",
    grid="#2b3843",
    band="#26323c",
    sea_blue="#7cc4e4",
    accent="#f59561",
    sea="#12303f",
    beyond="#1a2026",
    land="#28323a",
    land_line="#4b5963",
    district_line="#5d6b76",
    withheld="#6f7c87",
    hot_line="#ffffff",
    cold_line="#3ddba8",
    highlight="#56b4e9",
    cluster_line="#cbb8f2",
    halo="#0f161c",
    cell=255,
)


def palette(theme: Theme) -> Palette:
    """The colours of a theme."""
    return DARK if theme == "dark" else LIGHT


def on_land(colour: str, theme: Theme) -> str:
    """A colour of a map as it is drawn on the land of a theme."""
    return ON_DARK.get(colour, colour) if theme == "dark" else colour


def ramp(shades: Sequence[str], theme: Theme) -> tuple[str, ...]:
    """A sequential scale, of which the low end is near the ground of the theme: turned round on a dark one."""
    return tuple(shades if theme == "light" else reversed(shades))


def rgba(colour: str, alpha: int = 255) -> list[int]:
    """`#rrggbb` as the list of four integers that deck.gl reads."""
    return [int(colour[i : i + 2], 16) for i in (1, 3, 5)] + [alpha]


WORD_JOINER: Final = "\u2060"
# Signs that mean something to Markdown, with what stands for them; in this order.
_ESCAPED: Final = tuple(
    (re.compile(pattern), written)
    for pattern, written in (
        (r"(?m)^(?: {4}|\t)[ \t]*", ""),  # the indentation that would make code
        # Turned into links, icons and emoji after Markdown was read, so that no backslash helps: an invisible sign.
        (r"(?i)(https?:|\bwww(?=\.)|:(?=[a-z_+-]+[/:]))", rf"\1{WORD_JOINER}"),
        (r"[\\`*_{}\[\]()<>#!|~$&]", r"\\\g<0>"),
        # A directive (":red[", ":material/"): a colon before a letter. "20:30" and "Place: quay" stay as they are.
        (r":(?=[^\s\d])", r"\\:"),
        # What starts a list or a heading at the beginning of a line.
        (r"(?m)^[ \t]*([-+=])", r"\\\1"),
        (r"(?m)^[ \t]*(\d+)(?=\.)", r"\1\\"),
    )
)

# A command of ours in the quotes of any language, on one line.
_COMMAND: Final = re.compile(r"[“«]\s*(curim [^”»`\n]+?)\s*[”»]")


def escape_markdown(text: str) -> str:
    """A text from an export, a profile, a plan, a link or a person as Markdown that shows it as it stands.

    No link, picture, formula, colour, icon or list comes of it. Line breaks stay. For everything that Streamlit reads
    as Markdown: text, captions, titles, messages, labels of buttons and pills, help, cells of `st.table`. Not for
    `st.dataframe`, charts, options of select boxes, and descriptions for screen readers, which show plain text.
    """
    for pattern, written in _ESCAPED:
        text = pattern.sub(written, text)
    return text


def escape_with_commands(text: str) -> str:
    """A sentence of ours as Markdown in which commands in quotes (“curim …”, « curim … ») are set as code.

    Elsewhere Streamlit would make a dash of the two hyphens of an option.

    >>> print(escape_with_commands("Take “curim import FILE --category NAME”."))
    Take `curim import FILE --category NAME`.
    """
    # what is matched stands at odd places
    return "".join(f"`{part}`" if at % 2 else escape_markdown(part) for at, part in enumerate(_COMMAND.split(text)))


def css_text(text: str) -> str:
    """A text as the value of `content` in a style sheet, in quotes."""
    signs = (f"\\{ord(sign):x} " if sign in '\\"<' or not sign.isprintable() else sign for sign in text)
    return f'"{"".join(signs)}"'
