"""Commands of the city's profile: show it, give it parts of its own, go back to an earlier version."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from curim_data import profile
from curim_data.cli.context import CommandContext
from curim_data.cli.options import command, new_app
from curim_data.model import N_, Message

if TYPE_CHECKING:
    from curim_data.profile.edit import EditReport
    from curim_data.profile.versions import ProfileChange

app = new_app("city")
Areas = Annotated[Path, typer.Argument(help=N_("GeoJSON, GeoPackage or zipped Shapefile, in any coordinate system."))]
Table = Annotated[Path, typer.Argument(help=N_("CSV or XLSX file."))]
NameColumn = Annotated[str | None, typer.Option(help=N_("Column that holds the names; proposed unless given."))]
NamesLanguage = Annotated[str, typer.Option("--names-in", help=N_("Language of the names: el, en or fr."))]
Layer = Annotated[str | None, typer.Option(help=N_("Layer of a GeoPackage, or Shapefile in a zip."))]
Epsg = Annotated[
    int | None,
    typer.Option(help=N_("EPSG number of the file's coordinate system, where the file does not say it.")),
]

LEAST_SHOWN = Message("Smallest count that council and public see: {n}, in sensitive categories {sensitive}.")
WAY_ON = Message(
    "Give the city's own with “curim city districts FILE” or “curim city land FILE”, or take it as it stands with "
    "“curim city accept”."
)


def provisional(ctx: CommandContext) -> str:
    """That the profile is provisional, and how to give the city's own."""
    from curim_data.model.labels import provisional_note

    return f"{provisional_note(ctx.t, outlined=ctx.city().outlined)} {ctx.t(WAY_ON)}"


@command(app, "show", N_("Show the city's profile."))
def show(ctx: CommandContext) -> None:
    """What the city's profile holds."""
    city = ctx.city()
    source = ctx.source()
    behind = profile.edit.stale_count(ctx.home)
    facts: dict[str, Any] = {
        "city": ctx.t.label(city.names),
        "version": city.version,
        "illustrative": city.illustrative,
        "provisional": city.provisional,
        "outlined": city.outlined,
        "epsg": city.epsg,
        "timezone": city.timezone,
        "districts": [area.id for area in city.districts],
        "categories": list(city.categories),
        "groups": list(city.groups),
        "landmarks": [mark.id for mark in city.landmarks],
        "streets": len(city.streets),
        "population": city.population is not None,
        "least_count": city.least_count(False),
        "least_sensitive_count": city.least_count(True),
        "other_categories": list(source.other_categories),
        "alerts": source.count,
        "alerts_of_other_versions": behind,
        "first": source.first if source.count else None,
        "last": source.as_of if source.count else None,
    }
    if ctx.as_json:
        ctx.print_json(facts)
        return
    ctx.print(ctx.t("{city}, profile {version}", city=facts["city"], version=city.version))
    if city.illustrative:
        ctx.print(ctx.t("The shapes of this city are illustrative."))
    if city.provisional:
        ctx.print(provisional(ctx))
    listed = (
        (Message("Districts: {values}"), facts["districts"]),
        (Message("Groups of categories: {values}"), facts["groups"]),
        (Message("Categories: {values}"), facts["categories"]),
        (Message("Places: {values}"), facts["landmarks"]),
        (Message("Categories outside the tree: {values}"), facts["other_categories"]),
    )
    for message, values in listed:
        if values:
            ctx.print(ctx.t(message, values=", ".join(values)))
    ctx.print(ctx.t(LEAST_SHOWN, n=facts["least_count"], sensitive=facts["least_sensitive_count"]))
    if source.count:
        ctx.print(
            ctx.t.n(
                "{n} alert, {first} – {last}",
                "{n} alerts, {first} – {last}",
                source.count,
                first=source.first,
                last=source.as_of,
            )
        )
    if behind:
        ctx.print(
            ctx.t.n(
                "{n} alert still carries another profile: “curim city refresh” rewrites its columns.",
                "{n} alerts still carry another profile: “curim city refresh” rewrites their columns.",
                behind,
            )
        )


@command(
    app, "refresh", N_("Recompute districts, cells, places and darkness of all alerts after a change of the profile.")
)
def city_refresh(ctx: CommandContext) -> None:
    """Recompute the columns that the profile gives."""
    from curim_data.profile.versions import reenrich_store

    city = ctx.city()
    changed = reenrich_store(ctx.home)
    ctx.prepare()
    if ctx.as_json:
        ctx.print_json({"profile_version": city.version, "alerts": changed})
        return
    ctx.print(_count_of(ctx, changed, city.version))


@command(
    app, "districts", N_("Give the city its districts; with a provisional profile they become the study area too.")
)
def districts(
    ctx: CommandContext,
    file: Areas,
    layer: Layer = None,
    epsg: Epsg = None,
    name_column: NameColumn = None,
    language: NamesLanguage = "en",
    keep_land: Annotated[bool, typer.Option("--keep-land", help=N_("Leave the study area as it is."))] = False,
) -> None:
    """Give the districts; a home without a city gets one of them."""
    from curim_data.profile.provisional import ensure_city_for_areas

    areas = profile.edit.read_areas(file, file.name, layer=layer, epsg=epsg)
    if not ctx.home.has_city():
        ensure_city_for_areas(ctx.home, areas, file.stem)
    with_land = False if keep_land else None
    _print_report(ctx, profile.edit.set_districts(ctx.home, areas, name_column, language, with_land=with_land))


@command(app, "land", N_("Set the city's study area."))
def land(ctx: CommandContext, file: Areas, layer: Layer = None, epsg: Epsg = None) -> None:
    """Give the study area; a home without a city gets one of it."""
    from curim_data.profile.provisional import ensure_city_for_areas

    areas = profile.edit.read_areas(file, file.name, layer=layer, epsg=epsg)
    if not ctx.home.has_city():
        ensure_city_for_areas(ctx.home, areas, file.stem)
    _print_report(ctx, profile.edit.set_land(ctx.home, areas))


@command(
    app,
    "population",
    N_("Give the residents by district: columns district, women, men, total, or district, gender, n."),
)
def population(ctx: CommandContext, file: Table) -> None:
    """Give the residents by district and gender."""
    ctx.city()
    _print_report(ctx, profile.edit.set_population(ctx.home, file, file.name))


@command(
    app, "landmarks", N_("Give the landmarks: columns name, longitude, latitude, radius; or points of a map file.")
)
def landmarks(
    ctx: CommandContext,
    file: Annotated[
        Path, typer.Argument(help=N_("OpenStreetMap extract, CSV, XLSX, GeoJSON, GeoPackage or zipped Shapefile."))
    ],
) -> None:
    """Give the landmarks."""
    ctx.city()
    _print_report(ctx, profile.edit.set_landmarks(ctx.home, file, file.name))


@command(app, "streets", N_("Set the streets, given as lines."))
def streets(
    ctx: CommandContext,
    file: Annotated[
        Path,
        typer.Argument(
            help=N_(
                "OpenStreetMap extract (.osm.pbf, .osm), GeoJSON, GeoPackage or zipped Shapefile; see docs/streets.md."
            )
        ),
    ],
    layer: Layer = None,
    epsg: Epsg = None,
    name_column: NameColumn = None,
    language: NamesLanguage = "en",
) -> None:
    """Give the streets."""
    city = ctx.city()
    lines = profile.edit.read_areas(file, file.name, kind="line", layer=layer, epsg=epsg, bounds=city.land.bounds)
    _print_report(ctx, profile.edit.set_streets(ctx.home, lines, name_column, language))


@command(
    app,
    "categories",
    N_("Give the category tree: columns id, kind, group, sensitive, harm, label_el, label_en, label_fr."),
)
def categories(ctx: CommandContext, file: Annotated[Path, typer.Argument(help=N_("CSV, XLSX or TOML file."))]) -> None:
    """Give the category tree."""
    ctx.city()
    _print_report(ctx, profile.edit.set_categories(ctx.home, file, file.name))


@command(app, "helplines", N_("Set the help lines shown beside sensitive figures: column text, or text_el, text_en."))
def helplines(ctx: CommandContext, file: Annotated[Path, typer.Argument(help=N_("CSV or XLSX file."))]) -> None:
    """Give the help lines."""
    ctx.city()
    _print_report(ctx, profile.edit.set_help_lines(ctx.home, file, file.name))


@command(app, "name", N_("Give the city's name, and its time zone and coordinate system where they are wrong."))
def name(
    ctx: CommandContext,
    name: Annotated[str, typer.Argument(help=N_("Name of the city."))],
    timezone: Annotated[str | None, typer.Option(help=N_("Time zone, as Europe/Athens."))] = None,
    epsg: Annotated[
        int | None,
        typer.Option(help=N_("EPSG number of the system in metres that distances are measured in.")),
    ] = None,
) -> None:
    """Give the city's name, and its time zone and projection where they are wrong."""
    ctx.city()
    _print_report(ctx, profile.edit.set_names(ctx.home, name, timezone=timezone, epsg=epsg))


@command(
    app,
    "least-counts",
    N_("Raise the smallest counts that council and public see; they are never lower than 5, and 10 where sensitive."),
)
def least_counts(
    ctx: CommandContext,
    ordinary: Annotated[int, typer.Argument(help=N_("Smallest count of other categories, 5 or more."))],
    sensitive: Annotated[int, typer.Argument(help=N_("Smallest count of sensitive categories, 10 or more."))],
) -> None:
    """Raise the smallest counts that council and public see."""
    ctx.city()
    _print_report(ctx, profile.edit.set_least_counts(ctx.home, ordinary, sensitive))


@command(app, "accept", N_("Accept a provisional profile as the city's own, as it is."))
def accept(ctx: CommandContext) -> None:
    """Take a provisional profile as the city's own."""
    ctx.city()
    _print_report(ctx, profile.edit.confirm_provisional(ctx.home))


@command(app, "versions", N_("List the versions of the profile."))
def versions(ctx: CommandContext) -> None:
    """The versions of the profile."""
    import pandas as pd

    from curim_data.profile.versions import WHAT_WORDS

    ctx.city()
    found = profile.edit.versions(ctx.home)
    if ctx.as_json:
        listed = [
            {"version": v.id, "when": v.when, "what": v.what, "file": v.file, "current": v.current} for v in found
        ]
        ctx.print_json({"versions": listed})
        return
    rows = [(v.id, ctx.t.moment(v.when), ctx.t(WHAT_WORDS[v.what]), v.file, v.current) for v in found]
    heads = [Message("Version"), Message("When"), Message("Changed"), Message("File"), Message("In use")]
    ctx.print_table(pd.DataFrame(rows, columns=[ctx.t(head) for head in heads]))


@command(app, "restore", N_("Restore an earlier version of the profile."))
def restore(
    ctx: CommandContext,
    version: Annotated[str, typer.Argument(help=N_("Id of the version, as “curim city versions” lists it."))],
) -> None:
    """Give back an earlier version."""
    ctx.city()
    _print_change(ctx, profile.edit.restore_version(ctx.home, version))


def _print_report(ctx: CommandContext, report: EditReport) -> None:
    """Say what an edit did, and prepare the city for its readers."""
    from curim_data.profile.versions import ProfileChange

    ctx.prepare()
    if ctx.as_json:
        ctx.print_json(
            {
                "profile_version": report.version,
                "before": report.before,
                "alerts": report.alerts,
                "n": report.n,
                "notes": [ctx.t(note) for note in report.notes],
            }
        )
        return
    for note in report.notes:
        ctx.print(ctx.t(note))
    _print_outcome(ctx, ProfileChange(report.before, report.version, report.alerts))


def _print_change(ctx: CommandContext, change: ProfileChange) -> None:
    ctx.prepare()
    if ctx.as_json:
        ctx.print_json({"profile_version": change.version, "before": change.before, "alerts": change.alerts})
        return
    _print_outcome(ctx, change)


def _print_outcome(ctx: CommandContext, change: ProfileChange) -> None:
    if change.before == change.version:
        ctx.print(ctx.t("Nothing changed: the profile holds this already."))
        return
    ctx.print(_count_of(ctx, change.alerts, change.version))


def _count_of(ctx: CommandContext, alerts: int, version: str) -> str:
    return ctx.t.n(
        "{n} alert now carries the profile {version}.",
        "{n} alerts now carry the profile {version}.",
        alerts,
        version=version,
    )
