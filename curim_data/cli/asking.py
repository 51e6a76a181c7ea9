"""The questions of an import on the terminal, each with its default."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from curim_data.cli.context import CommandContext
from curim_data.importing.pipeline import ImportReport
from curim_data.importing.questions import epsg, is_answered, with_answer
from curim_data.model import MOST_QUESTIONS, Question


def ask_about(ctx: CommandContext, file: Path, bring: partial[ImportReport]) -> partial[ImportReport]:
    """The import of a file with what a person answers to at most `MOST_QUESTIONS` questions of it; what another answer
    than the default raises is asked too.
    """
    answers, met, again = bring.keywords["answers"], set[str](), True
    while again and len(met) < MOST_QUESTIONS:
        again = False
        listed = _questions(ctx, file, partial(bring, answers=answers))
        for one in [one for one in listed if ctx.t(one.message) not in met][: MOST_QUESTIONS - len(met)]:
            met.add(ctx.t(one.message))
            answer = _answer(ctx, one)
            answers, again = with_answer(answers, one, answer), again or answer != one.default
    return partial(bring, answers=answers)


def _questions(ctx: CommandContext, file: Path, bring: partial[ImportReport]) -> list[Question]:
    """What an import would ask that is not answered; whether it is the right city needs more than a word."""
    try:
        with ctx.progress(file.name) as step:
            report = bring(file, file.name, dry_run=True, progress=step)
    except Question as one:
        return [one] if one.about != "elsewhere" else []
    return [one for one in report.questions if not is_answered(one, report.answers)]


def _answer(ctx: CommandContext, question: Question) -> str:
    """What a person answers: number or value of a choice, any text where there are none; Enter is the default."""
    values = [choice.value for choice in question.choices]
    ctx.print(ctx.t(question.message), *(f"  {at}. {ctx.t(one.label)}" for at, one in enumerate(question.choices, 1)))
    usual = str(values.index(question.default) + 1) if question.default in values else ""
    prompt = ctx.t("Number, or Enter for {default}", default=usual) if usual else ""
    while True:
        given = input(f"{prompt}> ").strip() or question.default or ""
        if given.isdecimal() and 0 < int(given) <= len(values):
            given = values[int(given) - 1]
        known = given in values if values else given or given == question.default
        if known or (question.about == "crs" and epsg(given)):  # its choices are no more than likely ones
            return given
