"""Texts from outside as Markdown: shown literally, whatever characters they hold."""

from __future__ import annotations

import re
from typing import Final

WORD_JOINER: Final = "\u2060"
_SIGNS: Final = re.compile(r"[\\`*_{}\[\]()<>#!|~$&]")
# A directive (":red[", ":material/"): a colon before a letter. "20:30" and "Place: quay" stay as they are.
_DIRECTIVE: Final = re.compile(r":(?=[^\s\d])")
# What starts a list or a heading at the beginning of a line, and the indentation that would make it code.
_LINE: Final = re.compile(r"(?m)^[ \t]*([-+=]|\d+(?=\.))")
_INDENT: Final = re.compile(r"(?m)^(?: {4}|\t)[ \t]*")
# Turned into links, icons and emoji after Markdown was read, so that no backslash helps: an invisible sign parts them.
_LATE: Final = re.compile(r"(?i)(https?:|\bwww(?=\.)|:(?=[a-z_+-]+[/:]))")

# A command of ours in the quotes of any language, on one line.
_COMMAND: Final = re.compile(r"[“«]\s*(curim [^”»`\n]+?)\s*[”»]")


def escape_markdown(text: str) -> str:
    """A text from an export, a profile, a plan, a link or a person as Markdown that shows it as it stands.

    No link, picture, formula, colour, icon or list comes of it. Line breaks stay. For everything that Streamlit reads
    as Markdown: text, captions, titles, messages, labels of buttons and pills, help, cells of `st.table`. Not for
    `st.dataframe`, charts, options of select boxes, and descriptions for screen readers, which show plain text.
    """
    text = _INDENT.sub("", text)
    text = _LATE.sub(rf"\1{WORD_JOINER}", text)
    text = _SIGNS.sub(r"\\\g<0>", text)
    text = _DIRECTIVE.sub(r"\\:", text)
    return _LINE.sub(_escaped_start, text)


def escape_with_commands(text: str) -> str:
    """A sentence of ours as Markdown in which commands in quotes (“curim …”, « curim … ») are set as code.

    Elsewhere Streamlit would make a dash of the two hyphens of an option.

    >>> print(escape_with_commands("Take “curim import FILE --category NAME”."))
    Take `curim import FILE --category NAME`.
    """
    parts = _COMMAND.split(text)  # what is matched stands at odd places
    return "".join(f"`{part}`" if at % 2 else escape_markdown(part) for at, part in enumerate(parts))


def _escaped_start(found: re.Match[str]) -> str:
    start = found[1]
    return f"{start}\\" if start.isdigit() else f"\\{start}"


def css_text(text: str) -> str:
    """A text as the value of `content` in a style sheet, in quotes."""
    signs = (f"\\{ord(sign):x} " if sign in '\\"<' or not sign.isprintable() else sign for sign in text)
    return f'"{"".join(signs)}"'
