"""The language in which a run of `curim` speaks."""

from __future__ import annotations

import os
from collections.abc import Sequence

from curim_data.model.i18n import LANGUAGES


def language(arguments: Sequence[str] = ()) -> str:
    """The reader's language: --lang, else CURIM_LANG, else the locale's, else English."""
    for at, word in enumerate(arguments):
        value = arguments[at + 1] if word == "--lang" and at + 1 < len(arguments) else word.partition("--lang=")[2]
        if value in LANGUAGES:
            return value
    for name in ("CURIM_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            code = os.environ[name][:2]
            return code if code in LANGUAGES else "en"
    return "en"
