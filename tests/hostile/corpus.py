"""All hostile files by name, made anew for each run: none of them lies in the repository."""

from __future__ import annotations

from functools import cache

from tests.hostile.archives import archives, layers
from tests.hostile.tables import columns, json_files, texts, workbooks, xml_files


@cache
def hostile_files() -> dict[str, bytes]:
    """Names and contents."""
    return {**texts(), **workbooks(), **columns(), **json_files(), **xml_files(), **archives(), **layers()}
