"""Texts from outside as Markdown: shown literally, whatever characters they hold."""

from __future__ import annotations

import re
from typing import Final

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
