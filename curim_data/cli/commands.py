"""The commands of `curim` by name, in the order of its help: in which module each is, and its help.

Only the module of the command that is asked for is loaded: the others would make everybody wait.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from curim_data.model.i18n import N_


class Entry(NamedTuple):
    """The module of a command or of a group of commands, and its help (a message id)."""

    module: str
    help: str


COMMANDS: Final[dict[str, Entry]] = {
    "import": Entry(
        "imports", N_("Import exports: every row is accepted, updated, a duplicate, or quarantined with its reason.")
    ),
    "batches": Entry("batches", N_("List the imports.")),
    "undo": Entry("batches", N_("Undo an import.")),
    "quarantine": Entry("batches", N_("Write the quarantined rows of an import, with reasons, to a CSV file.")),
    "erase": Entry(
        "batches",
        N_("Erase alerts permanently, from all earlier versions too; earlier imports can then not be undone."),
    ),
    "counts": Entry("counts", N_("Count alerts by one or more dimensions.")),
    "hotspots": Entry("hot_spots", N_("Find hot spots: places with more alerts than expected by chance.")),
    "trends": Entry("trends", N_("Show the alerts over time, with their expected range.")),
    "changes": Entry(
        "changes", N_("Show what changed between two periods, place by place, corrected for having looked everywhere.")
    ),
    "brief": Entry("brief", N_("Brief the council: what changed, where, for whom.")),
    "compare": Entry("compare", N_("Find the places where two filters differ more than expected by chance.")),
    "forecast": Entry("forecast", N_("Forecast the next weeks, with the accuracy of such forecasts in the past.")),
    "concentration": Entry(
        "concentration",
        N_("Measure the concentration: how few places hold most alerts, and how few are expected by chance."),
    ),
    "near-repeat": Entry("near_repeat", N_("Test for near repeats.")),
    "quality": Entry(
        "quality",
        N_(
            "Report the quality of the stored alerts: missing values, default coordinates, "
            "precision, delays, duplicates."
        ),
    ),
    "export": Entry("export", N_("Write the cleaned alerts, one a row; all dates unless a period is asked for.")),
    "publish": Entry(
        "publish", N_("Write the alerts and their protected copy into PostgreSQL, for readers with CURIM_ALERTS_URL.")
    ),
    "sample": Entry("export", N_("Write the made-up sample exports to a folder.")),
    "audit": Entry("audit", N_("Show who looked at what and did what, the latest first.")),
    "serve": Entry("serve", N_("Serve the dashboard with several processes behind one address (needs haproxy).")),
    "city": Entry("city", N_("The city's profile.")),
    "plan": Entry("plans", N_("Intervention plans.")),
    "annotations": Entry("notes", N_("Notes on the time line: campaigns, versions of the app, breaks in the data.")),
    "meetings": Entry("meetings", N_("The council's meetings: the Briefing tells what changed since the last one.")),
}
