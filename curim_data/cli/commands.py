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
Method = Literal["significance", "clusters", "emerging"]
Denominator = Literal["land", "alerts", "residents"]
Order = Literal["excess", "ratio", "alerts", "p"]
Status = Literal["draft", "decided", "running", "finished", "evaluated", "dropped"]
NoteKind = Literal["campaign", "app", "data_break", "other", "not_covered", "nothing_happened"]
Step = Literal["week", "month", "local_date"]
Language = Literal["el", "en", "fr"]
Deed = Literal[
    "view",
    "refused",
    "sign_in",
    "sign_out",
    "not_admitted",
    "download",
    "import",
    "undo",
    "erase",
    "change",
    "command",
    "gap",
]


class UsageError(MessageError):
    """Unusable input or arguments: one line for standard error, exit code 2."""


class Option(NamedTuple):
    """An option or an argument of a command: name, help, type, default, and its flag where another.

    `check`: of its value. `more`: settings of typer's. `declared`: what typer makes of it.
    """

    name: str
    help: str | Message = ""
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
    """A command: the function that answers, its help and its own options.

    `run`: module and name of the function, as "studies.counts", and what it is given before the options, if anything.
    `audience`: the default one; a command whose answer is the same for all audiences has no such option. `filtered`:
    it takes the words of the filter. `study`: its answer begins with the filter.
    """

    run: str
    help: str | Message
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


def as_day(text: str, option: str = "") -> dt.date:
    """The day that a text such as 2025-05-03 names, the value of an option or an argument. UsageError where it names
    none.
    """
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        given = f"--{option} {text}" if option else text
        raise UsageError(Message("{text} is not a date such as 2025-05-03.", {"text": given})) from None


def unusable(option: str, value: object, known: str, *, example: bool = False) -> UsageError:
    """The error for a value that an option cannot have; `known`: those that it can have, or an example of them."""
    said = N_("--{option} {value}: possible values are {known}.")
    if example:
        said = N_("--{option} {value}: give for example {known}.")
    return UsageError(Message(said, {"option": option, "value": str(value), "known": known}))


def needs(option: str, other: str) -> UsageError:
    """The error for an option that means nothing without another one."""
    return UsageError(Message("{option} needs {other}.", {"option": option, "other": other}))


def _check_suffix(out: Path | None, *known: str) -> Path | None:
    """A file to write; UsageError where its suffix is not one of those known."""
    if out is not None and out.suffix.lower() not in known:
        raise UsageError(
            Message("{file}: the name must end in {known}.", {"file": str(out), "known": ", ".join(known)})
        )
    return out


def _out(*suffixes: str, kind: Any = Path | None, default: Any = None) -> Option:
    """The file to write, with one of some suffixes."""
    help = Message("File to write: {known}.", {"known": ", ".join(suffixes)})
    return Option("out", help, kind, default, check=lambda out: _check_suffix(out, *suffixes))


def _read(known: str) -> Message:
    return Message("File: {known}.", {"known": known})


def _listed(name: str, command: str) -> Option:
    """An argument that is the id of something that a command lists."""
    return Argument(name, Message("Id, as “{command}” lists it.", {"command": command}))


def _answer(name: str, known: str) -> Option:
    """The answer to something that an import may ask: a field of `Answers`."""
    return Option(name, Message("Answer to a question of the import: {known}.", {"known": known}))


def _from_file(run: str, known: str, *more: Option, columns: str = "") -> Command:
    """A command that sets a part of the city's profile from a file."""
    help = Message("Set it from a file: {known}.", {"known": columns or known})
    return Command(run, help, (Argument("file", _read(known), kind=Path), *more))


_DAY_HELP = N_("A day, as 2025-05-03.")
_CHOSEN = N_("Chosen unless given.")
_ANY = N_("{n} or more.")
_RESOLUTION = Option(
    "resolution",
    N_("H3 resolution of map cells; chosen unless given."),
    int | None,
    more={"min": MAP_RESOLUTIONS[0], "max": MAP_RESOLUTIONS[-1]},
)
_OUT_CSV = _out(".csv")
_OUT_PLACES = _out(".geojson", ".csv")
_BATCH = _listed("batch", "curim batches")
_PLAN = _listed("plan", "curim plan list")
_SINCE = Option("since", _DAY_HELP)
_DAY = Argument("day", _DAY_HELP, more={"metavar": "DATE"})
_MAPS = ".geojson, .gpkg, .zip (Shapefile)"
_LAYER = Option("layer", N_("Layer, sheet or member of a file that holds several."))
_EPSG = Option("epsg", N_("EPSG number of the coordinate system, such as 2100."), int | None)
_ZONE = Option("timezone", N_("Time zone, such as Europe/Athens."))
_LANGUAGE = N_("Language: el, en or fr.")
_NAMES = (Option("name_column", _CHOSEN), Option("language", _LANGUAGE, Language, "en", "--names-in"))
_CITY = N_("Name of the city")
_BACKUP = Argument("file", _read(".zip"), kind=Path)
_EXPORTS = Argument("files", _read(".csv, .xlsx, .json, .geojson, .gpkg, .zip …"), kind=list[Path])
_IMPORT: Final = (
    Option("format", _CHOSEN),
    Option("mapping", _read(".toml (docs/mapping.md)"), Path | None, None, "--map"),
    _answer("dates", "day-first, month-first"),
    Option("crs", _EPSG.help),
    _answer("decimal", "point, comma"),
    _answer("order", "lat-lon, lon-lat"),
    Option("sheet", _LAYER.help),
    _ZONE,
    _answer("category", "NAME"),
    _answer("ids", "same, own"),
    flag("elsewhere", N_("Import although most alerts lie outside the city.")),
    _answer("area", "whole, densest, LON,LAT,KM"),
    _answer("kind", "names, offence, incivility, risk, unknown"),
    _answer("event", "COLUMN"),
    _answer("counts", "events, rows"),
    _answer("gender", "affected, reporter, none"),
    _answer("means", "WORD=woman, WORD=rejected …"),
    _answer("midnight", "unknown, known"),
    _answer("separator", "space, none, ; …"),
    _answer("older", "keep, replace"),
    _answer("gone", "keep, withdrawn"),
    _answer("covers", "2025-01-01/2025-03-31"),
    Option("city", _CITY, str, ""),
    Option("profile", N_("Profile folder for a home that has no city yet."), Path | None),
)
_LIST, _REMOVE = N_("List them."), N_("Remove one.")
_ONLY = N_("The only one that it concerns.")
SHARED: Final = (
    Option("home", N_("Folder of the data; CURIM_HOME, or var/."), Path | None),
    Option("lang", _LANGUAGE, Language | None),
    Option("as_json", N_("Print one JSON object and nothing else."), bool, False, "--json"),
)

COMMANDS: Final[dict[str, Command]] = {
    "import": Command(
        "operations.import_files",
        N_("Import exports: every row is accepted, updated, a duplicate, or quarantined with its reason."),
        (
            _EXPORTS,
            *_IMPORT,
            flag("dry-run", N_("Say what would happen and write nothing.")),
        ),
    ),
    "open": Command(
        "operations.open_files",
        N_("Import files and open them in the dashboard, on this computer alone; without a file, the sample city."),
        (
            _EXPORTS._replace(kind=list[Path] | None, default=None),
            *_IMPORT,
            flag("no-browser", N_("Only print the address.")),
            Option(
                "port", N_("Port on this computer; a free one unless given."), int | None, more={"min": 1, "max": 65535}
            ),
        ),
    ),
    "batches": Command("operations.batches", N_("List the imports.")),
    "undo": Command("operations.undo", N_("Undo an import."), (_BATCH,)),
    "quarantine": Command(
        "operations.quarantine",
        N_("Write the quarantined rows of an import, with reasons, to a CSV file."),
        (_BATCH, _out(".csv", kind=Path, default=REQUIRED)),
    ),
    "erase": Command(
        "operations.erase",
        N_("Erase alerts permanently, from all earlier versions too; earlier imports can then not be undone."),
        (
            _listed("alerts", "curim export")._replace(kind=list[str]),
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
            Option("method", kind=Method, default="significance"),
            _RESOLUTION,
            Option(
                "base",
                N_("What a place is compared with: its land and neighbourhood, all alerts, or residents."),
                Denominator,
                "land",
            ),
            Option("order", kind=Order | None),
            _OUT_PLACES,
        ),
    ),
    "trends": study(
        "studies.trends",
        N_("Show the alerts over time, with their expected range."),
        (Option("by", _CHOSEN, Step | None), _OUT_CSV),
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
            _SINCE,
            _out(".pdf", ".docx"),
            flag("if-changed", N_("Write and send the brief only if it has a change that the last one did not have.")),
            Option(
                "mail",
                N_("Address to send the brief to, through the server in settings.toml; may be repeated."),
                list[str] | None,
            ),
        ),
        audience=Audience.COUNCIL,
    ),
    "compare": filtered(
        "studies.compare",
        N_("Find the places where two filters differ more than expected by chance."),
        (
            Option("against", N_("light, others, or words of a filter such as affected=man."), str, REQUIRED),
            _RESOLUTION,
            _OUT_PLACES,
        ),
    ),
    "forecast": study(
        "studies.forecast",
        N_("Forecast where the alerts of the next weeks will be, with the accuracy of such forecasts in the past."),
        (Option("weeks", kind=int, default=4, more={"min": 1, "max": 4}), _RESOLUTION, _OUT_CSV),
    ),
    "concentration": study(
        "studies.concentration",
        N_("Measure the concentration: how few places hold most alerts, and how few are expected by chance."),
        (_RESOLUTION, _OUT_CSV),
    ),
    "near-repeat": study("studies.near_repeat", N_("Test for near repeats."), (_OUT_CSV,)),
    "quality": Command(
        "studies.quality",
        N_(
            "Report the quality of the stored alerts: missing values, default coordinates, precision, repeated reports."
        ),
        (),
        Audience.ANALYST,
    ),
    "export": filtered(
        "operations.export",
        N_("Write the cleaned alerts, one a row; all dates unless a period is asked for."),
        (_out(".csv", ".parquet", ".gpkg", kind=Path, default=REQUIRED),),
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
    "audit": Command(
        "operations.audit",
        N_("Show who looked at what and did what, the latest first."),
        (
            _SINCE,
            Option("until", _DAY_HELP),
            Option("who", N_("Of this person alone: an address, or an account.")),
            Option("deed", kind=Deed | None),
            _OUT_CSV,
        ),
    ),
    "sessions": Command(
        "operations.sessions",
        N_("Show the sign-ins that go on, or end them."),
        (
            Option("who", N_("Of this person alone: an address, or an account.")),
            flag("end", N_("End them all: whoever it was has to sign in again.")),
        ),
    ),
    "keep backup": Command(
        "keep.backup",
        N_("Write the home into one file."),
        (_BACKUP, Option("after", N_("An earlier backup beside it, whose files are not stored again."), Path | None)),
    ),
    "keep verify": Command(
        "keep.verify",
        N_("Check a backup by opening it, or the home itself."),
        (
            _BACKUP._replace(kind=Path | None, default=None),
            Option(
                "mark", N_("A mark that an earlier check told: history and record up to it are as they were."), str, ""
            ),
        ),
    ),
    "keep restore": Command(
        "keep.restore",
        N_("Make a home out of a backup, in a folder that holds none."),
        (
            _BACKUP,
            Option(
                "erased_in",
                N_("Former home, if its list of erased alerts is left: they are erased again."),
                Path | None,
            ),
        ),
    ),
    "keep upgrade": Command("keep.upgrade", N_("Bring a home of an earlier version up to date, and check it.")),
    "keep secret": Command(
        "keep.secret",
        N_("Check the secret of the protected copy, or draw the copy anew with another one."),
        (
            flag("draw-anew", N_("Forget all that was drawn: what that costs is said first.")),
            flag("yes", N_("Do it.")),
        ),
    ),
    "serve": Command(
        "operations.serve",
        N_("Serve the dashboard with several processes behind one address (needs haproxy)."),
        (
            Option("processes", _CHOSEN, int | None, more={"min": 1}),
            Option("port", kind=int, default=8501),
            Option("address", N_("Address to listen on; others than this computer need sign-in."), str, LOCAL),
            Option("certificate", _read(".pem (TLS)"), Path | None),
            Option("metrics", N_("Port for Prometheus, on this computer."), int | None),
        ),
    ),
    "city show": Command("city.show", N_("Show the city's profile.")),
    "city refresh": Command(
        "city.refresh",
        N_("Recompute districts, cells, places and darkness of all alerts after a change of the profile."),
    ),
    "city districts": _from_file("city.districts", _MAPS, _LAYER, _EPSG, *_NAMES),
    "city land": _from_file("city.land", _MAPS, _LAYER, _EPSG),
    "city population": _from_file(
        "city.edited set_population", ".csv, .xlsx", columns="district, women, men, total | district, gender, n"
    ),
    "city landmarks": _from_file(
        "city.edited set_landmarks",
        f".osm.pbf, .osm, .csv, .xlsx, {_MAPS}",
        columns="name, longitude, latitude, radius",
    ),
    "city streets": _from_file("city.streets", f".osm.pbf, .osm, {_MAPS} (docs/streets.md)", _LAYER, _EPSG, *_NAMES),
    "city categories": _from_file(
        "city.edited set_categories",
        ".csv, .xlsx, .toml",
        columns="id, kind, group, sensitive, label_el, label_en, label_fr",
    ),
    "city helplines": _from_file(
        "city.edited set_help_lines", ".csv, .xlsx", columns="text | text_el, text_en, text_fr"
    ),
    "city name": Command(
        "city.edited set_names",
        N_("Give the city's name, and its time zone and coordinate system where they are wrong."),
        (Argument("name", _CITY), _ZONE, _EPSG),
    ),
    "city least-counts": Command(
        "city.edited set_least_counts",
        N_(
            "Raise the smallest counts that council and public see; they are never lower than 5, and 10 where "
            "sensitive."
        ),
        (
            Argument("ordinary", Message(_ANY, {"n": 5}), kind=int),
            Argument("sensitive", Message(_ANY, {"n": 10}), kind=int),
        ),
    ),
    "city accept": Command(
        "city.edited confirm_provisional", N_("Accept a provisional profile as the city's own, as it is.")
    ),
    "city versions": Command("city.versions", _LIST),
    "city restore": Command(
        "city.edited restore_version",
        N_("Restore an earlier version of the profile."),
        (_listed("version", "curim city versions"),),
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
        ),
        audience=Audience.COUNCIL,
    ),
    "plan list": Command("city.plan_list", _LIST, (Option("status", kind=Status | None),)),
    "plan show": Command(
        "city.plan_show", N_("Show a plan and what became of it."), (_PLAN,), audience=Audience.COUNCIL
    ),
    "plan export": Command(
        "city.plan_export",
        N_("Write a plan as PDF, Word or JSON."),
        (_PLAN, _out(".pdf", ".docx", ".json", kind=Path, default=REQUIRED)),
    ),
    "annotations add": Command(
        "city.add_note",
        N_("Note an event: what is usual is estimated separately from that day on, or for those days."),
        (
            Argument("start", _DAY_HELP),
            Argument("note", N_("What happened, in a few words; no personal data.")),
            Option("end", N_("Last day, where it was over then; without it a new level begins."), str, ""),
            Option("kind", kind=NoteKind, default="other"),
            Option("category", _ONLY),
            Option("of_source", _ONLY, flag="--source"),
        ),
    ),
    "annotations list": Command("city.list_notes", _LIST),
    "annotations remove": Command("city.remove_note", _REMOVE, (_listed("annotation", "curim annotations list"),)),
    "meetings add": Command(
        "city.add_meeting",
        N_("Keep a meeting; one on the same day takes the new name."),
        (_DAY, Argument("name", N_("What the meeting is called; nobody's name."), default="")),
    ),
    "meetings list": Command("city.list_meetings", _LIST),
    "meetings remove": Command("city.remove_meeting", _REMOVE, (_DAY,)),
}
GROUPS: Final = {
    "city": N_("The city's profile."),
    "keep": N_("Backups of a home, and what a new version needs."),
    "plan": N_("Intervention plans."),
    "annotations": N_("Notes on the time line: campaigns, versions of the app, breaks in the data."),
    "meetings": N_("The council's meetings: the Briefing tells what changed since the last one."),
}
