"""Who reads: a session that goes on, an address that the provider says is the reader's own, and a role of today."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa

from curim_data.model import Role
from curim_data.plans.database import Database
from curim_data.plans.record import Deed, Refusal, read_record, recorder
from curim_data.store import Home
from pages.parts.frame import reader
from pages.parts.frame.guard import NotPermitted, _checked, admitting, permitted
from pages.parts.frame.reader import Reader

COUNCIL = Reader("mayor@city.example", Role.COUNCIL)


class User(dict[str, Any]):
    """A signed-in account with the claims of its provider."""

    is_logged_in = True


@pytest.fixture
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
    assert reader.reader() == Reader("mayor@city.example", role, None if role else Refusal.UNVERIFIED)


def test_no_group_helps_an_address_that_is_not_verified(user: User, tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text('[claims.groups]\nsafety = "analyst"\n', "utf-8")
    user["groups"] = ["safety"]
    assert reader.reader() == Reader("mayor@city.example", Role.ANALYST)
    user["email_verified"] = False
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.UNVERIFIED)
    del user["email"]
    assert reader.reader() == Reader("", None, Refusal.UNVERIFIED)


@pytest.mark.usefixtures("user")
def test_roles_are_read_at_every_run(tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    (tmp_path / "roles.toml").write_text("", "utf-8")
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.UNKNOWN)


@pytest.mark.parametrize("issued", [None, "", "soon", 0])
def test_a_token_that_does_not_say_when_it_was_issued_is_old(user: User, issued: object) -> None:
    user["iat"] = issued
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.EXPIRED)


def test_signing_out_ends_this_sign_in_and_no_other(user: User) -> None:
    assert reader.reader() == COUNCIL
    reader.sign_out()
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.SIGNED_OUT)
    user["nonce"] = "of the next sign-in"
    assert reader.reader() == COUNCIL


def noted(folder: Path) -> list[tuple[str, str, str, str, str]]:
    """What the record says, the earliest first, but for the changes of roles."""
    home = Home(folder)
    assert recorder(home).flush(10)
    database = Database(home.plans_url)
    found = read_record(database)
    database.close()
    return [
        (one.deed.value, one.who, one.role, one.subject, one.query)
        for one in reversed(found)
        if one.deed is not Deed.CHANGE
    ]


MAYOR = "mayor@city.example"


@pytest.mark.usefixtures("user")
def test_a_copy_of_the_cookie_that_is_used_after_signing_out_is_recorded(tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    reader.sign_out()
    for _ in range(3):
        assert reader.reader() == Reader(MAYOR, None, Refusal.SIGNED_OUT)
    assert noted(tmp_path)[2:] == [("not_admitted", MAYOR, "", "signed_out", "")]


@pytest.mark.parametrize(
    ("claims", "entry"),
    [
        ({"email": "Stranger@else.example"}, ("not_admitted", "stranger@else.example", "", "unknown", "")),
        ({"email_verified": False}, ("not_admitted", MAYOR, "", "unverified", "")),
        ({"email": None}, ("not_admitted", "", "", "unverified", "")),
        ({"iat": time.time() - 40 * 60}, ("sign_out", MAYOR, "", "idle", "")),
        ({"iat": time.time() - 30 * 86_400}, ("sign_out", MAYOR, "", "expired", "")),
    ],
)
def test_who_is_not_let_in_is_recorded_once_with_the_reason(
    user: User, tmp_path: Path, claims: dict[str, Any], entry: tuple[str, ...]
) -> None:
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


@pytest.mark.usefixtures("user")
def test_whom_the_record_does_not_answer_is_let_in_all_the_same(tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    engine = sa.create_engine(f"sqlite:///{tmp_path}/plans.sqlite")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE record"))
    engine.dispose()
    reader.sign_out()
    assert reader.reader() == Reader(MAYOR, None, Refusal.SIGNED_OUT)


@pytest.mark.usefixtures("user")
def test_nobody_is_let_in_where_sessions_cannot_be_read(tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    engine = sa.create_engine(f"sqlite:///{tmp_path}/plans.sqlite")
    with engine.begin() as connection:
        connection.execute(sa.text("DROP TABLE sign_in"))
    engine.dispose()
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.UNCHECKED)


@pytest.mark.parametrize(
    "text", ["[sign_in]\nidle_minutes = -1", "[sign_in]\nabsolute_hours = 'long'", "sign_in = 3", "="]
)
def test_settings_that_cannot_be_used_leave_the_usual_times(user: User, tmp_path: Path, text: str) -> None:
    (tmp_path / "settings.toml").write_text(text, "utf-8")
    user["iat"] = time.time() - 29 * 60
    assert reader.reader() == COUNCIL
    user.update(iat=time.time() - 31 * 60)
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.IDLE)


def test_a_city_sets_how_long_a_sign_in_lasts(user: User, tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text("[sign_in]\nidle_minutes = 10\nabsolute_hours = 1", "utf-8")
    user["iat"] = time.time() - 11 * 60
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.IDLE)
    user["iat"] = time.time() - 61 * 60
    assert reader.reader() == Reader("mayor@city.example", None, Refusal.EXPIRED)


@pytest.mark.usefixtures("user")
def test_a_button_hands_out_a_file_only_to_who_still_has_the_role(tmp_path: Path) -> None:
    assert reader.reader() == COUNCIL
    make = _checked(lambda: b"file", "file.csv")
    assert make() == b"file"
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "analyst"\n', "utf-8")
    assert make() == b"file"
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "public"\n', "utf-8")
    with pytest.raises(NotPermitted):
        make()
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "council"\n', "utf-8")
    reader.sign_out()
    with pytest.raises(NotPermitted):
        make()


@pytest.mark.usefixtures("user")
def test_what_a_button_does_is_not_done_for_who_lost_the_role(tmp_path: Path) -> None:
    done: list[int] = []
    act = permitted(Role.COUNCIL, done.append)
    act(1)
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "public"\n', "utf-8")
    act(2)
    assert done == [1]


@pytest.mark.usefixtures("user")
def test_a_part_that_is_drawn_alone_makes_the_page_run_for_who_lost_the_role(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Rerun(Exception):
        pass

    def rerun() -> None:
        raise Rerun

    drawn: list[int] = []
    monkeypatch.setattr("pages.parts.frame.guard.st.rerun", rerun)
    draw = admitting(drawn.append)
    draw(1)
    draw(2)
    (tmp_path / "roles.toml").write_text("", "utf-8")
    with pytest.raises(Rerun):
        draw(3)
    assert drawn == [1, 2]


def test_without_sign_in_the_reader_is_the_analyst_here_and_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    monkeypatch.setattr(reader, "sign_in_configured", lambda: False)
    assert reader.reader() == Reader("", Role.ANALYST)
    assert _checked(lambda: b"file", "file.csv")() == b"file"
    assert list(tmp_path.iterdir()) == []


def test_files_are_handed_out_by_the_one_button_that_asks_who_the_reader_is() -> None:
    pages = Path(reader.__file__).parents[2]
    direct = [file.name for file in pages.rglob("*.py") if "st.download_button(" in file.read_text("utf-8")]
    assert direct == ["guard.py"]
