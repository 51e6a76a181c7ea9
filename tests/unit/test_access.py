"""Roles: by address, by what the provider says, for everybody; and files that cannot be read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from curim_data.model import Role
from curim_data.model.access import Roles, read_roles

FILE = """
"Mayor@City.example" = "council"
"gone@city.example" = "none"
"*" = "public"
[claims.groups]
"safety-analysts" = "analyst"
"safety-council" = "council"
[claims."realm_access.roles"]
"urban" = "specialist"
"""


@pytest.fixture
def roles(tmp_path: Path) -> Roles:
    file = tmp_path / "roles.toml"
    file.write_text(FILE, "utf-8")
    return read_roles(file)


@pytest.mark.parametrize(
    ("address", "claims", "role"),
    [
        ("mayor@city.example", {}, Role.COUNCIL),
        ("mayor@city.example", {"groups": ["safety-analysts"]}, Role.COUNCIL),
        ("gone@city.example", {"groups": ["safety-analysts"]}, None),
        ("new@city.example", {}, Role.PUBLIC),
        ("new@city.example", {"groups": ["others", "safety-council", "safety-analysts"]}, Role.ANALYST),
        ("new@city.example", {"groups": "safety-council"}, Role.COUNCIL),
        ("new@city.example", {"groups": {"safety-council": True}}, Role.PUBLIC),
        ("new@city.example", {"groups": [["safety-analysts"], None, 3]}, Role.PUBLIC),
        ("new@city.example", {"groups": "safety-council,safety-analysts"}, Role.PUBLIC),
        ("new@city.example", {"realm_access": {"roles": ["urban"]}}, Role.SPECIALIST),
        ("new@city.example", {"realm_access.roles": ["urban"]}, Role.SPECIALIST),
        ("new@city.example", {"realm_access": ["urban"]}, Role.PUBLIC),
        ("*", {}, Role.PUBLIC),
    ],
)
def test_who_has_which_role(roles: Roles, address: str, claims: dict[str, Any], role: Role | None) -> None:
    assert roles.of(address, claims) is role


def test_without_a_line_for_everybody_nobody_else_has_a_role(tmp_path: Path) -> None:
    (tmp_path / "roles.toml").write_text('"mayor@city.example" = "council"', "utf-8")
    roles = read_roles(tmp_path / "roles.toml")
    assert roles.of("clerk@city.example", {"groups": ["council"]}) is None
    assert roles.of("", {}) is None
    assert read_roles(tmp_path / "missing.toml").of("mayor@city.example", {}) is None


@pytest.mark.parametrize(
    "text",
    [
        '"a@city.example" = "admin"', '"a@city.example" = 3', '"a@city.example" = "Analyst"', 'claims = "analyst"',
        'claims.groups = "analyst"', '[claims.groups]\n"g" = "none"', '[claims.groups]\n"g" = "boss"',
        '"a@city.example" = ',
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_read_lets_nobody_in(tmp_path: Path, text: str) -> None:
    (tmp_path / "roles.toml").write_text(text, "utf-8")
    with pytest.raises(ValueError, match=r"roles\.toml"):
        read_roles(tmp_path / "roles.toml")
