"""What a command did, for the record of who looked and did what; written after its answer."""

from __future__ import annotations

import getpass
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from curim_data.cli.context import CommandContext

GROUPS: Final = {"city": "city", "plans": "plan", "notes": "annotations", "meetings": "meetings"}
READING: Final = ("show", "list", "versions", "export", "evaluate")  # of the groups; their other commands write
DEEDS: Final = {"import": "import", "undo": "undo", "erase": "erase"}
# Commands that show nothing of a city.
UNRECORDED: Final = ("sample",)


def record_command(ctx: CommandContext, module: str, name: str, given: Mapping[str, Any]) -> None:
    """Write down a command that is done; the sample city, and a home without a city, have no record."""
    if name in UNRECORDED or ctx.home.is_sample or not ctx.home.has_city():
        return
    from curim_data.plans.record import Deed, Entry, record_now

    group = GROUPS.get(module.rpartition(".")[2], "")
    words = f"curim {group} {name}" if group else f"curim {name}"
    subject = " ".join([words, *_objects(name, given)])
    query = urlencode({word: text for word, text in ctx.query.items() if text})
    deed = Deed(_deed(group, name, given))
    sys.stdout.flush()
    record_now(ctx.home, Entry(time.time(), _user(), ctx.audience.value, deed, subject, query))


def _deed(group: str, name: str, given: Mapping[str, Any]) -> str:
    if given.get("dry_run") or (name == "erase" and not given.get("yes")):
        return "command"
    if not group and name in DEEDS:
        return DEEDS[name]
    if group and name not in READING:
        return "change"
    return "download" if given.get("out") else "command"


def _objects(name: str, given: Mapping[str, Any]) -> list[str]:
    """What a command was about: names of files and of imports; of alerts only how many."""
    told = [Path(file).name for file in given.get("files") or ()]
    if name == "undo":
        told.append(str(given["batch"]))
    if name == "erase":
        told.append(f"({len(given['alerts'])})")
    if given.get("out"):
        told.append(f"→ {Path(given['out']).name}")
    return told


def _user() -> str:
    """The account of this computer that ran the command."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such account, as in some containers
        return ""
