"""The city of a home that has none yet: a provisional profile, made from the first file that is imported."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from curim_data.importing.coordinates import sample_points
from curim_data.importing.decisions import decide
from curim_data.importing.extract import ProfiledExport
from curim_data.model import CityProfile, Message
from curim_data.profile import provisional
from curim_data.store import Home, StoreError, interrupted, locked
from curim_data.store.home import copy_profile


def provisional_city(profiled: ProfiledExport, work: Path, name: str) -> CityProfile:
    """Make a profile from the file's own points; it stays in the working folder until `adopt_city`."""
    request, profile = profiled.request, profiled.profile
    decisions = decide(profile, profiled.layout, None, request.answers, request.name, request.now)
    points = sample_points(profile, decisions.coordinates)
    constant = {decisions.category: profiled.rows} if decisions.category else {}
    categories: Mapping[str, int] = profile.values.get("category") or constant
    label = name or Path(request.name).name.partition(".")[0]
    return provisional.ensure_city(Home(work / interrupted.FIRST), points, categories, label, name or None)


def adopt_city(home: Home, work: Path) -> None:
    """Give the home the city that was made for this file. StoreError where another import has given it another one."""
    made = Home(work / interrupted.FIRST)
    if made.has_city():
        with locked(home.path / "city.lock"):
            if not home.has_city():
                copy_profile(made.city_folder, home.city_folder)
        if home.city().version != made.city().version:
            raise StoreError(Message("Another import has just given this home its city. Import the file again."))
