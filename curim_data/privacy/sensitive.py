"""Which categories are sensitive: those that the city's tree marks, and other names that speak of such harm."""

from __future__ import annotations

from functools import lru_cache

from curim_data import lexicon
from curim_data.engine import Source
from curim_data.model import CityProfile


def is_sensitive_category(name: str, city: CityProfile) -> bool:
    """Whether a category has the sensitive threshold.

    The tree decides for its own categories. Another name is sensitive where it speaks of sexual or gender-based harm;
    in doubt it does.
    """
    known = city.categories.get(name)
    return known.sensitive if known else _speaks_of_harm(name)


def sensitive_categories(source: Source) -> frozenset[str]:
    """The sensitive categories of the city's tree and of the stored alerts."""
    return source.city.sensitive | {name for name in source.other_categories if _speaks_of_harm(name)}


@lru_cache(maxsize=4096)
def _speaks_of_harm(name: str) -> bool:
    return lexicon.is_sensitive(name)
