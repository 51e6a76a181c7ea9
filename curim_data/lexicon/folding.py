"""Words made comparable."""

from __future__ import annotations

import unicodedata


def fold(text: str) -> str:
    """A word without case, accents and the difference between blank, hyphen and underscore; final sigma is sigma."""
    kept = text.strip().casefold()
    if not kept.isascii():
        plain = unicodedata.normalize("NFKD", kept)
        kept = "".join(character for character in plain if not unicodedata.combining(character))
    return "_".join(kept.replace("_", " ").replace("-", " ").replace("ς", "σ").split())
