"""The command brief: what the council gets to read, on the terminal, as PDF or Word, or by mail.

With --if-changed it is written only where it has a finding that the last one did not have: a timer may run it each day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from analysis.report.documents import MIME, DocumentFormat
from analysis.report.papers import PlanRow, brief_document
from curim_data import query, studies
from curim_data.cli.commands import UsageError, as_day, needs, unusable
from curim_data.cli.context import Answer, CommandContext, write_file
from curim_data.cli.studies import findings_answer
from curim_data.engine import city_day
from curim_data.export.mail import Attachment, MailError, send_mail
from curim_data.model import N_, Message, is_small
from curim_data.model.labels import inline
from curim_data.plans.plan_store import PlanStore
from curim_data.store.home import city_word
from curim_data.store.settings import Settings, is_address, read_settings

NOTHING_NEW: Final = N_("No change is new, so no brief was written.")


def brief(
    ctx: CommandContext,
    since: str | None,
    out: Path | None,
    if_changed: bool,
    mail: list[str] | None,
) -> Answer:
    """Print a brief, write or send it as a document."""
    to = tuple(dict.fromkeys(mail or ()))
    if if_changed and out is None and not to:
        raise needs("--if-changed", "--out FILE, --mail ADDRESS")
    settings, first = _settings(ctx, to), _first_day(ctx, since)
    changes = studies.brief.brief_changes(ctx.source, ctx.filter, first)
    if if_changed and (quiet := _nothing_new(ctx, changes)):
        return _answer(ctx, changes, [quiet], [quiet])
    study = studies.brief.brief_study(ctx.source, ctx.filter, first, changes)
    store = PlanStore(ctx.home.plans_url)
    kept = store.list()
    if ctx.home.is_sample:
        from curim_data.sample import demo_words  # with all that evaluates plans, which takes long to load

        kept = tuple(demo_words(plan, ctx.t) for plan in kept)
    moved = studies.brief_content.moved_since(store, study.since, ctx.source.city.timezone)
    plans = studies.brief_content.plan_rows(kept, _made(ctx), ctx.t, moved)
    lines = [*_page_lines(ctx, study), *_plan_lines(ctx, plans)]
    done = []
    if out is not None or to:
        kind: DocumentFormat = "docx" if out is not None and out.suffix.lower() == ".docx" else "pdf"
        paper = _paper(ctx, study, plans, kind, settings.public_url, first)
        if out is not None:
            write_file(out, paper)
            done.append(ctx.file_written(out))
        if to:
            _send(ctx, changes, settings, to, lines, paper, kind)
            done.append(ctx.t("The brief was sent to {addresses}.", addresses=ctx.t.join(to)))
    if if_changed or to:
        _remember(ctx, changes)
    return _answer(ctx, changes, lines, done if if_changed else [ctx.sentence(), *lines, *done], out, to)


def _settings(ctx: CommandContext, to: Sequence[str]) -> Settings:
    """The settings of the home; UsageError before anything is worked out, where mail could not be sent."""
    settings = read_settings(ctx.home)
    for address in to:
        if not is_address(address):
            raise UsageError(Message("{address} is no mail address.", {"address": address}))
    if to and settings.mail is None:
        raise needs("--mail", "settings.toml: [mail] host, sender, security")
    return settings


def _answer(
    ctx: CommandContext,
    changes: studies.brief.BriefChanges,
    told: Sequence[str],
    lines: Sequence[str],
    out: Path | None = None,
    to: Sequence[str] = (),
) -> Answer:
    """What a brief says, `told` in JSON and `lines` in text, and where it was written and sent."""
    return Answer(
        {
            **ctx.question(),
            "since": changes.since,
            "until": changes.until,
            **findings_answer(ctx, changes),
            "told": told,
            "written": out is not None or bool(to),
            "out": out and str(out),
            "mailed": to,
        },
        lines,
    )


def _nothing_new(ctx: CommandContext, changes: studies.brief.BriefChanges) -> str:
    """Why no brief is written: nothing deserves attention, or nothing that the last brief did not have; else empty."""
    t, names = ctx.t, studies.brief.reported_names(changes)
    if not names:
        return t(NOTHING_NEW)
    last = studies.brief.last_brief(ctx.home, studies.brief.brief_name(ctx.filter, ctx.audience, t.lang))
    known = last.made is not None and not last.new(names)
    return t(NOTHING_NEW) if known else ""


def _remember(ctx: CommandContext, changes: studies.brief.BriefChanges) -> None:
    """Keep which changes the brief had, for the next one."""
    name = studies.brief.brief_name(ctx.filter, ctx.audience, ctx.t.lang)
    studies.brief.keep_brief(ctx.home, name, changes, city_day(ctx.city()))


def _plan_lines(ctx: CommandContext, plans: Sequence[PlanRow]) -> list[str]:
    """What was decided and what became of it, a line a plan."""
    t = ctx.t
    lines = ["- " + t.pair(f"{row.title} ({row.status})", inline(row.next_or_result)) for row in plans]
    return [t("What was decided, and what became of it?"), *lines] if lines else []


def _paper(
    ctx: CommandContext,
    study: studies.brief.BriefStudy,
    plans: Sequence[PlanRow],
    kind: DocumentFormat,
    address: str,
    since: dt.date | None,
) -> bytes:
    """The brief as a document; `address`: the city's public one, where readers open the same view."""
    city = ctx.source.city
    content = studies.brief_content.brief_content(
        study,
        ctx.filter,
        city,
        ctx.t,
        plans=plans,
        made=_made(ctx),
        again=studies.brief_content.next_look(ctx.home.path, _made(ctx)),
        link=studies.brief_content.public_link(address, ctx.filter, ctx.t.lang, since, city_word(ctx.home)),
        illustrative=city.illustrative,
        audience=ctx.audience,
    )
    return brief_document(content, city, ctx.t, kind)


def _made(ctx: CommandContext) -> dt.date:
    """The day of a paper: today in the city; in the sample, whose dates are fixed, the last day with data."""
    return ctx.source.as_of if ctx.home.is_sample else city_day(ctx.source.city)


def _send(
    ctx: CommandContext,
    changes: studies.brief.BriefChanges,
    settings: Settings,
    to: Sequence[str],
    lines: Sequence[str],
    paper: bytes,
    kind: DocumentFormat,
) -> None:
    assert settings.mail is not None
    t, city = ctx.t, ctx.source.city
    subject = " · ".join((t("Briefing for the council"), t.label(city.names)))
    sample = [t("Sample data: made up. Not about real events.")] if city.illustrative else []
    file = Attachment(f"curim_brief_{city_day(city).isoformat()}_{t.lang}.{kind}", MIME[kind], paper)
    try:
        send_mail(settings.mail, to, subject, "\n\n".join([*sample, *lines]) + "\n", (file,))
    except MailError as error:
        if error.sent:  # nobody gets it twice because of another one's address
            _remember(ctx, changes)
            ctx.note(t("The brief was sent to {addresses}.", addresses=t.join(error.sent)))
        raise


def _first_day(ctx: CommandContext, since: str | None) -> dt.date | None:
    """The day from which changes are looked for; UsageError for one that is no day of the filter's period."""
    if since is None:
        return ctx.source.meeting
    day = as_day(since, "since")
    first, last = query.dates(ctx.source, ctx.filter)
    if not first <= day <= last:
        raise unusable("since", since, f"{first} – {last} (--period, --from, --to)")
    return day


def _page_lines(ctx: CommandContext, study: studies.brief.BriefStudy) -> list[str]:
    """The sentences of the page, in its order."""
    t, city, spots, brief_text = ctx.t, ctx.source.city, study.hot.spots, studies.brief_text
    cards = [(one, brief_text.finding_sentences(one, city, t)) for one in study.cards]
    tested = not study.findings and study.changes.changes.n_tested
    return [
        brief_text.headline(study, t),
        *(
            "- " + t.pair(brief_text.title(one, city, t), " ".join((inline(first), *others)))
            for one, (first, *others) in cards
        ),
        *([brief_text.none_sentence(study, t)] if tested else []),
        *ctx.reasons(choice for choice in study.changes.choices if choice.name == "reference"),
        study.hot.sentence(t) if spots else brief_text.no_spots_sentence(study, t),
        *([t("Hot spots")] if spots else []),
        *(
            f"{spot.rank}. {t.pair(study.names[spot.id](t), _alerts(ctx, spot.n))}"
            for spot in spots[: brief_text.MOST_SPOTS]
        ),
        brief_text.affected_sentence(study, city, t),
    ]


def _alerts(ctx: CommandContext, n: float) -> str:
    """A number of alerts as the audience may read it."""
    few = is_small(n, ctx.least())
    return ctx.t("fewer than {k} alerts", k=ctx.least()) if few else ctx.t.n("{n} alert", "{n} alerts", round(n))
