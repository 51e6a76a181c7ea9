"""One entry of the Methods page."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class MethodEntry:
    """One figure: its question, formulas (LaTeX), settings, limits, sources, and what a test reproduces."""

    title: str
    answers: str
    formulas: tuple[str, ...]
    where: str
    settings: str
    limits: str
    sources: tuple[str, ...]
    reproduced: str = ""
