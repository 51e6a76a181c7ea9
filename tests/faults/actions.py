"""What is done to a home while things go wrong, and the state of a home as everybody sees it."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path

import pyarrow.parquet as pq

from curim_data.containers import isolation, open_file
from curim_data.importing.pipeline import import_file
from curim_data.keeping import KeepError, backup, faults, restore, verify_backup
from curim_data.model import Plan
from curim_data.plans.plan_store import PlanStore
from curim_data.profile import edit
from curim_data.profile.versions import finish_interrupted_change, reenrich_store
from curim_data.store import Home, Store, StoreError
from curim_data.store.alert_table import remove_interrupted
from curim_data.store.erase import erase, finish_erasure
from curim_data.store.home import create_home

HEADER = "alert_id;reported_at;category;status;latitude;longitude"
ERASED = ("A5", "A170", "A299")

State = tuple[object, ...]


def export(start: int, end: int, status: str = "open") -> bytes:
    """An export of alerts with these numbers, one broken row among them."""
    rows = [
        f"A{n};2025-03-{n % 28 + 1:02d}T10:00;graffiti;{status};37.94{n % 100:02d};23.64{n % 90:02d}"
        for n in range(start, end)
    ]
    return "\n".join([HEADER, *rows, "broken;?;graffiti;;;", ""]).encode()


def make(folder: Path) -> Home:
    """A home with two imports, the second of which changed alerts of the first and added some."""
    home = create_home(folder / "home")
    import_file(home, export(0, 300), "a.csv")
    import_file(home, export(150, 400, "resolved"), "b.csv")
    store = PlanStore(home.plans_url)
    store.create(Plan(title="Lights"), "An office")
    store.close()
    return home


def _import(home: Home) -> None:
    import_file(home, export(100, 700, "closed"), "c.csv")


def _undo(home: Home) -> None:
    Store(home).undo(next(batch.id for batch in Store(home).batches() if batch.file_name == "b.csv"))


def _refresh(home: Home) -> None:
    reenrich_store(home)


def _erase(home: Home) -> None:
    erase(home, ERASED)


def _edit(home: Home) -> None:
    edit.set_names(home, "Another name")


def _plan(home: Home) -> None:
    store = PlanStore(home.plans_url)
    try:
        store.save(replace(store.list()[0], title="Lights on the quay"), "An office")
    finally:
        store.close()


def _backup(home: Home) -> None:
    backup(home, home.path.with_suffix(".zip"))


def _restore(home: Home) -> None:
    restore(home.path / KEPT, Home(home.path.with_suffix(".again")))


KEPT = ".kept.zip"  # a backup within a home: none holds another one
ACTIONS: dict[str, Callable[[Home], None]] = {
    "import": _import,
    "undo": _undo,
    "refresh": _refresh,
    "erase": _erase,
    "profile edit": _edit,
    "plan": _plan,
    "backup": _backup,
    "restore": _restore,
}


def prepare(home: Home, action: str) -> None:
    """What comes before an action: files of the profile that somebody changed by hand, for a refresh; a backup."""
    if action == "refresh":
        (home.city_folder / "landmarks.toml").write_text("", "utf-8")
    if action == "restore":
        backup(home, home.path / KEPT)


def done_before(home: Home, action: str) -> None:
    """The action once more, as a person would try again; one that finds itself done says so."""
    try:
        ACTIONS[action](home)
    except (StoreError, KeepError):
        assert action in ("undo", "erase", "backup", "restore")


def act(telling: Connection, action: str, path: Path) -> None:
    """Do an action in a process of its own, and say when it begins; libraries and readers are there by then."""
    if action == "import":
        isolation.warm_up()
        list(open_file(b"id;what\n1;x\n", "first.csv").blocks())
    telling.send_bytes(b"begun")
    ACTIONS[action](Home(path))


def opened(home: Home) -> None:
    """What the next command or page does first: finish or drop what was cut short."""
    finish_interrupted_change(home)
    remove_interrupted(home)
    finish_erasure(home)


def state(home: Home) -> State:
    """Everything that a home holds: alerts, imports, rows held back, profile, and what was erased."""
    store = Store(home)
    names = {batch.id: batch.file_name for batch in store.batches()}
    alerts = store.read().to_pandas().sort_values("alert_id")
    alerts["batch_id"] = alerts["batch_id"].map(names)
    assert alerts["alert_id"].is_unique
    content = hashlib.sha256(alerts.to_json(orient="records", date_format="iso").encode()).hexdigest()
    imports = tuple(
        (one.file_name, one.read, one.accepted, one.updated, one.duplicate, one.quarantined, one.undone)
        for one in store.batches()
    )
    aside = {
        names.get(path.stem, "of no import"): pq.read_table(path).num_rows for path in home.quarantine.glob("*.parquet")
    }
    listed = home.path / "erased.txt"  # hashes with a key of each home
    erased = len(set(listed.read_text("utf-8").splitlines())) if listed.exists() else 0
    plans = PlanStore(home.plans_url)
    told = [(plan.title, plan.version, len(plans.history(plan.id))) for plan in plans.list()]
    plans.close()
    file, again = home.path.with_suffix(".zip"), Home(home.path.with_suffix(".again"))
    kept = verify_backup(file).files if file.exists() else 0
    given = (again.has_city(), Store(again).count(), faults(again)) if again.path.exists() else ()
    assert not [path for path in home.path.parent.glob(".curim-*") if path.is_dir() and not (path / "lock").exists()]
    return (
        len(alerts),
        content,
        imports,
        json.dumps(aside, sort_keys=True),
        home.city().version,
        erased,
        told,
        kept,
        given,
    )


def copy(home: Home, to: Path) -> Home:
    """A home of one's own with the same content."""
    shutil.copytree(home.path, to)
    return Home(to)
