"""The keeper of a home: all that it needs as one file, the check of such a file and of the home itself, and the way
back.

A backup is a zip archive with the files of the home, the database of its plans as SQLite whatever database that is,
and a manifest: for each file its size, its SHA-256 and the earlier backup that holds it, if one does, and what the home
held by its own count. What is worked out anew, locks and the sample are not in it. It holds alerts, plans and the
secret of the protected copy as they are: it is for the same eyes as the home.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import os
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from typing import Any, Final

import pyarrow.compute as pc
import pyarrow.parquet as pq
import sqlalchemy as sa
from deltalake.exceptions import DeltaError

from curim_data.model import N_, Message, MessageError
from curim_data.model.city import ProfileError, profile_version
from curim_data.model.prepared import FOLDER as PREPARED
from curim_data.plans.database import Base, Database, broken_seals, has_mark, last_mark
from curim_data.store import Home, Store, StoreError
from curim_data.store.alert_table import remove_interrupted
from curim_data.store.commits import DRAWN_ANEW, SECRET, ErasedList, damage, secret_mark
from curim_data.store.erase import erase, finish_erasure
from curim_data.store.home import locked, try_lock
from curim_data.store.secret import make_secret, recorded_mark, secret
from curim_data.store.writing import write_alerts

MANIFEST: Final = "manifest.json"
PLANS: Final = "plans.sqlite"
FORM: Final = 1  # of the manifest
_LEFT_OUT: Final = frozenset({PREPARED, "work", "sample"})
_CHUNK: Final = 5_000  # rows of the plans' database at once
_BROKEN: Final = {
    "change": N_("The history of plans was changed past the program (rows: {n}): compare it with a backup."),
    "record": N_("The record of who looked was changed past the program (rows: {n}): compare it with a backup."),
}


class KeepError(MessageError, RuntimeError):
    """A backup that cannot be made, is damaged, or may not be restored there; `message` says which, and what to do."""


@dataclass(frozen=True)
class Backup:
    """A backup that was made, checked or restored: what the home held, and how many files are stored in it."""

    holds: Mapping[str, Any]
    files: int
    stored: int


def contents(home: Home, plans_url: str) -> dict[str, Any]:
    """What a home holds by its own count: alerts, their version, imports, fingerprints of profile and secret, and the
    rows of each table of its plans.
    """
    store, database = Store(home), Database(plans_url)
    with database.reading() as connection:
        count = {
            table.name: connection.scalar(sa.select(sa.func.count()).select_from(table))
            for table in Base.metadata.sorted_tables
        } | {"sealed": last_mark(connection)}
    database.close()
    held = {"alerts": store.count(), "version": store.alerts_version(), "imports": len(store.batches())}
    return held | {"profile": profile_version(home.city_folder), "secret": secret_mark(home.path), **count}


def backup(home: Home, file: Path, after: Path | None = None) -> Backup:
    """Write a home into a file, which appears whole or not at all; imports wait meanwhile, readers do not.

    `after`: an earlier backup in the same folder, whose files are not stored again.
    """
    if file.exists():
        raise KeepError(Message("{file} is there already: name another file.", {"file": str(file)}))
    if after is not None and after.resolve().parent != file.resolve().parent:
        raise KeepError(Message("{file} has to lie in the folder of the new backup.", {"file": str(after)}))
    known = _manifest(after)["files"] if after is not None else {}
    finish_erasure(home)
    part = file.with_name(f".{file.name}.part")
    with _held(home), tempfile.TemporaryDirectory() as folder:
        plans = Path(folder) / PLANS
        copy_database(home.plans_url, f"sqlite:///{plans}")
        found = {path.relative_to(home.path).as_posix(): path for path in _files(home)}
        held, stored = contents(home, f"sqlite:///{plans}"), 0
        try:
            with os.fdopen(os.open(part, os.O_RDWR | os.O_CREAT | os.O_TRUNC, 0o600), "w+b") as out:
                files: dict[str, Any] = {}
                with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                    for name, path in sorted((found | {PLANS: plans}).items()):
                        digest, earlier = _digest(path), known.get(name, {})
                        here = earlier.get("sha256") != digest
                        if here:
                            packed = zipfile.ZIP_STORED if path.suffix == ".parquet" else None
                            archive.write(path, name, packed)
                            stored += 1
                        within = "" if here else earlier["in"] or after.name if after is not None else ""
                        files[name] = {"sha256": digest, "bytes": path.stat().st_size, "in": within}
                    made = dt.datetime.now(dt.UTC).isoformat(timespec="seconds")
                    told = {
                        "form": FORM,
                        "program": version("curim-dashboard"),
                        "made": made,
                        "holds": held,
                        "files": files,
                    }
                    archive.writestr(MANIFEST, json.dumps(told))
                out.flush()
                os.fsync(out.fileno())
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)
    return Backup(held, len(files), stored)


@contextlib.contextmanager
def _held(home: Home) -> Iterator[None]:
    """Keep writers of alerts, of the profile and of protected copies out."""
    with locked(home.lock), locked(home.copying), locked(home.path / "city.lock"):
        yield


def _files(home: Home) -> Iterator[Path]:
    """The files that a home needs."""
    for path in sorted(home.path.rglob("*")):
        first = path.relative_to(home.path).parts[0]
        aside = first in _LEFT_OUT or first.startswith(PLANS) or path.name.startswith(".")
        if path.is_file() and not aside and path.suffix != ".lock" and path.name != "lock":
            yield path


def _digest(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def copy_database(source: str, target: str) -> None:
    """Copy all rows of a database of plans into another one that has none."""
    one, other = Database(source), Database(target)
    try:
        with one.reading() as rows, other.session() as session:
            for table in Base.metadata.sorted_tables:
                for some in rows.execute(sa.select(table)).mappings().partitions(_CHUNK):
                    session.execute(sa.insert(table), [dict(row) for row in some])
                if session.get_bind().dialect.name == "postgresql" and table.autoincrement_column is not None:
                    key = table.autoincrement_column
                    drawn = sa.func.pg_get_serial_sequence(table.name, key.name)
                    session.execute(sa.select(sa.func.setval(drawn, sa.func.max(key) + 1, False)).select_from(table))
    finally:
        one.close()
        other.close()


def _manifest(file: Path) -> dict[str, Any]:
    """The manifest of a backup; KeepError where the file is none."""
    try:
        with zipfile.ZipFile(file) as archive:
            told = json.loads(archive.read(MANIFEST))
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        raise KeepError(Message("{file} is no backup of a home, or is damaged.", {"file": str(file)})) from None
    if told.get("form") != FORM:
        raise KeepError(Message("{file} was made by a later version of the program.", {"file": str(file)}))
    return dict(told)


def verify_backup(file: Path) -> Backup:
    """Open a backup as restoring would, in a folder of its own, and compare each file and what they hold."""
    with _aside(file.resolve().parent) as folder:
        return _unpack(file, Home(folder / "home"))


def restore(file: Path, home: Home, erased_in: Path | None = None) -> Backup:
    """Give a backup back as a home that holds nothing yet; nothing is there until all was compared.

    `erased_in`: the home that it takes the place of, if its list of erased alerts is left: what was erased after the
    backup is erased again.
    """
    if home.has_city() or Store(home).batches() or (home.path / PLANS).exists():
        raise KeepError(
            Message("{home} holds a home already: name another folder with --home.", {"home": str(home.path)})
        )
    own = Home(home.path).plans_url
    here = f"sqlite:///{home.path / PLANS}"
    home.path.parent.mkdir(parents=True, exist_ok=True)
    with _aside(home.path.parent) as folder:
        made = Home(folder / "home")
        found = _unpack(file, made)
        if erased_in is not None:
            _erase_again(made, Home(erased_in))
        if own != here:  # the plans live in a database of their own
            copy_database(f"sqlite:///{made.path / PLANS}", own)
            (made.path / PLANS).unlink()
        if not home.path.exists() or not any(home.path.iterdir()):
            made.path.rename(home.path)  # at once
        else:  # what makes it a home comes last
            for entry in sorted(made.path.iterdir(), key=lambda one: one.name == "city"):
                entry.rename(home.path / entry.name)
    return found


@contextlib.contextmanager
def _aside(place: Path) -> Iterator[Path]:
    """A folder for what is unpacked, gone afterwards; those that were left by one that was cut short go before."""
    for left in place.glob(".curim-*/lock"):
        with contextlib.suppress(OSError), left.open("r+", encoding="utf-8") as handle:
            if try_lock(handle):
                shutil.rmtree(left.parent, ignore_errors=True)
    with (
        tempfile.TemporaryDirectory(dir=place, prefix=".curim-") as folder,
        (Path(folder) / "lock").open("w") as handle,
    ):
        try_lock(handle)
        yield Path(folder)


def _unpack(file: Path, home: Home) -> Backup:
    """Unpack a backup, comparing each file with its digest, and the home with what it held."""
    told = _manifest(file)
    damaged = KeepError(Message("{file} is damaged: it does not hold what it says.", {"file": str(file)}))
    home.path.mkdir(mode=0o700, parents=True)
    with contextlib.ExitStack() as stack:
        archives: dict[str, zipfile.ZipFile] = {}
        for name, about in told["files"].items():
            parts, within = PurePosixPath(name).parts, PurePosixPath(about["in"]).name or file.name
            if not parts or ".." in parts or PurePosixPath(name).is_absolute():
                raise damaged
            if within not in archives:
                beside = file.parent / within if within != file.name else file
                if not beside.exists():
                    raise KeepError(Message("{file} needs {other} beside it.", {"file": file.name, "other": within}))
                archives[within] = stack.enter_context(zipfile.ZipFile(beside))
            path = home.path.joinpath(*parts)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                with archives[within].open(name) as packed, _private(path) as out:
                    shutil.copyfileobj(packed, out, 1 << 20)
            except (KeyError, zipfile.BadZipFile):
                raise damaged from None
            if _digest(path) != about["sha256"]:
                raise damaged
    held = contents(home, f"sqlite:///{home.path / PLANS}")
    # A table that the program has got since is not in an earlier backup.
    if {name: held.get(name) for name in told["holds"]} != told["holds"]:
        raise damaged
    return Backup(told["holds"], len(told["files"]), sum(not one["in"] for one in told["files"].values()))


def _private(path: Path) -> Any:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _erase_again(home: Home, former: Home) -> None:
    """Erase what the list of another home says was erased."""
    listed, alerts = ErasedList(former), Store(home).read(["alert_id", "incident_id", "content_hash"])
    if listed.empty or not alerts.num_rows:
        return
    gone = listed.mask(alerts["incident_id"], pc.utf8_ltrim(alerts["content_hash"], "-"))
    if gone.any():
        erase(home, alerts["alert_id"].filter(gone).to_pylist())


def faults(home: Home, mark: str = "") -> list[Message]:
    """What is wrong with a home: files that are missing or cut off, sums that do not add up, a secret that is not the
    one that its log names, a changed history or record, and files that others may read. Empty where all is well.

    `mark`: one of the chain over history and record, as it was told earlier and kept elsewhere.
    """
    found = [message for check in (_profile_faults, _alert_faults) for message in check(home)]
    found += _plan_faults(home, mark)
    open_ones = [path for path in (home.path, *_files(home)) if stat.S_IMODE(path.stat().st_mode) & 0o077]
    if stat.S_IMODE(home.path.stat().st_mode) & 0o077 and open_ones:
        found.append(
            Message(
                "Others on this computer may read the folder {home}: “curim keep upgrade” closes it.",
                {"home": str(home.path)},
            )
        )
    return found


def _profile_faults(home: Home) -> Iterator[Message]:
    try:
        home.city()
    except (ProfileError, OSError) as error:
        yield Message("The profile of the city cannot be read: {why}", {"why": str(error)})


def _alert_faults(home: Home) -> Iterator[Message]:
    store = Store(home)
    try:
        for name in store.files():
            if not Path(name).exists() or pq.ParquetFile(name).scan_contents() < 0:
                yield Message("{file} is missing: give back a backup of the home.", {"file": Path(name).name})
        for batch in store.batches():
            if batch.read != batch.accepted + batch.updated + batch.duplicate + batch.quarantined:
                yield Message("The rows of the import {batch} do not add up.", {"batch": batch.id})
        ErasedList(home)
        if store.count():
            secret(home)
    except StoreError as error:
        yield error.message
    except (OSError, DeltaError, ValueError) as error:
        yield damage(error) or Message("The alerts cannot be read: {why}", {"why": str(error)})


def _plan_faults(home: Home, mark: str) -> Iterator[Message]:
    try:
        with Database(home.plans_url).reading() as rows:
            for table in Base.metadata.sorted_tables:
                for _ in rows.execute(sa.select(table)).partitions(_CHUNK):
                    pass
            for name, n in broken_seals(rows).items():
                yield Message(_BROKEN[name], {"n": n})
            if mark and not has_mark(rows, mark):
                yield Message("The mark {mark} is not in the chain of history and record.", {"mark": mark})
    except (sa.exc.SQLAlchemyError, ValueError) as error:
        yield damage(error) or Message("The plans cannot be read: {why}", {"why": str(error)})


def upgrade(home: Home) -> None:
    """Bring a home of an earlier version up to date: what was cut short is finished, tables that are new are made, the
    log names the secret, and nobody else may read the folder. Each step may be done again.
    """
    finish_erasure(home)
    remove_interrupted(home)
    Database(home.plans_url).close()
    close_folder(home)
    table = Store(home).table()
    if table is not None and Store(home).count() and not recorded_mark(home):
        secret(home)
        with locked(home.lock):
            write_alerts(table, [], {"upgrade": version("curim-dashboard")})


def close_folder(home: Home) -> None:
    """Let nobody else read the folder of a home, or a file in it."""
    home.path.chmod(0o700)
    for path in home.path.rglob("*"):
        with contextlib.suppress(FileNotFoundError):  # a result that was just taken away
            path.chmod(0o700 if path.is_dir() else 0o600)


def draw_anew(home: Home, new: bytes = b"") -> None:
    """Forget all that was drawn, and the secret; the next opening draws with a `new` one, or one that is made here.

    Who kept what the earlier copy told can lay it beside the new one. Nothing of the alerts changes.
    """
    folder = (home.path / SECRET).parent
    with locked(home.lock), locked(home.copying):
        shutil.rmtree(folder, ignore_errors=True)
        for kept in (home.path / PREPARED).rglob("*"):
            if kept.is_file():
                kept.unlink(missing_ok=True)
        make_secret(home.path / SECRET, new)
        if (table := Store(home).table()) is not None:
            write_alerts(table, [], {DRAWN_ANEW: dt.datetime.now(dt.UTC).isoformat()})
