"""The command changes: what changed between two periods, tested and corrected for the number of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Audience, Translator

if TYPE_CHECKING:
    import pandas as pd

    from curim_data.model import CityProfile, IntArray

app = new_app()
_COLUMNS: Final = (
    *("district", "place", "cell", "category", "dark", "before", "after", "expected", "ratio", "low", "high", "p", "q"),
    *("significant", "compared"),
)
Weight = Literal["none", "severity", "harm"]


@command(
    app,
    "changes",
    filtered=True,
    audience=Audience.ANALYST,
)
def changes(
    ctx: CommandContext,
    weight: Annotated[
        Weight,
        typer.Option(
            help=N_("What alerts weigh, beside their count: their severity, or the harm index of their category.")
        ),
    ] = "none",
    out: OutCsv = None,
) -> None:
    """Print every comparison that was made."""
    from curim_data.privacy import FEWER_THAN, is_sensitive
    from curim_data.studies.change_words import least_written
    from curim_data.studies.changes import change_study
    from curim_data.studies.harm import weight_obstacle
    from curim_data.studies.selection import COMPARED_IN_THE_COPY, chosen_from
    from curim_data.studies.written_changes import surest_first, written_changes

    source = ctx.source()
    f = ctx.filter(source)
    by = None if weight == "none" else weight
    if by is not None and (why := weight_obstacle(source, by, ctx.audience)) is not None:
        raise UsageError(why)
    study = change_study(source, f, ctx.audience, weight=by)
    if study.periods.before is None:
        raise UsageError(study.periods.choice.explanation)
    found = study.changes
    frame = found.frame if study.harm is None else found.frame.join(study.harm.frame)
    columns = [*_COLUMNS, *(study.harm.frame if study.harm is not None else ())]
    strict = is_sensitive(f, source.city)
    told = written_changes(study, ctx.audience, source.city, sensitive=strict)
    rows = frame.loc[surest_first(found.frame, told), columns]
    written = (told if study.harm is None else told.join(study.harm.frame)).loc[rows.index]
    written = written[[*columns, *(name for name in [FEWER_THAN] if name in written)]].reset_index(drop=True)
    rows = rows.reset_index(drop=True)
    elsewhere = [ctx.t(COMPARED_IN_THE_COPY)] if chosen_from(source, f) is not source else []
    least = least_written(rows, ctx.audience, source.city, sensitive=strict)
    if out is not None:
        ctx.write_table(out, written)
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "before": study.periods.before,
                "after": study.periods.after,
                "weight": weight,
                "comparisons": found.n_tested,
                "told": found.sentence(ctx.t),
                "notes": elsewhere,
                "new_categories": study.not_in_use.new,
                "categories_given_up": study.not_in_use.given_up,
                "choices": ctx.choices(study.choices),
                "rows": written,
            }
        )
        return
    ctx.print(
        ctx.sentence(source, f), found.sentence(ctx.t), *elsewhere, *study.not_in_use.sentences(source.city, ctx.t)
    )
    if out is None:
        ctx.print_table(_in_words(ctx.t, source.city, rows, written, least))
    ctx.print_choices(study.choices)


def _in_words(
    t: Translator, city: CityProfile, rows: pd.DataFrame, written: pd.DataFrame, least: IntArray
) -> pd.DataFrame:
    """The comparisons for a reader: headings and values in words, areas in one column, and empty columns left out.
    `written`: their figures as they may be told.

    A key that is missing in `rows` is not unknown: the comparison was made over all its values.
    """
    import pandas as pd

    from curim_data.filters import value_label
    from curim_data.studies import change_words

    def words(column: str) -> list[str]:
        known = rows[column].notna()
        return [
            value_label(t, city, column, value) if told else "" for value, told in zip(rows[column], known, strict=True)
        ]

    exact = bool((least <= 1).all())
    columns: dict[str, list[str] | pd.Series] = {
        t("Where"): change_words.areas_in_words(t, city, rows),
        t("Category"): words("category"),
        t("Light"): words("dark"),
        t("Before"): change_words.counts_in_words(t, rows, "before", least),
        t("After"): change_words.counts_in_words(t, rows, "after", least),
        t("Expected"): [t.number(expected) for expected in written["expected"]],
        t("Ratio (95 %)"): change_words.ratios_in_words(t, written, ("ratio", "low", "high")),
        t("Chance or not"): [change_words.certainty_in_words(t, q, steps=exact) for q in rows["q"]],
        t("Corrected p"): change_words.p_values_in_words(t, written["q"], steps=not exact),
        t("p"): change_words.p_values_in_words(t, written["p"]),
        t("Compared with"): change_words.compared_in_words(t, rows),
        t("Note"): change_words.notes_in_words(t, rows),
    }
    if "weight_ratio" in rows:
        columns |= {
            t("Weight before"): rows["weight_before"],
            t("Weight after"): rows["weight_after"],
            t("Ratio of weights (95 %)"): change_words.ratios_in_words(
                t, rows, ("weight_ratio", "weight_low", "weight_high")
            ),
        }
    told = {heading: values for heading, values in columns.items() if any(value != "" for value in values)}
    return pd.DataFrame(told)
