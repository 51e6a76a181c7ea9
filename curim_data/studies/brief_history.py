"""Which findings the last brief had, so that the next one is written only where it has another.

The home keeps `briefs.json`: for each brief that is written again and again (its audience, language and filter) the day
of the last one, and its findings by their ids with the day since which they are in it. No count and no single alert.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode

from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.model.prepared import write_whole
from curim_data.store import Home, locked
from curim_data.studies.brief import BriefChanges
from curim_data.studies.findings import Finding

FILE: Final = "briefs.json"


@dataclass(frozen=True)
class LastBrief:
    """The day of the last brief, None where there was none, and since when each of its findings was in one."""

    made: dt.date | None = None
    findings: Mapping[str, dt.date] = field(default_factory=dict)

    def new(self, found: Sequence[str]) -> tuple[str, ...]:
        """The findings that it did not have."""
        return tuple(name for name in found if name not in self.findings)


def finding_name(finding: Finding) -> str:
    """What changed and in which direction, in the words of a query string: a rise that turns into a fall is another.

    The words are ids of the city's places and categories.
    """
    return f"{finding.id}&side={'more' if finding.change.direction > 0 else 'fewer'}"


def reported_names(study: BriefChanges) -> list[str]:
    """The names of its clear and probable changes, and of its events."""
    events = [f"event={one.event.category}&cell={one.cell}&day={one.day.isoformat()}" for one in study.events]
    return [*events, *(finding_name(one) for one in study.findings if one.change.grade != "open")]


def brief_name(f: AlertFilter, audience: Audience, lang: str) -> str:
    """Which brief this is: for whom, in which language, about which alerts."""
    return urlencode({**f.to_query(), "audience": audience.value, "lang": lang})


def last_brief(home: Home, name: str) -> LastBrief:
    """The last brief of a name; one that had no finding where none is known, or the file cannot be read."""
    told = _read(home.path / FILE).get(name)
    try:
        if told is None:
            return LastBrief()
        findings = {str(one): dt.date.fromisoformat(day) for one, day in told["findings"].items()}
        return LastBrief(dt.date.fromisoformat(told["made"]), findings)
    except (KeyError, TypeError, ValueError, AttributeError):
        return LastBrief()


def keep_brief(home: Home, name: str, study: BriefChanges, made: dt.date) -> None:
    """Remember the findings of a brief that was written, those that stay with the day since which they are known."""
    names = reported_names(study)
    with locked(home.path / f"{FILE}.lock"):  # timers may write briefs of several languages at once
        last = last_brief(home, name)
        findings = {one: last.findings.get(one, made).isoformat() for one in names}
        kept = {**_read(home.path / FILE), name: {"made": made.isoformat(), "findings": findings}}
        text = json.dumps(kept, ensure_ascii=False, indent=1, sort_keys=True)
        write_whole(home.path / FILE, lambda part: part.write_text(text, "utf-8"))


def _read(path: Path) -> dict[str, Any]:
    try:
        told = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return told if isinstance(told, dict) else {}
