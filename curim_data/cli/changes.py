"""The command changes: what changed between two periods, tested and corrected for the number of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, command, new_app
from curim_data.cli.output import UsageError, write_table
from curim_data.filters import value_label
from curim_data.model import N_, Audience, CityProfile, Translator

if TYPE_CHECKING:
    import pandas as pd

app = new_app()
_COLUMNS: Final = (
    *("district", "place", "cell", "category", "dark", "before", "after", "expected", "ratio", "low", "high", "p", "q"),
    *("significant", "compared", "bounded"),
)
Weight = Literal["none", "severity", "harm"]


@command(
    app,
    "changes",
    N_("Show what changed between two periods, place by place, corrected for having looked everywhere."),
    filtered=True,
    audience=Audience.ANALYST,
)
def changes(
    ctx: CommandContext,
    weight: Annotated[
        Weight,
        typer.Option(
            help=N_("What incidents weigh, beside their count: their severity, or the harm index of their category.")
        ),
    ] = "none",
    out: OutCsv = None,
) -> None:
    """Print every comparison that was made."""
    from curim_data.studies.changes import change_study
    from curim_data.studies.harm import weight_obstacle

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
    rows = frame.loc[frame["p"].notna(), columns].sort_values(["q", "p"], kind="stable").reset_index(drop=True)
    if out is not None:
        write_table(out, rows)
    if ctx.as_json:
        ctx.print_json(
            {
                **ctx.question(source, f),
                "before": study.periods.before,
                "after": study.periods.after,
                "weight": weight,
                "comparisons": found.n_tested,
                "told": found.sentence(ctx.t),
                "choices": ctx.choices(study.choices),
                "rows": rows,
            }
        )
        return
    ctx.print(ctx.sentence(source, f), found.sentence(ctx.t))
    if out is None:
        ctx.print_table(_in_words(ctx.t, source.city, rows))
    ctx.print_choices(study.choices)


def _in_words(t: Translator, city: CityProfile, rows: pd.DataFrame) -> pd.DataFrame:
    """The comparisons for a reader: their area in one column, and what a comparison does not narrow left empty.

    A key that is missing in `rows` is not unknown: the comparison was made over all its values.
    """

    def label(row: pd.Series, column: str) -> str:
        return "" if row[column] is None or row[column] != row[column] else value_label(t, city, column, row[column])

    areas = ("place", "district", "cell")
    where = [next(filter(None, (label(row, name) for name in areas)), t("Whole city")) for _, row in rows.iterrows()]
    words = {name: [label(row, name) for _, row in rows.iterrows()] for name in ("category", "dark")}
    sure = {name: [t.p_value(p) for p in rows[name]] for name in ("p", "q")}
    dropped = ["district", "place", "cell"] + [name for name, told in words.items() if not any(told)]
    return (
        rows.assign(**words, **sure)
        .drop(columns=dropped)
        .assign(place=where)[["place", *(name for name in rows if name not in dropped)]]
    )
