"""The command brief: what the council gets to read, on the terminal, as PDF or Word, by mail, or as a picture.

With --if-changed it is written only where it has a finding that the last one did not have: a timer may run it each day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from curim_data.cli.changes import findings_answer
from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.cli.output import UsageError, check_suffix, write_file
from curim_data.model import N_, Audience, Message

if TYPE_CHECKING:
    from analysis.report.brief import PlanRow
    from curim_data.engine import Source
    from curim_data.filters import AlertFilter
    from curim_data.model import CityProfile
    from curim_data.store.settings import Settings
    from curim_data.studies.brief import BriefChanges, BriefStudy

app = new_app()


@command(app, "brief", filtered=True, audience=Audience.COUNCIL)
def brief(
    ctx: CommandContext,
    since: Annotated[
        str | None,
        typer.Option(help=N_("First day of the changes, such as 2025-03-31; the last meeting unless given.")),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help=N_("PDF or Word (.docx) file to write; a PNG file with --card."))
    ] = None,
    if_changed: Annotated[
        bool,
        typer.Option(
            "--if-changed", help=N_("Write and send the brief only if it has a change that the last one did not have.")
        ),
    ] = False,
    mail: Annotated[
        list[str] | None,
        typer.Option(help=N_("Address to send the brief to, through the server in settings.toml; may be repeated.")),
    ] = None,
    card: Annotated[
        int | None,
        typer.Option(
            help=N_("Write the change of this number, from 1, as a picture for a newsletter, protected for the public.")
        ),
    ] = None,
) -> None:
    """Print a brief, write or send it as a document, or one of its changes as a picture."""
    from curim_data import query

    to = tuple(dict.fromkeys(mail or ()))
    if card is not None:
        _card(ctx, card, out, since, others=bool(to) or if_changed)
        return
    form = None if out is None else check_suffix(out, ".pdf", ".docx")
    if if_changed and out is None and not to:
        raise UsageError(Message("--if-changed needs --out FILE or --mail ADDRESS: what should be written or sent?"))
    settings = _settings(ctx)
    if to:
        _check_mail(settings, to)
    source = ctx.source()
    f = ctx.filter(source)
    told = _told(ctx, source, f, _first_day(ctx, source, f, since))
    kept = if_changed or bool(to)
    if if_changed and (quiet := _nothing_new(ctx, f, told.changes)):
        _answer(ctx, source, f, told, Answer([quiet], written=False))
        return
    plans = _plans(ctx, source)
    lines = [*_lines(ctx, told.study, source.city), *_plan_lines(ctx, plans)]
    if out is None and not to:
        _answer(ctx, source, f, told, Answer([query.sentence(source, f, ctx.t, told.study.total), *lines]))
        return
    suffix = form or ".pdf"
    paper = _paper(ctx, source, f, told, settings, suffix, plans)
    said = []
    if out is not None:
        write_file(out, paper)
        said.append(ctx.t("The brief was written to {file}.", file=str(out)))
    if to:
        _send(ctx, told, settings, to, lines, paper, suffix)
        said.append(ctx.t("The brief was sent to {addresses}.", addresses=ctx.t.join(to)))
    if kept:
        _remember(ctx, f, told.changes)
    printed = said if if_changed else [query.sentence(source, f, ctx.t, told.study.total), *lines, *said]
    _answer(ctx, source, f, told, Answer(printed, out=out, mailed=to, lines=lines))


@dataclass(frozen=True)
class Told:
    """What a brief is made of: its changes, and all of it once it is asked for."""

    source: Source
    filter: AlertFilter
    audience: Audience
    since: dt.date | None
    changes: BriefChanges

    @cached_property
    def study(self) -> BriefStudy:
        """All that the brief says; worked out when it is asked for the first time."""
        from curim_data.studies.brief import brief_study

        return brief_study(self.source, self.filter, self.audience, self.since, self.changes)


@dataclass(frozen=True)
class Answer:
    """What the command says, and what it did."""

    printed: list[str]
    written: bool = True
    out: Path | None = None
    mailed: tuple[str, ...] = ()
    lines: list[str] | None = None


def _told(ctx: CommandContext, source: Source, f: AlertFilter, since: dt.date | None) -> Told:
    from curim_data.studies.brief import brief_changes

    return Told(source, f, ctx.audience, since, brief_changes(source, f, ctx.audience, since))


def _answer(ctx: CommandContext, source: Source, f: AlertFilter, told: Told, answer: Answer) -> None:
    if ctx.as_json:
        lines = answer.lines if answer.lines is not None else answer.printed[1:] if answer.written else answer.printed
        ctx.print_json(
            {
                **ctx.question(source, f),
                "since": told.changes.since,
                "until": told.changes.until,
                **findings_answer(ctx, source, told.changes),
                "told": lines,
                "written": answer.written and (answer.out is not None or bool(answer.mailed)),
                "out": answer.out and str(answer.out),
                "mailed": answer.mailed,
            }
        )
        return
    ctx.print(*answer.printed)


def _settings(ctx: CommandContext) -> Settings:
    from curim_data.store.settings import SettingsError, read_settings

    try:
        return read_settings(ctx.home)
    except SettingsError as error:
        raise UsageError(error.message) from error


def _check_mail(settings: Settings, to: tuple[str, ...]) -> None:
    """UsageError before anything is worked out, where mail could not be sent."""
    from curim_data.store.settings import is_address

    for address in to:
        if not is_address(address):
            raise UsageError(Message("--mail {address} is no mail address.", {"address": address}))
    if settings.mail is None:
        raise UsageError(
            Message("--mail: no mail server is set; write [mail] with host, sender and security into settings.toml.")
        )


def _nothing_new(ctx: CommandContext, f: AlertFilter, changes: BriefChanges) -> str:
    """Why no brief is written: nothing deserves attention, or nothing that the last brief did not have; else empty."""
    from curim_data.studies.brief_history import brief_name, last_brief, reported_names

    last = last_brief(ctx.home, brief_name(f, ctx.audience, ctx.t.lang))
    names = reported_names(changes)
    if not names:
        return ctx.t("No change deserves attention, so no brief was written.")
    if last.made is None or last.new(names):
        return ""
    return ctx.t("No change is new since the brief of {day}, so no brief was written.", day=last.made)


def _today(city: CityProfile) -> dt.date:
    """The day that it is in the city."""
    from curim_data.engine import city_day

    return city_day(city)


def _remember(ctx: CommandContext, f: AlertFilter, changes: BriefChanges) -> None:
    from curim_data.studies.brief_history import brief_name, keep_brief

    keep_brief(ctx.home, brief_name(f, ctx.audience, ctx.t.lang), changes, _today(ctx.city()))


def _paper(
    ctx: CommandContext,
    source: Source,
    f: AlertFilter,
    told: Told,
    settings: Settings,
    suffix: str,
    plans: Sequence[PlanRow],
) -> bytes:
    from analysis.report.documents import brief_document
    from curim_data.store.cities import city_word
    from curim_data.studies.brief_content import brief_content, public_link

    content = brief_content(
        told.study,
        f,
        source.city,
        ctx.t,
        plans=plans,
        made=_made(ctx, source),
        link=public_link(settings.public_url, f, ctx.t.lang, told.since, city_word(ctx.home)),
        illustrative=source.city.illustrative,
        audience=ctx.audience,
    )
    return brief_document(content, source.city, ctx.t, "pdf" if suffix == ".pdf" else "docx")


def _send(
    ctx: CommandContext,
    told: Told,
    settings: Settings,
    to: tuple[str, ...],
    lines: list[str],
    paper: bytes,
    suffix: str,
) -> None:
    from analysis.report.documents import MIME
    from curim_data.export.mail import Attachment, MailError, send_mail

    assert settings.mail is not None
    t, city = ctx.t, told.source.city
    name = f"curim_brief_{_today(city).isoformat()}_{t.lang}{suffix}"
    subject = t("Briefing for the council · {city}", city=t.label(city.names))
    if city.illustrative:
        lines = [t("Sample data: made up. Not about real events."), *lines]
    file = Attachment(name, MIME["pdf" if suffix == ".pdf" else "docx"], paper)
    try:
        send_mail(settings.mail, to, subject, "\n\n".join(lines) + "\n", (file,))
    except MailError as error:
        if error.sent:  # nobody gets it twice because of another one's address
            _remember(ctx, told.filter, told.changes)
            ctx.note(t("The brief was sent to {addresses}.", addresses=t.join(error.sent)))
        raise UsageError(error.message) from error


def _card(ctx: CommandContext, number: int, out: Path | None, since: str | None, *, others: bool) -> None:
    """Write one change as a picture, with the numbers that the public may see."""
    from curim_data.protection import copy_of
    from curim_data.studies.brief import brief_changes
    from curim_data.studies.brief_card import card_picture

    if out is None or others:
        raise UsageError(Message("--card needs --out FILE.png, and neither --mail nor --if-changed."))
    check_suffix(out, ".png")
    source = ctx.source()
    f = ctx.filter(source)
    first = _first_day(ctx, source, f, since)
    changes = brief_changes(copy_of(source), f, Audience.PUBLIC, first)
    if not 1 <= number <= len(changes.findings):
        raise UsageError(
            Message(
                "--card {number}: the changes that deserve attention are {n}.",
                {"number": number, "n": len(changes.findings)},
            )
        )
    made = _made(ctx, source)
    write_file(out, card_picture(changes, changes.findings[number - 1], source.city, ctx.t, made=made).data)
    if ctx.as_json:
        ctx.print_json({**ctx.question(source, f), "audience": Audience.PUBLIC.value, "card": number, "out": str(out)})
        return
    ctx.print(ctx.t("The picture was written to {file}.", file=str(out)))


def _made(ctx: CommandContext, source: Source) -> dt.date:
    """The day of a paper: today in the city; in the sample, whose dates are fixed, the last day with data."""
    return source.as_of if ctx.home.is_sample else _today(source.city)


def _plans(ctx: CommandContext, source: Source) -> tuple[PlanRow, ...]:
    """What was decided; the sample's plans in the reader's language, on its last day."""
    from curim_data.plans.plan_store import PlanStore
    from curim_data.studies.brief_content import plan_rows

    kept = PlanStore(ctx.home.plans_url).list()
    if ctx.home.is_sample:
        from curim_data.sample.plans import demo_words  # with all that evaluates plans, which takes long to load

        return plan_rows([demo_words(plan, ctx.t) for plan in kept], source.as_of, ctx.t)
    return plan_rows(kept, _today(source.city), ctx.t)


def _plan_lines(ctx: CommandContext, plans: Sequence[PlanRow]) -> list[str]:
    """What was decided and what became of it, a line a plan."""
    from curim_data.model.labels import inline

    t = ctx.t
    lines = [
        "- " + t("{plan} ({status}): {told}", plan=row.title, status=row.status, told=inline(row.next_or_result(t)))
        for row in plans
    ]
    return [t("What was decided, and what became of it"), *lines] if lines else []


def _first_day(ctx: CommandContext, source: Source, f: AlertFilter, since: str | None) -> dt.date | None:
    """The day from which changes are looked for; UsageError for one that is no day of the filter's period."""
    from curim_data import query

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
    from curim_data.model.labels import inline
    from curim_data.studies import brief_text

    t = ctx.t
    lines = [brief_text.headline(study, t)]
    for event in study.events:
        first, *others = event.sentences(city, t)
        lines.append(
            "- " + " ".join((t.pair(event.title(city, t), inline(first)), *others, brief_text.event_sure(event, t)))
        )
    for finding in study.findings:
        name = brief_text.change_name(finding.change, city, t)
        first, *others = brief_text.finding_sentences(finding, city, t)
        lines.append("- " + " ".join((t.pair(name, inline(first)), *others, f"({brief_text.sure_number(finding, t)})")))
    if not study.findings and study.changes.changes.n_tested:
        lines.append(brief_text.none_sentence(study, t))
    lines += [t(choice.explanation) for choice in study.changes.choices if choice.name == "reference"]
    lines.append(study.hot.sentence(t) if study.hot.spots else brief_text.no_spots_sentence(study, t))
    if study.hot.spots:
        lines.append(t("Hot spots"))
    for spot in study.hot.spots[: brief_text.MOST_SPOTS]:
        if 0 < spot.n < ctx.least():
            told = t("fewer than {k} alerts", k=ctx.least())
        else:
            told = t.n("{n} alert", "{n} alerts", round(spot.n))
        lines.append(f"{spot.rank}. {t.pair(study.names[spot.id](t), told)}")
    return [*lines, brief_text.affected_sentence(study, city, t)]
