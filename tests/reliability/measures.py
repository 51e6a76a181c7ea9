"""What is measured of one made-up city, by the studies that the pages use."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np

from curim_data.engine import Source
from curim_data.engine.incidents import IncidentFacts
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.studies.changes import change_study
from curim_data.studies.clusters import cluster_study
from curim_data.studies.emerging import emerging_study
from curim_data.studies.hot_spots import hot_spot_study
from curim_data.studies.trends import trend_study

WHO = Audience.SPECIALIST


def findings(source: Source) -> dict[str, float]:
    """How many findings of each kind a city gets."""
    since = source.as_of - dt.timedelta(days=55)
    recent, year = AlertFilter(period="", start=since, end=source.as_of), AlertFilter(period="12m")
    emerging = emerging_study(source, year, WHO)
    trend = trend_study(source, year, WHO)
    found: dict[str, float] = {
        "changes": change_study(source, recent, WHO).changes.n_significant,
        "year on year": change_study(source, year, WHO).changes.n_significant,
        "hot spots, 8 weeks": len(hot_spot_study(source, recent, WHO).spots),
        "hot spots, a year": len(hot_spot_study(source, year, WHO).spots),
        "clusters": len(cluster_study(source, year, WHO).found),
        "emerging": 0 if emerging.emerging is None else len(emerging.emerging.places),
    }
    if trend is not None:
        frame = trend.frame[trend.frame["complete"].astype(bool)]
        known = frame["upper"].notna()
        outside = known & frame["alarm"].astype(bool)
        found["weeks outside"], found["weeks"] = float(outside.sum()), float(known.sum())
    return found


def as_alerts(source: Source) -> Source:
    """The same source with each alert as an incident of its own: what the tests said before."""
    facts: Any = source.incidents
    alone = IncidentFacts(facts.alerts, facts.alerts, facts.rule)
    return replace(source, cache={**source.cache, "incidents": alone, "totals": {}})


def share_kept(source: Source, truth: int) -> float:
    """Incidents counted by the true number of incidents."""
    return float(source.incidents.incidents) / truth if source.incidents else np.nan
