"""Words of others: whatever they hold, Markdown shows them as they stand."""

from __future__ import annotations

import pytest

from pages.parts.frame import escape_markdown, escape_with_commands
from pages.parts.frame.look import WORD_JOINER


@pytest.mark.parametrize(
    ("told", "shown"),
    [
        ("Old Quay, 20:30 – 21:00", "Old Quay, 20:30 – 21:00"),
        ("Place: quay", "Place: quay"),
        ("[Prize](javascript)", r"\[Prize\]\(javascript\)"),
        ("![x](y)", r"\!\[x\]\(y\)"),
        (":red[x]", r"\:red\[x\]"),
        ("::: note", r"\:\:: note"),
        ("a*b_c`d", r"a\*b\_c\`d"),
        ("$x^2$ <b> & | ~~", r"\$x^2\$ \<b\> \& \| \~\~"),
        ("back\\slash", r"back\\slash"),
        ("# one", r"\# one"),
        ("- one\n+ two\n3. three", "\\- one\n\\+ two\n3\\. three"),
        ("    code\n\tcode", "code\ncode"),
        ("one\n===", "one\n\\==="),
        ("https://evil.example", rf"https\:{WORD_JOINER}//evil.example"),
        ("www.evil.example", rf"www{WORD_JOINER}.evil.example"),
        (":material/home:", rf"\:{WORD_JOINER}material/home:"),
        (":smile:", rf"\:{WORD_JOINER}smile:"),
        ("", ""),
    ],
)
def test_signs_lose_their_meaning(told: str, shown: str) -> None:
    assert escape_markdown(told) == shown


@pytest.mark.parametrize("quoted", ["“curim undo *B*”", "«curim undo *B*»", "«\u202fcurim undo *B*\u202f»"])
def test_a_command_keeps_its_signs(quoted: str) -> None:
    """In plain text Streamlit makes a dash of two hyphens."""
    command = quoted.replace("undo *B*", "import FILE --category NAME")
    assert escape_with_commands(f"*Or* {command}.") == r"\*Or\* `curim import FILE --category NAME`."
    assert escape_with_commands(f"x {quoted}") == "x `curim undo *B*`"
    assert escape_with_commands("“curim `x`”") == escape_markdown("“curim `x`”")
    assert escape_with_commands("“quay” *x*") == escape_markdown("“quay” *x*")
