"""The command brief: what the council's meeting gets to read, on the terminal or as PDF or Word."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curim_data import query
from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError, check_suffix, write_file
from curim_data.engine import Source
from curim_data.filters import AlertFilter
from curim_data.model import N_, Audience, CityProfile, Message

if TYPE_CHECKING:
    from analysis.report.brief import PlanRow
    from curim_data.studies.brief import BriefStudy

app = new_app()


@command(
    app, "brief", N_("Brief the council: what changed, where, for whom."), filtered=True, audience=Audience.COUNCIL
)
def brief(
    ctx: CommandContext,
    since: Annotated[
        str | None,
        typer.Option(help=N_("First day of the changes, such as 2025-03-31; the last meeting unless given.")),
    ] = None,
    out: Annotated[Path | None, typer.Option(help=N_("PDF or Word (.docx) file to write."))] = None,
) -> None:
    """Print a brief, or write it as a document."""
    from curim_data.studies.brief import brief_study
    from curim_data.studies.brief_content import brief_content

    form = None if out is None else check_suffix(out, ".pdf", ".docx")
    source = ctx.source()
    f = ctx.filter(source)
    study = brief_study(source, f, ctx.audience, _first_day(ctx, source, f, since))
    plans = _plans(ctx, source)
    if out is not None:
        from analysis.report.documents import brief_document

        content = brief_content(
            study,
            f,
            source.city,
            ctx.t,
            plans=plans,
            made=dt.date.today(),
            illustrative=source.city.illustrative,
            audience=ctx.audience,
        )
        write_file(out, brief_document(content, source.city, ctx.t, "pdf" if form == ".pdf" else "docx"))
    lines = [*_lines(ctx, study, source.city), *_plan_lines(ctx, plans)]
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "since": study.since,
                "until": study.until,
                "told": lines,
                "out": out and str(out),
            }
        )
        return
    ctx.print(query.sentence(source, f, ctx.t, study.total), *lines)
    if out is not None:
        ctx.print(ctx.t("The brief was written to {file}.", file=str(out)))


def _plans(ctx: CommandContext, source: Source) -> tuple[PlanRow, ...]:
    """What was decided; the sample's plans in the reader's language, on its last day."""
    from curim_data.plans.plan_store import PlanStore
    from curim_data.sample.plans import demo_words
    from curim_data.studies.brief_content import plan_rows

    kept = PlanStore(ctx.home.plans_url).list()
    if ctx.home.is_sample:
        return plan_rows([demo_words(plan, ctx.t) for plan in kept], source.as_of, ctx.t)
    return plan_rows(kept, dt.date.today(), ctx.t)


def _plan_lines(ctx: CommandContext, plans: Sequence[PlanRow]) -> list[str]:
    """What was decided and what became of it, a line a plan."""
    t = ctx.t
    lines = [
        "- " + t("{plan} ({status}): {told}", plan=row.title, status=row.status, told=row.next_or_result(t))
        for row in plans
    ]
    return [t("What was decided, and what became of it"), *lines] if lines else []


def _first_day(ctx: CommandContext, source: Source, f: AlertFilter, since: str | None) -> dt.date | None:
    """The day from which changes are looked for; UsageError for one that is no day of the filter's period."""
    if since is None:
        return source.meeting
    try:
        day = dt.date.fromisoformat(since)
    except ValueError:
        raise UsageError(Message("“{value}” is not a date such as 2025-03-31.", {"value": since})) from None
    first, last = query.dates(source, f)
    if not first <= day <= last:
        dates = {"value": since, "first": ctx.t.date(first), "last": ctx.t.date(last)}
        raise UsageError(
            Message(
                "--since {value} is outside the period looked at, {first} to {last}: give a day in it, or another "
                "period (--period, --from, --to).",
                dates,
            )
        )
    return day


def _lines(ctx: CommandContext, study: BriefStudy, city: CityProfile) -> list[str]:
    """The sentences of the page, in its order."""
    from curim_data.studies import brief_text

    t = ctx.t
    lines = [brief_text.headline(study, t)]
    for finding in study.findings:
        change = finding.change
        before, after = brief_text.counts_before_after(change, t)
        name = brief_text.change_name(change, city, t)
        counts = t("{before} → {after} incidents", before=before, after=after)
        sentences = (
            f"{name}: {counts}.",
            brief_text.than_others(change, t),
            brief_text.comparison_sentence(change, study.changes.periods, t),
            brief_text.chance_sentence(change, t),
        )
        lines.append("- " + " ".join(filter(None, sentences)))
    if not study.findings and study.changes.changes.n_tested:
        lines.append(brief_text.none_sentence(study, t))
    lines += [t(choice.explanation) for choice in study.changes.choices if choice.name in ("reference", "darkness")]
    lines.append(study.hot.hot.sentence(t) if study.hot.spots else brief_text.no_spots_sentence(study, t))
    lines += [f"{spot.rank}. {study.names[spot.id](t)}" for spot in study.hot.spots[: brief_text.MOST_SPOTS]]
    return [*lines, brief_text.affected_sentence(study, city, t)]
