"""Work on the next piece while the caller deals with the last one: Arrow, DuckDB and the readers let others run."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

_Given = TypeVar("_Given")
_Done = TypeVar("_Done")
_END = object()


def prefetch(items: Iterable[_Given]) -> Iterator[_Given]:
    """The items in their order, each fetched in a thread of its own while the caller has the one before."""
    pieces = iter(items)
    with ThreadPoolExecutor(1) as worker:
        coming = worker.submit(next, pieces, _END)
        while (item := coming.result()) is not _END:
            coming = worker.submit(next, pieces, _END)
            yield item  # type: ignore[misc]
            del item  # before the next one is waited for


def prefetch_map(items: Iterable[_Given], make: Callable[[_Given], _Done]) -> Iterator[_Done]:
    """What `make` gives for each item, in their order; it works on one item while the caller deals with the last."""
    return prefetch(map(make, items))
