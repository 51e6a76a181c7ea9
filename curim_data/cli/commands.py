"""The commands of `curim`: name, help, options, and the function that answers, in the order of the help.

Of a command that is not run nothing is loaded but its row, so this module needs nothing that counts. Help texts are
English message ids (`N_`); `app` puts them into the reader's language.
"""

from __future__ import annotations

import datetime as dt
import inspect
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import typer

from curim_data.model import MAP_RESOLUTIONS, N_, Audience, Message, MessageError, Translator
from curim_data.serving import LOCAL

REQUIRED: Final = inspect.Parameter.empty
Method = Literal["significance", "clusters", "emerging", "density"]
Denominator = Literal["land", "alerts", "residents"]
Order = Literal["excess", "ratio", "alerts", "p"]
Status = Literal["draft", "decided", "running", "finished", "evaluated", "dropped"]
NoteKind = Literal["campaign", "app", "data_break", "other", "not_covered", "nothing_happened"]
Step = Literal["week", "month", "local_date"]


class UsageError(MessageError):
    """Unusable input or arguments: one line for standard error, exit code 2."""


class Option(NamedTuple):
    """An option or an argument of a command: name, help (a message id), type, default, and its flag where another.

    `check`: of its value. `more`: settings of typer's. `declared`: what typer makes of it.
    """

    name: str
    help: str
    kind: Any = str | None
    default: Any = None
    flag: str = ""
    check: Callable[[Any], Any] | None = None
    more: Mapping[str, Any] = {}
    declared: Callable[..., Any] = typer.Option

    def parameter(self, t: Translator) -> inspect.Parameter:
        """The parameter that typer makes an option of, its help in the reader's language."""
        flags = [self.flag] if self.flag else []
        declared = self.declared(*flags, help=t(self.help), callback=self.check, **self.more)
        kind = inspect.Parameter.KEYWORD_ONLY
        return inspect.Parameter(self.name, kind, default=self.default, annotation=Annotated[self.kind, declared])


class Command(NamedTuple):
    """A command: the function that answers, its help (a message id) and its own options.

    `run`: module and name of the function, as "studies.counts", and what it is given before the options, if anything.
    `audience`: the default one; a command whose answer is the same for all audiences has no such option. `filtered`:
    it takes the words of the filter. `study`: its answer begins with the filter.
    """

    run: str
    help: str
    options: tuple[Option, ...] = ()
    audience: Audience | None = None
    filtered: bool = False
    study: bool = False


Argument = partial(Option, kind=str, default=REQUIRED, declared=typer.Argument)
study = partial(Command, audience=Audience.ANALYST, filtered=True, study=True)
filtered = partial(Command, audience=Audience.ANALYST, filtered=True)


def flag(word: str, help: str) -> Option:
    """An option that is said or not, such as --dry-run."""
    return Option(word.replace("-", "_"), help, bool, False, f"--{word}")


def as_day(text: str) -> dt.date:
    """The day that a text such as 2025-05-03 names. UsageError where it names none."""
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise UsageError(Message("{text} is not a date such as 2025-05-03.", {"text": text})) from None


def check_suffix(out: Path | None, *known: str) -> Path | None:
    """A file to write; UsageError where its suffix is not one of those known."""
    if out is not None and out.suffix.lower() not in known:
        raise UsageError(
            Message("{file}: the name must end in {known}.", {"file": str(out), "known": ", ".join(known)})
        )
    return out


def _known_resolution(resolution: int | None) -> int | None:
    if resolution is not None and resolution not in MAP_RESOLUTIONS:
        raise UsageError(
            Message("--resolution {resolution}: map cells have resolution 4 to 12.", {"resolution": resolution})
        )
    return resolution


def _out(help: str, *suffixes: str, kind: Any = Path | None, default: Any = None) -> Option:
    """The file to write, with one of some suffixes."""
    return Option("out", help, kind, default, check=lambda out: check_suffix(out, *suffixes) if suffixes else out)


_RESOLUTION = Option(
    "resolution", N_("H3 resolution of map cells; chosen unless given."), int | None, check=_known_resolution
)
_OUT_CSV = _out(N_("CSV file to write."), ".csv")
_OUT_PLACES = _out(N_("GeoJSON or CSV file to write."), ".geojson", ".csv")
_BATCH = Argument("batch", N_("Id of the import, as “curim batches” lists it."))
_PLAN = Argument("plan", N_("Id of the plan, as “curim plan list” lists it."))
_WHO = Option("who", N_("Name for the history of the notes."), str, "curim")
_DAY = Argument("day", N_("Day of the meeting, as 2025-05-03."), more={"metavar": "DATE"})
_AREAS = Argument("file", N_("GeoJSON, GeoPackage or zipped Shapefile, in any coordinate system."), kind=Path)
_LAYER = Option("layer", N_("Layer of a GeoPackage, or Shapefile in a zip."))
_EPSG = Option("epsg", N_("EPSG number of the file's coordinate system, where the file does not say it."), int | None)
_NAMES = (
    Option("name_column", N_("Column that holds the names; proposed unless given.")),
    Option("language", N_("Language of the names: el, en or fr."), str, "en", "--names-in"),
)
SHARED: Final = (
    Option("home", N_("Folder of the data; CURIM_HOME, or var/."), Path | None),
    Option("lang", N_("Language: el, en or fr.")),
    Option("as_json", N_("Print one JSON object and nothing else."), bool, False, "--json"),
)

COMMANDS: Final[dict[str, Command]] = {
    "import": Command(
        "operations.import_files",
        N_("Import exports: every row is accepted, updated, a duplicate, or quarantined with its reason."),
        (
            Argument("files", N_("Exports to import."), kind=list[Path]),
            Option("format", N_("Name of the format; recognised unless given.")),
            Option(
                "mapping",
                N_("TOML file that says what the columns mean (docs/mapping.md)."),
                Path | None,
                None,
                "--map",
            ),
            Option(
                "write_mapping",
                N_("Write the recognised mapping to a TOML file, to be corrected."),
                Path | None,
                None,
                "--write-map",
            ),
            Option("dates", N_("day-first or month-first, where the file does not say.")),
            Option("crs", N_("Coordinate system of projected coordinates, such as EPSG:2100.")),
            Option("decimal", N_("point or comma: the decimal mark of coordinates.")),
            Option("order", N_("lat-lon or lon-lat, for a column that holds both.")),
            Option("sheet", N_("Sheet, layer or member of a file that holds several.")),
            Option("timezone", N_("Time zone of times without offset, such as Europe/Athens.")),
            Option("category", N_("Category of a file without a column for it.")),
            Option("ids", N_("same or own, where ids of the file are known already.")),
            flag("elsewhere", N_("Import although most alerts lie outside the city.")),
            Option(
                "area",
                N_(
                    "What a new city is made of, where the file holds a region or a country: whole, densest, or "
                    "LON,LAT,KM for what lies within some kilometres of a place."
                ),
            ),
            Option(
                "kind",
                N_(
                    "Kind of the categories of a new city: names (as each name says, the default), offence, "
                    "incivility, risk or unknown."
                ),
            ),
            Option("event", N_("Column that says when it happened, where several dates can be it.")),
            Option("counts", N_("What an alert is in a table of counts: events (as many as a row says) or rows.")),
            Option("city", N_("Name of the city, for a home that has none yet."), str, ""),
            Option("profile", N_("Profile folder for a home that has no city yet."), Path | None),
            flag("dry-run", N_("Say what would happen and write nothing.")),
            Option("publish", N_("Afterwards publish the alerts to this PostgreSQL URL (“curim publish”).")),
        ),
    ),
    "batches": Command("operations.batches", N_("List the imports.")),
    "undo": Command("operations.undo", N_("Undo an import."), (_BATCH,)),
    "quarantine": Command(
        "operations.quarantine",
        N_("Write the quarantined rows of an import, with reasons, to a CSV file."),
        (_BATCH, _out(N_("CSV file to write."), ".csv", kind=Path, default=REQUIRED)),
    ),
    "erase": Command(
        "operations.erase",
        N_("Erase alerts permanently, from all earlier versions too; earlier imports can then not be undone."),
        (
            Argument("alerts", N_("Ids of the alerts."), kind=list[str]),
            flag("yes", N_("Confirm: without this the command only says what would be erased.")),
        ),
    ),
    "counts": study(
        "studies.counts",
        N_("Count alerts by one or more dimensions."),
        (
            Option("by", N_("Dimensions, with commas between them: week,district,category ..."), str, ""),
            _RESOLUTION,
            flag("complete", N_("Include weeks, cells, districts ... without alerts as zeros.")),
            _OUT_CSV,
        ),
    ),
    "hotspots": study(
        "studies.hotspots",
        N_("Find hot spots: places with more alerts than expected by chance."),
        (
            Option("method", N_("Method by which they are found."), Method, "significance"),
            _RESOLUTION,
            Option(
                "base",
                N_("What a place is compared with: its land and neighbourhood, all alerts, or residents."),
                Denominator,
                "land",
            ),
            Option(
                "order",
                N_("Order of hot spots: alerts above expected or ratio (by the lower limit), alerts, or corrected p."),
                Order | None,
            ),
            _OUT_PLACES,
        ),
    ),
    "trends": study(
        "studies.trends",
        N_("Show the alerts over time, with their expected range."),
        (Option("by", N_("Step of the series: week, unless months alone are known."), Step | None), _OUT_CSV),
    ),
    "changes": study(
        "studies.changes",
        N_("Show what changed between two periods, place by place, corrected for having looked everywhere."),
        (_OUT_CSV,),
    ),
    "brief": filtered(
        "brief.brief",
        N_("Brief the council: what changed, where, for whom."),
        (
            Option("since", N_("First day of the changes, such as 2025-03-31; the last meeting unless given.")),
            _out(N_("PDF or Word (.docx) file to write; a PNG file with --card.")),
            flag("if-changed", N_("Write and send the brief only if it has a change that the last one did not have.")),
            Option(
                "mail",
                N_("Address to send the brief to, through the server in settings.toml; may be repeated."),
                list[str] | None,
            ),
            Option(
                "card",
                N_("Write the change of this number, from 1, as a picture for a newsletter, protected for the public."),
                int | None,
            ),
        ),
        audience=Audience.COUNCIL,
    ),
    "compare": filtered(
        "studies.compare",
        N_("Find the places where two filters differ more than expected by chance."),
        (
            Option(
                "against",
                N_("light, others, or words of a filter such as affected=man."),
                str,
                REQUIRED,
            ),
            _RESOLUTION,
            _OUT_PLACES,
        ),
    ),
    "forecast": study(
        "studies.forecast",
        N_("Forecast the next weeks, with the accuracy of such forecasts in the past."),
        (Option("weeks", N_("How many weeks ahead: 1 to 4."), int, 4), _RESOLUTION, _OUT_CSV),
    ),
    "concentration": study(
        "studies.concentration",
        N_("Measure the concentration: how few places hold most alerts, and how few are expected by chance."),
        (_RESOLUTION, _out(N_("CSV file to write the curve to."), ".csv")),
    ),
    "near-repeat": study(
        "studies.near_repeat",
        N_("Test for near repeats."),
        (Option("metric", N_("How distance is measured: euclidean or manhattan."), str, "euclidean"), _OUT_CSV),
    ),
    "quality": Command(
        "studies.quality",
        N_(
            "Report the quality of the stored alerts: missing values, default coordinates, "
            "precision, delays, duplicates."
        ),
        (_out(N_("Report to write, .html or .json."), ".html", ".json"),),
        Audience.ANALYST,
    ),
    "export": filtered(
        "operations.export",
        N_("Write the cleaned alerts, one a row; all dates unless a period is asked for."),
        (
            _out(
                N_("File to write: .csv, .parquet or .gpkg."),
                *(".csv", ".parquet", ".gpkg"),
                kind=Path,
                default=REQUIRED,
            ),
        ),
    ),
    "publish": Command(
        "operations.publish",
        N_("Write the alerts and their protected copy into PostgreSQL, for readers with CURIM_ALERTS_URL."),
        (
            Option(
                "to", N_("URL of the database, as postgresql://user@host/name; CURIM_ALERTS_URL without it."), str, ""
            ),
        ),
    ),
    "sample": Command(
        "operations.sample",
        N_("Write the made-up sample exports to a folder."),
        (Argument("folder", N_("Folder to write to."), kind=Path),),
    ),
    "audit": Command(
        "operations.audit",
        N_("Show who looked at what and did what, the latest first."),
        (
            Option("since", N_("From this day on, as 2025-05-03."), str, ""),
            Option("until", N_("Until this day, included."), str, ""),
            Option("who", N_("Of this person alone: an address, or an account.")),
            Option(
                "deed",
                N_(
                    "view, refused, sign_in, sign_out, not_admitted, download, import, undo, erase, change, command "
                    "or gap."
                ),
            ),
            _OUT_CSV,
        ),
    ),
    "serve": Command(
        "operations.serve",
        N_("Serve the dashboard with several processes behind one address (needs haproxy)."),
        (
            Option("processes", N_("Processes; one for each processor unless given."), int | None, more={"min": 1}),
            Option("port", N_("Port on which readers connect."), int, 8501),
            Option("address", N_("Address to listen on; others than this computer need sign-in."), str, LOCAL),
            Option("certificate", N_("PEM file with certificate and key, for TLS."), Path | None),
            Option("metrics", N_("Port for Prometheus, on this computer."), int | None),
        ),
    ),
    "city show": Command("city.show", N_("Show the city's profile.")),
    "city refresh": Command(
        "city.refresh",
        N_("Recompute districts, cells, places and darkness of all alerts after a change of the profile."),
    ),
    "city districts": Command(
        "city.districts",
        N_("Give the city its districts; with a provisional profile they become the study area too."),
        (_AREAS, _LAYER, _EPSG, *_NAMES, flag("keep-land", N_("Leave the study area as it is."))),
    ),
    "city land": Command("city.land", N_("Set the city's study area."), (_AREAS, _LAYER, _EPSG)),
    "city population": Command(
        "city.edited set_population",
        N_("Give the residents by district: columns district, women, men, total, or district, gender, n."),
        (Argument("file", N_("CSV or XLSX file."), kind=Path),),
    ),
    "city landmarks": Command(
        "city.edited set_landmarks",
        N_("Give the landmarks: columns name, longitude, latitude, radius; or points of a map file."),
        (
            Argument(
                "file", N_("OpenStreetMap extract, CSV, XLSX, GeoJSON, GeoPackage or zipped Shapefile."), kind=Path
            ),
        ),
    ),
    "city streets": Command(
        "city.streets",
        N_("Set the streets, given as lines."),
        (
            Argument(
                "file",
                N_(
                    "OpenStreetMap extract (.osm.pbf, .osm), GeoJSON, GeoPackage or zipped Shapefile; see "
                    "docs/streets.md."
                ),
                kind=Path,
            ),
            _LAYER,
            _EPSG,
            *_NAMES,
        ),
    ),
    "city categories": Command(
        "city.edited set_categories",
        N_("Give the category tree: columns id, kind, group, sensitive, harm, label_el, label_en, label_fr."),
        (Argument("file", N_("CSV, XLSX or TOML file."), kind=Path),),
    ),
    "city helplines": Command(
        "city.edited set_help_lines",
        N_("Set the help lines shown beside sensitive figures: column text, or text_el, text_en."),
        (Argument("file", N_("CSV or XLSX file."), kind=Path),),
    ),
    "city name": Command(
        "city.edited set_names",
        N_("Give the city's name, and its time zone and coordinate system where they are wrong."),
        (
            Argument("name", N_("Name of the city.")),
            Option("timezone", N_("Time zone, as Europe/Athens.")),
            Option("epsg", N_("EPSG number of the system in metres that distances are measured in."), int | None),
        ),
    ),
    "city least-counts": Command(
        "city.edited set_least_counts",
        N_(
            "Raise the smallest counts that council and public see; they are never lower than 5, and 10 where "
            "sensitive."
        ),
        (
            Argument("ordinary", N_("Smallest count of other categories, 5 or more."), kind=int),
            Argument("sensitive", N_("Smallest count of sensitive categories, 10 or more."), kind=int),
        ),
    ),
    "city accept": Command(
        "city.edited confirm_provisional", N_("Accept a provisional profile as the city's own, as it is.")
    ),
    "city versions": Command("city.versions", N_("List the versions of the profile.")),
    "city restore": Command(
        "city.edited restore_version",
        N_("Restore an earlier version of the profile."),
        (Argument("version", N_("Id of the version, as “curim city versions” lists it.")),),
    ),
    "plan draft": filtered(
        "city.plan_draft",
        N_("Draft a plan from a hot spot and keep it."),
        (
            Option(
                "spot",
                N_("Which hot spot of “curim hotspots” under the same filter and audience; 1 is the clearest."),
                int,
                1,
            ),
            Option("who", N_("Name for the plan's history."), str, "curim"),
        ),
        audience=Audience.COUNCIL,
    ),
    "plan list": Command(
        "city.plan_list", N_("List the plans."), (Option("status", N_("Of this status."), Status | None),)
    ),
    "plan show": Command(
        "city.plan_show", N_("Show a plan and what became of it."), (_PLAN,), audience=Audience.COUNCIL
    ),
    "plan export": Command(
        "city.plan_export",
        N_("Write a plan as PDF, Word or JSON."),
        (
            _PLAN,
            _out(
                N_("PDF, Word (.docx) or JSON file to write."),
                *(".pdf", ".docx", ".json"),
                kind=Path,
                default=REQUIRED,
            ),
        ),
    ),
    "annotations add": Command(
        "city.add_note",
        N_("Note an event: what is usual is estimated separately from that day on, or for those days."),
        (
            Argument("start", N_("First day, as 2025-05-03.")),
            Argument("note", N_("What happened, in a few words; no personal data.")),
            Option("end", N_("Last day, where it was over then; without it a new level begins."), str, ""),
            Option("kind", N_("What kind of event."), NoteKind, "other"),
            Option("category", N_("The only category that it concerns, by its id."), str, ""),
            Option(
                "of_source",
                N_("The only source that a correction of the days covered concerns."),
                str,
                "",
                "--source",
            ),
            _WHO,
        ),
    ),
    "annotations list": Command("city.list_notes", N_("List the notes.")),
    "annotations remove": Command(
        "city.remove_note",
        N_("Take a note away; it stays in the history."),
        (Argument("annotation", N_("Id of the note, as “curim annotations list” lists it.")), _WHO),
    ),
    "meetings add": Command(
        "city.add_meeting",
        N_("Keep a meeting; one on the same day takes the new name."),
        (_DAY, Argument("name", N_("What the meeting is called; nobody's name."), default="")),
    ),
    "meetings list": Command("city.list_meetings", N_("List the meetings.")),
    "meetings remove": Command("city.remove_meeting", N_("Take a meeting away."), (_DAY,)),
}
GROUPS: Final = {
    "city": N_("The city's profile."),
    "plan": N_("Intervention plans."),
    "annotations": N_("Notes on the time line: campaigns, versions of the app, breaks in the data."),
    "meetings": N_("The council's meetings: the Briefing tells what changed since the last one."),
}
