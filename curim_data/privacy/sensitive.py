"""Which categories are sensitive: those that the city's tree marks, and other names that speak of such harm."""

from __future__ import annotations

from functools import lru_cache

from curim_data import lexicon
from curim_data.engine import Source
from curim_data.model import CityProfile


def is_sensitive_category(name: str, city: CityProfile) -> bool:
    """Whether a category is sensitive: sexual or gender-based harm.

    The tree decides for its own categories: by its mark, or by a group that speaks of such harm. Another name, and
    those of a tree that nobody has looked at yet, are sensitive where they speak of it; in doubt they do.
    """
    known = city.categories.get(name)
    if known is None:
        return _speaks_of_harm(name)
    return known.sensitive or _speaks_of_harm(known.group) or (city.provisional and _speaks_of_harm(name))


def sensitive_categories(source: Source) -> frozenset[str]:
    """The sensitive categories of the city's tree and of the stored alerts."""
    names = (*source.city.categories, *source.other_categories)
    return frozenset(name for name in names if is_sensitive_category(name, source.city))


@lru_cache(maxsize=4096)
def _speaks_of_harm(name: str) -> bool:
    return lexicon.is_sensitive(name.replace("_", " "))
