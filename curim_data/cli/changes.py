"""The command changes: what changed in a period, at every level, each change once, with its grade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import Audience, Translator

if TYPE_CHECKING:
    import pandas as pd

    from curim_data.engine import Source
    from curim_data.model import CityProfile
    from curim_data.studies.brief import BriefChanges
    from curim_data.studies.events import EventFinding

app = new_app()
MOST_LISTED: Final = 40
_COLUMNS: Final = (
    *("level", "district", "area", "place", "cell", "category", "base", "after", "expected", "ratio", "low", "high"),
    *("p", "q", "grade", "compared"),
)


@command(
    app,
    "changes",
    filtered=True,
    audience=Audience.ANALYST,
)
def changes(ctx: CommandContext, out: OutCsv = None) -> None:
    """Print what changed in the filter's period, and every comparison that was made."""
    from curim_data.privacy import FEWER_THAN, is_sensitive, sees_exact
    from curim_data.studies.brief import MOST_FINDINGS, brief_changes
    from curim_data.studies.brief_text import attention_sentence, first_sentence
    from curim_data.studies.changes import change_study
    from curim_data.studies.selection import COMPARED_IN_THE_COPY, chosen_from
    from curim_data.studies.written_changes import surest_first, written_changes

    source = ctx.source()
    f = ctx.filter(source)
    study = change_study(source, f)
    # Who sees exact counts can read all of them in the table anyway; others get what the Briefing lists.
    most = MOST_LISTED if ctx.as_json and sees_exact(ctx.audience) else MOST_FINDINGS
    brief = brief_changes(source, f, ctx.audience, most=most)
    if study.periods.before is None and not brief.events:
        raise UsageError(study.periods.choice.explanation)
    strict = is_sensitive(f, source.city)
    unused = study.not_in_use.told(source, ctx.audience)
    written = written_changes(study, ctx.audience, source.city, sensitive=strict)
    rows = written.loc[surest_first(study.changes.frame, written)]
    rows = rows[[*_COLUMNS, *(name for name in [FEWER_THAN] if name in rows)]].reset_index(drop=True)
    elsewhere = [ctx.t(COMPARED_IN_THE_COPY)] if chosen_from(source, f) is not source else []
    sentences = [first_sentence(brief, ctx.t), *map(ctx.t, study.gaps), attention_sentence(brief, ctx.t)]
    if out is not None:
        ctx.write_table(out, rows)
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "before": study.periods.before,
                "after": study.periods.after,
                **findings_answer(ctx, source, brief),
                "comparisons": study.changes.tested,
                "told": " ".join(sentences),
                "notes": elsewhere,
                "new_categories": unused.new,
                "categories_given_up": unused.given_up,
                "choices": ctx.choices(study.choices),
                "rows": rows,
            }
        )
        return
    events = (
        ctx.t.pair(one.title(source.city, ctx.t), " ".join(one.sentences(source.city, ctx.t))) for one in brief.events
    )
    ctx.print(ctx.sentence(source, f), *sentences, *events, *elsewhere, *unused.sentences(source.city, ctx.t))
    if out is None:
        ctx.print_table(_in_words(ctx.t, source.city, rows))
    ctx.print_choices(study.choices)


def findings_answer(ctx: CommandContext, source: Source, brief: BriefChanges) -> dict[str, Any]:
    """The entries `findings` and `coverage` of a JSON answer: events, then changes, each once, as they are listed."""
    from curim_data.studies.brief_text import change_area, change_theme

    city, t = source.city, ctx.t
    found = [event_row(event, city, t) for event in brief.events]
    for finding in brief.findings:
        change = finding.change
        found.append(
            {
                "what": change_theme(change, city, t),
                "where": change_area(change, city, t),
                "key": {name: value for name, value in change.key.items() if value},
                "level": change.level,
                "before": finding.counts[0].n,
                "after": finding.counts[1].n,
                "fewer_than": next((count.least for count in finding.counts if count.n is None), None),
                "ratio": change.ratio.value,
                "low": change.ratio.low,
                "high": change.ratio.high,
                "p": change.p,
                "q": change.q if finding.exact_p else None,
                "grade": change.grade,
                "since": finding.since,
            }
        )
    return {"findings": found, "coverage": source.coverage.as_json()}


def event_row(event: EventFinding, city: CityProfile, t: Translator) -> dict[str, Any]:
    """An event in a JSON answer: `before` is the most there were until then in such a time."""
    what, where = event.place_and_category(city, t)
    return {
        "what": what,
        "where": where,
        "level": "event",
        "before": None if event.rounded else event.event.record,
        "after": event.n,
        **dict.fromkeys(("ratio", "low", "high", "p", "q")),  # a record is no ratio
        "hours": event.event.hours,
        "grade": event.event.grade,
        "since": event.day,
        "who": event.who,
    }


def _in_words(t: Translator, city: CityProfile, rows: pd.DataFrame) -> pd.DataFrame:
    """The comparisons for a reader: headings and values in words, areas in one column, and empty columns left out."""
    import pandas as pd

    from curim_data.filters import value_label
    from curim_data.studies import change_words

    categories = [value_label(t, city, "category", name) if isinstance(name, str) else "" for name in rows["category"]]
    columns = {
        t("Where"): change_words.areas_in_words(t, city, rows),
        t("Category"): categories,
        t("Expected"): [change_words.NOT_KNOWN if n != n else t.number(n, 1) for n in rows["expected"]],
        t("Alerts"): change_words.counts_in_words(t, rows, "after"),
        t("Ratio (95 %)"): change_words.ratios_in_words(t, rows, ("ratio", "low", "high")),
        t("Grade"): [change_words.grade_in_words(t, grade) for grade in rows["grade"]],
        t("Corrected p"): change_words.p_values_in_words(t, rows["q"]),
        t("Compared with"): change_words.compared_in_words(t, rows),
    }
    return pd.DataFrame({heading: values for heading, values in columns.items() if any(values)})
