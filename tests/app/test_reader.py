"""Who reads: an address counts only where the provider says that it is the reader's own."""

from __future__ import annotations

import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from curim_data.model import Role
from pages.parts.frame import reader


class User(dict[str, Any]):
    """A signed-in account with the claims of its provider."""

    is_logged_in = True


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
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, claims: dict[str, Any], setting: str, role: Role | None
) -> None:
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "council"\n', "utf-8")
    monkeypatch.setenv("CURIM_HOME", str(tmp_path))
    monkeypatch.setenv("CURIM_UNVERIFIED_EMAIL", setting)
    monkeypatch.setattr(reader, "sign_in_configured", lambda: True)
    user = User(email="Mayor@city.example", iat=time.time(), **claims)
    monkeypatch.setattr(reader, "st", SimpleNamespace(user=user))
    assert reader.reader() == reader.Reader("mayor@city.example", role)
