"""The command near-repeat: whether alerts follow alerts near by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data.cli.context import CommandContext
from curim_data.cli.options import OutCsv, command, new_app
from curim_data.cli.output import UsageError
from curim_data.model import N_, Audience, Message

if TYPE_CHECKING:
    from curim_data.studies.near_repeat import NearRepeatStudy

app = new_app()


@command(
    app,
    "near-repeat",
    filtered=True,
    audience=Audience.ANALYST,
)
def near_repeat(
    ctx: CommandContext,
    metric: Annotated[str, typer.Option(help=N_("How distance is measured: euclidean or manhattan."))] = "euclidean",
    out: OutCsv = None,
) -> None:
    """Test for near repeats."""
    from curim_data.studies.near_repeat import METRICS, near_repeat_study

    known_metric = next((known for known in METRICS if known == metric), None)
    if known_metric is None:
        raise UsageError(
            Message("Unknown metric: {metric}. Use {known}.", {"metric": metric, "known": ", ".join(METRICS)})
        )
    source = ctx.source()
    f = ctx.filter(source)
    if ctx.nowhere(source, f, out):
        ctx.print_nowhere(source, f, {"bands": []})
        return
    repeats = near_repeat_study(source, f, ctx.audience, metric=known_metric)
    if out is not None and repeats.knox is not None:
        ctx.write_table(out, repeats.knox.frame())
    if ctx.as_json:
        ctx.print_json({**ctx.question(source, f), **_repeats(ctx, repeats)})
        return
    ctx.print(ctx.sentence(source, f))
    ctx.print(*filter(None, (repeats.sentence(ctx.t), repeats.caution(ctx.t))))
    if repeats.knox is not None:
        columns = ["space", "time", "observed", "mean", "ratio", "q", "repeat", "pattern"]
        ctx.print_table(repeats.knox.frame()[columns])
        ctx.print(repeats.knox.method(ctx.t))
    ctx.print_choices(repeats.choices)


def _repeats(ctx: CommandContext, study: NearRepeatStudy) -> dict[str, Any]:
    found = study.knox
    return {
        "n": study.n,
        "used": study.used,
        "told": study.sentence(ctx.t),
        "caution": study.caution(ctx.t),
        "permutations": found.permutations if found else 0,
        "metric": found.metric if found else None,
        "method": found.method(ctx.t) if found else "",
        "choices": ctx.choices(study.choices),
        "bands": found.frame() if found else [],
    }
