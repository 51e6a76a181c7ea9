"""Commands of the city's profile: show it, give it parts of its own, go back to an earlier version."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import typer

from curim_data import profile
from curim_data.cli.commands import command
from curim_data.cli.context import Answer, CommandContext
from curim_data.model import N_, Message
from curim_data.model.labels import provisional_note

if TYPE_CHECKING:
    from curim_data.profile.edit import AreaFile, EditReport
    from curim_data.profile.versions import ProfileChange

Areas = Annotated[Path, typer.Argument(help=N_("GeoJSON, GeoPackage or zipped Shapefile, in any coordinate system."))]
NameColumn = Annotated[str | None, typer.Option(help=N_("Column that holds the names; proposed unless given."))]
NamesLanguage = Annotated[str, typer.Option("--names-in", help=N_("Language of the names: el, en or fr."))]
Layer = Annotated[str | None, typer.Option(help=N_("Layer of a GeoPackage, or Shapefile in a zip."))]
Epsg = Annotated[
    int | None,
    typer.Option(help=N_("EPSG number of the file's coordinate system, where the file does not say it.")),
]

WAY_ON = Message(
    "Give the city's own with “curim city districts FILE” or “curim city land FILE”, or take it as it stands with "
    "“curim city accept”."
)


@command("city show", N_("Show the city's profile."))
def show(ctx: CommandContext) -> Answer:
    """What the city's profile holds."""
    t, city, source = ctx.t, ctx.city(), ctx.source
    facts: dict[str, Any] = {
        "city": t.label(city.names),
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
        "alerts_of_other_versions": (behind := profile.edit.stale_count(ctx.home)),
        "first": source.first if source.count else None,
        "last": source.as_of if source.count else None,
    }
    least = {"n": facts["least_count"], "sensitive": facts["least_sensitive_count"]}
    days = {"first": source.first, "last": source.as_of}
    stale = t.n(
        "{n} alert still carries another profile: “curim city refresh” rewrites its columns.",
        "{n} alerts still carry another profile: “curim city refresh” rewrites their columns.",
        behind,
    )
    parts = {
        N_("Districts: {values}"): facts["districts"],
        N_("Groups of categories: {values}"): facts["groups"],
        N_("Categories: {values}"): facts["categories"],
        N_("Places: {values}"): facts["landmarks"],
        N_("Categories outside the tree: {values}"): facts["other_categories"],
    }
    lines = [
        t("{city}, profile {version}", city=facts["city"], version=city.version),
        t("The shapes of this city are illustrative.") if city.illustrative else "",
        f"{provisional_note(t, outlined=city.outlined)} {t(WAY_ON)}" if city.provisional else "",
        *(t(message, values=", ".join(values)) for message, values in parts.items() if values),
        t("Smallest count that council and public see: {n}, in sensitive categories {sensitive}.", **least),
        t.n("{n} alert, {first} – {last}", "{n} alerts, {first} – {last}", source.count, **days)
        if source.count
        else "",
        stale if behind else "",
    ]
    return Answer(facts, filter(None, lines))


@command(
    "city refresh", N_("Recompute districts, cells, places and darkness of all alerts after a change of the profile.")
)
def refresh(ctx: CommandContext) -> Answer:
    """Recompute the columns that the profile gives."""
    from curim_data.profile.versions import reenrich_store

    city = ctx.city()
    changed = reenrich_store(ctx.home)
    ctx.prepare()
    return Answer({"profile_version": city.version, "alerts": changed}, [_count_of(ctx, changed, city.version)])


@command(
    "city districts", N_("Give the city its districts; with a provisional profile they become the study area too.")
)
def districts(
    ctx: CommandContext,
    file: Areas,
    layer: Layer = None,
    epsg: Epsg = None,
    name_column: NameColumn = None,
    language: NamesLanguage = "en",
    keep_land: Annotated[bool, typer.Option("--keep-land", help=N_("Leave the study area as it is."))] = False,
) -> Answer:
    """Give the districts; a home without a city gets one of them."""
    areas = _areas_for_city(ctx, file, layer, epsg)
    return _edited(
        ctx, profile.edit.set_districts, areas, name_column, language, with_land=False if keep_land else None
    )


@command("city land", N_("Set the city's study area."))
def land(ctx: CommandContext, file: Areas, layer: Layer = None, epsg: Epsg = None) -> Answer:
    """Give the study area; a home without a city gets one of it."""
    return _edited(ctx, profile.edit.set_land, _areas_for_city(ctx, file, layer, epsg))


def _areas_for_city(ctx: CommandContext, file: Path, layer: str | None, epsg: int | None) -> AreaFile:
    """The areas of a file; a home without a city gets one of them."""
    from curim_data.profile.provisional import ensure_city_for_areas

    areas = profile.edit.read_areas(file, file.name, layer=layer, epsg=epsg)
    if not ctx.home.has_city():
        ensure_city_for_areas(ctx.home, areas, file.stem)
    return areas


@command(
    "city population",
    N_("Give the residents by district: columns district, women, men, total, or district, gender, n."),
)
def population(ctx: CommandContext, file: Annotated[Path, typer.Argument(help=N_("CSV or XLSX file."))]) -> Answer:
    """Give the residents by district and gender."""
    return _edited(ctx, profile.edit.set_population, file, file.name)


@command(
    "city landmarks", N_("Give the landmarks: columns name, longitude, latitude, radius; or points of a map file.")
)
def landmarks(
    ctx: CommandContext,
    file: Annotated[
        Path, typer.Argument(help=N_("OpenStreetMap extract, CSV, XLSX, GeoJSON, GeoPackage or zipped Shapefile."))
    ],
) -> Answer:
    """Give the landmarks."""
    return _edited(ctx, profile.edit.set_landmarks, file, file.name)


@command("city streets", N_("Set the streets, given as lines."))
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
) -> Answer:
    """Give the streets."""
    bounds = ctx.city().land.bounds
    return _edited(
        ctx,
        profile.edit.set_streets,
        profile.edit.read_areas(file, file.name, kind="line", layer=layer, epsg=epsg, bounds=bounds),
        name_column,
        language,
    )


@command(
    "city categories",
    N_("Give the category tree: columns id, kind, group, sensitive, harm, label_el, label_en, label_fr."),
)
def categories(
    ctx: CommandContext, file: Annotated[Path, typer.Argument(help=N_("CSV, XLSX or TOML file."))]
) -> Answer:
    """Give the category tree."""
    return _edited(ctx, profile.edit.set_categories, file, file.name)


@command("city helplines", N_("Set the help lines shown beside sensitive figures: column text, or text_el, text_en."))
def helplines(ctx: CommandContext, file: Annotated[Path, typer.Argument(help=N_("CSV or XLSX file."))]) -> Answer:
    """Give the help lines."""
    return _edited(ctx, profile.edit.set_help_lines, file, file.name)


@command("city name", N_("Give the city's name, and its time zone and coordinate system where they are wrong."))
def name(
    ctx: CommandContext,
    name: Annotated[str, typer.Argument(help=N_("Name of the city."))],
    timezone: Annotated[str | None, typer.Option(help=N_("Time zone, as Europe/Athens."))] = None,
    epsg: Annotated[
        int | None,
        typer.Option(help=N_("EPSG number of the system in metres that distances are measured in.")),
    ] = None,
) -> Answer:
    """Give the city's name, and its time zone and projection where they are wrong."""
    return _edited(ctx, profile.edit.set_names, name, timezone=timezone, epsg=epsg)


@command(
    "city least-counts",
    N_("Raise the smallest counts that council and public see; they are never lower than 5, and 10 where sensitive."),
)
def least_counts(
    ctx: CommandContext,
    ordinary: Annotated[int, typer.Argument(help=N_("Smallest count of other categories, 5 or more."))],
    sensitive: Annotated[int, typer.Argument(help=N_("Smallest count of sensitive categories, 10 or more."))],
) -> Answer:
    """Raise the smallest counts that council and public see."""
    return _edited(ctx, profile.edit.set_least_counts, ordinary, sensitive)


@command("city accept", N_("Accept a provisional profile as the city's own, as it is."))
def accept(ctx: CommandContext) -> Answer:
    """Take a provisional profile as the city's own."""
    return _edited(ctx, profile.edit.confirm_provisional)


@command("city versions", N_("List the versions of the profile."))
def versions(ctx: CommandContext) -> Answer:
    """The versions of the profile."""
    from curim_data.profile.versions import WHAT_WORDS

    t, _ = ctx.t, ctx.city()
    found = profile.edit.versions(ctx.home)
    rows = [(v.id, t.moment(v.when), t(WHAT_WORDS[v.what]), v.file, v.current) for v in found]
    listed = [{"version": v.id, "when": v.when, "what": v.what, "file": v.file, "current": v.current} for v in found]
    return Answer({"versions": listed}, [ctx.table(_VERSIONS, rows)])


_VERSIONS: Final = (N_("Version"), N_("When"), N_("Changed"), N_("File"), N_("In use"))


@command("city restore", N_("Restore an earlier version of the profile."))
def restore(
    ctx: CommandContext,
    version: Annotated[str, typer.Argument(help=N_("Id of the version, as “curim city versions” lists it."))],
) -> Answer:
    """Give back an earlier version."""
    return _edited(ctx, profile.edit.restore_version, version)


def _edited(ctx: CommandContext, edit: Callable[..., EditReport | ProfileChange], *given: Any, **named: Any) -> Answer:
    """Change the profile, prepare the city for its readers, and say what was changed."""
    ctx.city()
    done = edit(ctx.home, *given, **named)
    ctx.prepare()
    notes = [ctx.t(note) for note in getattr(done, "notes", ())]
    unchanged = ctx.t("Nothing changed: the profile holds this already.")
    last = unchanged if done.before == done.version else _count_of(ctx, done.alerts, done.version)
    return Answer(
        {"profile_version": done.version, "before": done.before, "alerts": done.alerts}
        | ({"n": done.n, "notes": notes} if isinstance(done, profile.edit.EditReport) else {}),
        [*notes, last],
    )


def _count_of(ctx: CommandContext, alerts: int, version: str) -> str:
    return ctx.t.n(
        "{n} alert now carries the profile {version}.",
        "{n} alerts now carry the profile {version}.",
        alerts,
        version=version,
    )
