"""Kept results of queries: `cached` and `calculated` (waiting) keep those of studies.

Keys are small and hashable (a dataset's version, a filter, an audience), never tables.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from curim_data import query
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import Audience
from curim_data.privacy import sees_exact
from curim_data.protection import open_for, opened_for
from curim_data.store import Home
from pages.parts.frame.page import Dataset, Page
from pages.parts.frame.waiting import cached


def source_of(dataset: Dataset) -> Source:
    """The alerts that a dataset names; a run that has them open already reads nothing again."""
    home = Path(dataset.home)
    known = (dataset.version, dataset.profile, dataset.meeting, dataset.annotations)
    return opened_for(home, known) or open_for(Home(home), dataset.audience)


def dataset_for(page: Page, audience: Audience) -> Dataset:
    """What is on show, as another audience reads it."""
    if page.source is None or sees_exact(audience) == sees_exact(page.audience):
        return replace(page.dataset, audience=audience)
    return replace(page.dataset, version=open_for(page.home, audience).version, audience=audience)


def cached_query(page: Page, question: str, *parts: Any, filter: AlertFilter | None = None, **settings: Any) -> Any:
    """Call one of the functions of `curim_data.query` (by name) for what is on show, and cache the result.

    `cached_query(page, "counts", ("week",), complete=True)` is
    `query.counts(source, page.filter, ("week",), page.audience, complete=True)`.
    """
    return _run_query(
        question, page.dataset, filter or page.filter, page.audience, parts, tuple(sorted(settings.items()))
    )


@cached
def _run_query(
    question: str,
    dataset: Dataset,
    chosen: AlertFilter,
    audience: Audience,
    parts: tuple[Any, ...] = (),
    settings: tuple[tuple[str, Any], ...] = (),
) -> Any:
    """The result of one query function; cached by everything that it depends on."""
    return getattr(query, question)(source_of(dataset), chosen, *parts, audience=audience, **dict(settings))
