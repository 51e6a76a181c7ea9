"""The deck of every map: what pydeck describes, sent without the white space that is most of its description."""

from __future__ import annotations

import json
from functools import cache

import pydeck as pdk
from pydeck.bindings import deck as described
from pydeck.bindings.json_tools import default_serialize

# Each deck asks several times whether this is a notebook, by an import that fails: milliseconds of looking for files.
if hasattr(described, "has_jupyter_extra"):
    described.has_jupyter_extra = cache(described.has_jupyter_extra)


class Deck(pdk.Deck):
    """As `pydeck.Deck`; its JSON has no indents, so that Python's quick encoder writes it."""

    def to_json(self) -> str:
        """The same description, on one line, its letters as they are: escaped, a Greek one takes six bytes."""
        return json.dumps(self, sort_keys=True, default=default_serialize, separators=(",", ":"), ensure_ascii=False)
