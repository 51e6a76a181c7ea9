"""Who reads: a session that goes on, an address that the provider says is the reader's own, and a role of today."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curim_data.model import Role
from curim_data.plans.record import Deed, Refusal
from curim_data.store import Home
from pages.parts.frame import reader
from pages.parts.frame.guard import NotPermitted, _checked, admitting, permitted
from pages.parts.frame.reader import Reader
from tests.app.conftest import MAYOR, Rerun, User, recorded

COUNCIL = Reader(MAYOR, Role.COUNCIL)


@pytest.fixture(autouse=True)
def user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[User]:
    """A verified account of the council in a browser."""
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "council"\n', "utf-8")
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    monkeypatch.delenv("CURIM_PLANS_URL", raising=False)
    monkeypatch.delenv("CURIM_UNVERIFIED_EMAIL", raising=False)
    monkeypatch.setattr(reader, "sign_in_configured", lambda: True)
    account = User(email="Mayor@city.example", email_verified=True, iat=time.time(), nonce="n", iss="i", sub="s")
    monkeypatch.setattr(reader, "st", SimpleNamespace(user=account, logout=lambda: None))
    yield account
    reader._opened.cache_clear()


@pytest.mark.parametrize(
    ("claims", "setting", "role"),
    [
        ({"email_verified": True}, "", Role.COUNCIL),
        ({"email_verified": "true"}, "", Role.COUNCIL),
        ({"email_verified": False}, "", None),
        ({"email_verified": "false"}, "", None),
        ({}, "", None),
        ({}, "accept", Role.COUNCIL),
        ({"email_verified": False}, "accept", None),
        ({"email_verified": "no"}, "accept", None),
    ],
)
def test_only_a_verified_address_has_its_role(
    user: User, monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], setting: str, role: Role | None
) -> None:
    monkeypatch.setenv("CURIM_UNVERIFIED_EMAIL", setting)
    del user["email_verified"]
    user.update(claims)
    assert reader.reader() == Reader(MAYOR, role, None if role else Refusal.UNVERIFIED)


def test_no_group_helps_an_unverified_address_and_roles_are_read_at_every_run(user: User, tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text('[claims.groups]\nsafety = "analyst"\n', "utf-8")
    user["groups"] = ["safety"]
    assert reader.reader() == Reader(MAYOR, Role.ANALYST)
    user["email_verified"] = False
    assert reader.reader() == Reader(MAYOR, None, Refusal.UNVERIFIED)
    del user["email"]
    assert reader.reader() == Reader("", None, Refusal.UNVERIFIED)
    user.update(email=MAYOR, email_verified=True)
    (tmp_path / "roles.toml").write_text("", "utf-8")
    assert reader.reader() == Reader(MAYOR, None, Refusal.UNKNOWN)


def noted(folder: Path) -> list[tuple[str, str, str, str, str]]:
    """What the record says, the earliest first, but for the changes of roles."""
    found = [one for one in recorded(Home(folder)) if one.deed is not Deed.CHANGE]
    return [(one.deed.value, one.who, one.role, one.subject, one.query) for one in found]


def test_signing_out_ends_this_sign_in_alone_and_a_later_use_of_it_is_recorded(user: User, tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    reader.sign_out()
    for _ in range(3):
        assert reader.reader() == Reader(MAYOR, None, Refusal.SIGNED_OUT)
    assert noted(tmp_path)[2:] == [("not_admitted", MAYOR, "", "signed_out", "")]
    user["nonce"] = "of the next sign-in"
    assert reader.reader() == COUNCIL


@pytest.mark.parametrize(
    ("claims", "entry"),
    [
        ({"email": "Stranger@else.example"}, ("not_admitted", "stranger@else.example", "", "unknown", "")),
        ({"email_verified": False}, ("not_admitted", MAYOR, "", "unverified", "")),
        ({"email": None}, ("not_admitted", "", "", "unverified", "")),
        *(({"iat": issued}, ("sign_out", MAYOR, "", "expired", "")) for issued in (None, "", "soon", 0)),
        ({"iat": time.time() - 40 * 60}, ("sign_out", MAYOR, "", "idle", "")),
        ({"iat": time.time() - 30 * 86_400}, ("sign_out", MAYOR, "", "expired", "")),
    ],
)
def test_a_refusal_is_recorded_once(user: User, tmp_path: Path, claims: dict[str, Any], entry: tuple[str, ...]) -> None:
    user.update(claims, name="Somebody", picture="https://id.example/face")
    for _ in range(3):
        found = reader.reader()
        assert found is not None
        assert found.role is None
    assert noted(tmp_path) == [entry]


def test_who_signs_out_without_a_role_is_recorded_without_one(user: User, tmp_path: Path) -> None:
    user["email_verified"] = False
    reader.sign_out()
    assert noted(tmp_path) == [("sign_out", MAYOR, "", "", "")]


@pytest.mark.parametrize(("table", "refusal"), [("record", Refusal.SIGNED_OUT), ("sign_in", Refusal.UNCHECKED)])
def test_without_record_a_session_ends_and_without_sessions_none_begins(
    tmp_path: Path, table: str, refusal: Refusal
) -> None:
    assert reader.reader() == COUNCIL
    assert noted(tmp_path)  # the record is open by now: it makes tables that are missing
    with sqlite3.connect(tmp_path / "plans.sqlite") as connection:
        connection.execute(f"DROP TABLE {table}")
    if table == "record":
        reader.sign_out()
    assert reader.reader() == Reader(MAYOR, None, refusal)


SHORT = "[sign_in]\nidle_minutes = 10\nabsolute_hours = 1"
UNUSABLE = ("[sign_in]\nidle_minutes = -1", "[sign_in]\nabsolute_hours = 'long'", "sign_in = 3", "=")
USUAL = [(text, minutes, refusal) for text in UNUSABLE for minutes, refusal in ((29, None), (31, Refusal.IDLE))]


@pytest.mark.parametrize(
    ("text", "minutes", "refusal"), [(SHORT, 11, Refusal.IDLE), (SHORT, 61, Refusal.EXPIRED), *USUAL]
)
def test_a_city_sets_how_long_a_session_is(
    user: User, tmp_path: Path, text: str, minutes: int, refusal: Refusal | None
) -> None:
    (tmp_path / "settings.toml").write_text(text, "utf-8")
    user["iat"] = time.time() - minutes * 60
    assert reader.reader() == (Reader(MAYOR, None, refusal) if refusal else COUNCIL)


@pytest.mark.usefixtures("reruns")
def test_a_button_a_file_and_a_part_are_only_for_who_still_has_the_role(tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    done: list[int] = []
    act, draw, make = permitted(Role.COUNCIL, done.append), admitting(done.append), _checked(lambda: b"file", "a.csv")
    act(1)
    draw(2)
    draw(3)
    assert make() == b"file"
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "analyst"\n', "utf-8")
    assert make() == b"file"
    for role in ("public", ""):
        (tmp_path / "roles.toml").write_text(f'"mayor@city.example" = "{role}"\n' if role else "", "utf-8")
        act(4)
        with pytest.raises(Rerun):
            draw(5)
        with pytest.raises(NotPermitted):
            make()
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "council"\n', "utf-8")
    reader.sign_out()
    with pytest.raises(NotPermitted):
        make()
    assert done == [1, 2, 3]


def test_without_sign_in_the_reader_is_the_analyst_and_none_is_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "roles.toml").unlink()
    monkeypatch.setattr(reader, "sign_in_configured", lambda: False)
    assert reader.reader() == Reader("", Role.ANALYST)
    assert _checked(lambda: b"file", "file.csv")() == b"file"
    assert list(tmp_path.iterdir()) == []


def test_files_are_handed_out_by_the_one_button_that_asks_who_the_reader_is() -> None:
    pages = Path(reader.__file__).parents[2]
    direct = [file.name for file in pages.rglob("*.py") if "st.download_button(" in file.read_text("utf-8")]
    assert direct == ["guard.py"]
