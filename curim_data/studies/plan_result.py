"""The result that a plan keeps of its evaluation: as a whole, and as short as the paper of the brief needs it."""

from __future__ import annotations

from typing import Final

from curim_data.model import LANGUAGES, Message, Translator, translator

DAYS_COMPARED: Final = Message("Before: {before_start} – {before_end}. After: {after_start} – {after_end}.")
MONTHS_COMPARED: Final = Message("Before: {before}. After: {after}.")


def short_result(result: str) -> str:
    """A kept result without the dates that were compared and what stands behind them: how the plan was fixed.

    Kept are the sentences before the dates, in whatever language they were written; a text without dates is whole.

    >>> short_result("9 alerts fewer. Before: May 2025. After: May 2026. Areas were fixed before the start.")
    '9 alerts fewer.'
    """
    cuts = [at for lang in LANGUAGES for head in _heads(translator(lang)) if (at := result.find(head)) > 0]
    return result[: min(cuts)].rstrip() if cuts else result


def _heads(t: Translator) -> set[str]:
    """With what the sentence of the dates begins, after the space before it."""
    return {" " + t(message.text).partition("{")[0] for message in (DAYS_COMPARED, MONTHS_COMPARED)}
