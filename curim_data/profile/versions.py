"""Versions of a city's profile: a change makes a new one, and every stored alert goes with it in one commit.

<home>/city_versions/<version>/   the files of a version, with told.json: when it was made, of what, from which file
<home>/city_versions/next.json    stands while a change is under way

The new version is written first, then all alerts are enriched with it in one commit, then the files in <home>/city are
replaced. A process that is killed before the commit leaves the old profile, one killed after it the new:
`finish_interrupted_change`, which runs before the next command and the next page, completes or drops what was under
way, and says which.
"""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from curim_data.geo.enrichment import enrich
from curim_data.model import SCHEMA, CityProfile, ImportProblem, Message
from curim_data.model.city import FILES, load_city, profile_version
from curim_data.model.prepared import write_whole
from curim_data.model.reasons import Flag
from curim_data.store import Home, Store, locked
from curim_data.store.home import draft_of, read_note, replace_files, try_lock


def reenrich_store(home: Home) -> int:
    """Enrich all stored alerts with the home's current profile, in one commit; returns how many there are."""
    city = home.city()
    return Store(home).rewrite(lambda alerts: reenriched(alerts, city), f"profile {city.version}")


def reenriched(alerts: pa.Table, city: CityProfile) -> pa.Table:
    """Alerts (`alert.SCHEMA`) with the columns, the version and the flags that belong to this profile."""
    fresh = enrich(alerts, city)
    profile = {
        Flag.OUTSIDE_CITY.value: [inside is False for inside in fresh["inside"].to_pylist()],
        Flag.UNKNOWN_CATEGORY.value: [
            any(name not in city.categories for name in (first, *(more or ())))
            for first, more in zip(fresh["category"].to_pylist(), fresh["more_categories"].to_pylist(), strict=True)
        ],
    }
    kept = ([flag for flag in flags or () if flag not in profile] for flags in fresh["flags"].to_pylist())
    flags = [
        [*old, *(flag for flag, raised in zip(profile, marks, strict=True) if raised)]
        for old, *marks in zip(kept, *profile.values(), strict=True)
    ]
    version = pa.array([city.version] * fresh.num_rows, pa.string())
    made = {
        "kind": _kinds(fresh, city),
        "flags": pa.array(flags, SCHEMA.field("flags").type),
        "profile_version": version,
    }
    for name, column in made.items():
        fresh = fresh.set_column(fresh.schema.get_field_index(name), SCHEMA.field(name), column)
    return fresh


def _kinds(alerts: pa.Table, city: CityProfile) -> Any:
    """The kinds of the city's category list; one that the source gave stays, as the hash of the content shows, and
    so does that of a category which the list does not hold."""
    from curim_data.store.writing import content_hashes  # what only reads does not wait for what writes

    more = pc.binary_join(alerts["more_categories"], "|")
    without = content_hashes(alerts, pa.nulls(alerts.num_rows, pa.string()), more)
    ids, kinds = pa.array(list(city.categories), pa.string()), [one.kind for one in city.categories.values()]
    listed = pa.array(kinds, pa.string()).take(pc.index_in(alerts["category"], ids))
    return pc.coalesce(pc.if_else(pc.equal(without, alerts["content_hash"]), listed, None), alerts["kind"])


RECORD: Final = "told.json"
NEXT: Final = "next.json"
LOCK: Final = "city.lock"
FIRST: Final = "first"

WHAT_WORDS: Final = {
    FIRST: Message("As it was before the first change"),
    "districts": Message("Districts"),
    "land": Message("Study area"),
    "population": Message("Population"),
    "landmarks": Message("Landmarks"),
    "streets": Message("Streets"),
    "helplines": Message("Help lines"),
    "categories": Message("Categories"),
    "names": Message("Name, time zone, coordinate system"),
    "least_counts": Message("Smallest counts shown"),
    "confirmed": Message("Accepted as the city's own"),
    "restored": Message("An earlier version given back"),
}


@dataclass(frozen=True)
class Version:
    """A kept version: its id, when it was made (UTC), what was changed (`WHAT_WORDS`), from which file."""

    id: str
    when: dt.datetime
    what: str
    file: str
    current: bool


@dataclass(frozen=True)
class ProfileChange:
    """A change that was made: the version before it, the one after it (the same where nothing changed), the alerts."""

    before: str
    version: str
    alerts: int


def versions_folder(home: Home) -> Path:
    """Where the versions of a home's profile are kept."""
    return home.path / "city_versions"


def versions(home: Home) -> list[Version]:
    """All versions, the newest first; the one in use is marked, also where files were changed by hand."""
    current = profile_version(home.city_folder)
    found = {
        path.name: _version(path.name, path / RECORD, current)
        for path in versions_folder(home).glob("*")
        if (path / RECORD).exists() and not path.name.startswith("part-")
    }
    if current not in found:
        when = max((home.city_folder / name).stat().st_mtime for name in FILES if (home.city_folder / name).exists())
        found[current] = Version(current, dt.datetime.fromtimestamp(when, dt.UTC), FIRST, "", True)
    return sorted(found.values(), key=lambda version: (version.current, version.when), reverse=True)


def _version(key: str, record: Path, current: str) -> Version:
    entry = json.loads(record.read_text("utf-8"))
    return Version(key, dt.datetime.fromisoformat(entry["when"]), entry["what"], entry["file"], key == current)


def change_profile(home: Home, edit: Callable[[Path, CityProfile], None], what: str, file: str = "") -> ProfileChange:
    """Change the profile: a copy of its files is edited, becomes the new version, and the alerts follow.

    Parameters
    ----------
    edit : callable (folder, city)
        Changes the files in the folder, a copy of the profile `city`. What it raises leaves everything as it was.
    what, file : str
        For the list of versions: a key of `WHAT_WORDS`, and the name of the file that was given.

    Raises
    ------
    ProfileError, ImportProblem, StoreError
        Where the new files are not a profile, the edit refuses, or the alerts cannot be written; nothing is changed.
    """
    with locked(home.path / LOCK):
        _heal(home)
        for left in versions_folder(home).glob("part-*"):  # by a change that was cut short
            shutil.rmtree(left, ignore_errors=True)
        before = profile_version(home.city_folder)
        city = load_city(home.city_folder)
        part = _part(home)
        try:
            edit(part, city)
            after = load_city(part).version
            if after == before:
                return ProfileChange(before, before, 0)
            _keep(home, part, after, what, file)
        finally:
            shutil.rmtree(part, ignore_errors=True)
        if not (versions_folder(home) / before).exists():
            part = _part(home)
            made = (home.city_folder / "city.toml").stat().st_mtime
            _keep(home, part, before, FIRST, "", when=dt.datetime.fromtimestamp(made, dt.UTC))
        return ProfileChange(before, after, _put(home, before, after))


def restore_version(home: Home, version: str) -> ProfileChange:
    """Give back a kept version (its id, or a beginning that only one has). ImportProblem where there is none."""
    matching = [known.id for known in versions(home) if version and known.id.startswith(version)]
    if len(matching) != 1 or not (versions_folder(home) / matching[0]).is_dir():
        raise ImportProblem(
            Message(
                "There is no version {version} of this profile: “curim city versions” lists them.", {"version": version}
            )
        )
    return change_profile(
        home, lambda target, _: replace_files(versions_folder(home) / matching[0], target), "restored"
    )


def stale_count(home: Home) -> int:
    """How many stored alerts were enriched with another profile than the one in use; `reenrich_store` updates them."""
    made = Store(home).read(["profile_version"])["profile_version"]
    return int(pc.sum(pc.not_equal(made, profile_version(home.city_folder))).as_py() or 0)


def finish_interrupted_change(home: Home) -> Message | None:
    """Finish or forget a change that was cut short, and say which; None where there was none, or it still runs."""
    if not (versions_folder(home) / NEXT).exists():
        return None
    with (home.path / LOCK).open("a") as lock:
        return _heal(home) if try_lock(lock) else None


def _heal(home: Home) -> Message | None:
    entry = read_note(versions_folder(home) / NEXT)
    if not entry:
        return None
    made = Store(home).read(["profile_version"])["profile_version"]
    moved = pc.sum(pc.equal(made, entry["to"])).as_py() or 0
    if moved * 2 <= len(made):
        (versions_folder(home) / NEXT).unlink()
        return Message(
            "A change of the city's profile was cut short and had no effect: version {version} stays in use.",
            {"version": profile_version(home.city_folder)},
        )
    replace_files(versions_folder(home) / entry["to"], home.city_folder)
    (versions_folder(home) / NEXT).unlink()
    return Message(
        "A change of the city's profile was cut short and is finished now: version {version} is in use.",
        {"version": entry["to"]},
    )


def _put(home: Home, before: str, after: str) -> int:
    """Enrich the alerts with the new version, then put its files in place."""
    mark = versions_folder(home) / NEXT
    write_whole(mark, lambda part: part.write_text(json.dumps({"from": before, "to": after}), "utf-8"))
    try:
        city = load_city(versions_folder(home) / after)
        store = Store(home)
        count = store.rewrite(lambda alerts: reenriched(alerts, city), f"profile {after}") if store.count() else 0
    except BaseException:
        _heal(home)
        raise
    replace_files(versions_folder(home) / after, home.city_folder)
    mark.unlink()
    return reenrich_store(home) if stale_count(home) else count


def _part(home: Home) -> Path:
    """A copy of the profile's files among the versions."""
    versions_folder(home).mkdir(exist_ok=True)
    return draft_of(home.city_folder, versions_folder(home), "part-")


def _keep(home: Home, part: Path, version: str, what: str, file: str, when: dt.datetime | None = None) -> None:
    """Give a folder of files its place among the versions, unless it is there already."""
    record = {"when": (when or dt.datetime.now(dt.UTC)).isoformat(), "what": what, "file": file}
    target = versions_folder(home) / version
    if target.exists():
        shutil.rmtree(part, ignore_errors=True)
        return
    (part / RECORD).write_text(json.dumps(record), "utf-8")
    part.rename(target)
