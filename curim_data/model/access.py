"""Who reads, and what that reader may see."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Any, Final

EVERYBODY: Final = "*"
NOBODY: Final = "none"


class Audience(StrEnum):
    """For whom a number is meant. `privacy` knows each one's threshold."""

    ANALYST = "analyst"
    SPECIALIST = "specialist"
    COUNCIL = "council"
    PUBLIC = "public"


class Role(IntEnum):
    """What a reader may do; each role includes the ones before it."""

    PUBLIC = 0
    COUNCIL = 1
    SPECIALIST = 2
    ANALYST = 3

    @property
    def audience(self) -> Audience:
        """For whom the numbers on this reader's pages are made."""
        return Audience[self.name]


@dataclass(frozen=True)
class Roles:
    """Who has which role: people by e-mail address (lower case), and by what their identity provider says of them.

    `people`: a role, or None for an address that is to have none; `claims`: by claim and value.
    """

    people: Mapping[str, Role | None] = field(default_factory=dict)
    claims: Mapping[str, Mapping[str, Role]] = field(default_factory=dict)

    def of(self, address: str, claims: Mapping[str, Any]) -> Role | None:
        """The role of a person: the one written for the address, else the highest that a claim gives, else everybody's.

        The line of an address goes before all claims, so that it can also take away what they give.
        """
        if address in self.people and address != EVERYBODY:
            return self.people[address]
        given = [
            values[value] for claim, values in self.claims.items() for value in _said(claims, claim) if value in values
        ]
        return max(given) if given else self.people.get(EVERYBODY)


def read_roles(file: Path) -> Roles:
    """Roles from a TOML file:

        "name@city.example" = "analyst"     # analyst, specialist, council or public; "none": no role, whatever follows
        "*" = "public"                      # everybody else who can sign in
        [claims.groups]                     # by a claim of the identity token; its parts with points: "realm.roles"
        "safety-council" = "council"

    A file that is missing gives nobody a role; one that cannot be read raises ValueError with the line to mend.
    """
    if not file.exists():
        return Roles()
    try:
        entries = tomllib.loads(file.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{file} is not valid TOML: {error}") from error
    tables = entries.pop("claims", {})
    if not isinstance(tables, dict) or not all(isinstance(values, dict) for values in tables.values()):
        raise ValueError(f'{file}: [claims] holds tables such as [claims.groups] with lines "group" = "council"')
    people = {name.strip().lower(): _role(file, name, role, nobody=True) for name, role in entries.items()}
    claims = {
        claim: {value: role for value, name in values.items() if (role := _role(file, value, name)) is not None}
        for claim, values in tables.items()
    }
    return Roles(people, claims)


def _role(file: Path, whose: str, name: Any, *, nobody: bool = False) -> Role | None:
    if nobody and name == NOBODY:
        return None
    known = {role.name.lower(): role for role in reversed(Role)}
    if not isinstance(name, str) or name not in known:
        words = [*known, NOBODY] if nobody else list(known)
        raise ValueError(f"{file}: the role of {whose} is {name!r}; use one of {', '.join(words)}")
    return known[name]


def _said(claims: Mapping[str, Any], claim: str) -> list[str]:
    """The texts that a claim holds, itself or as a list; a claim "a.b" is also looked for as "b" inside "a"."""
    found: Any = claims.get(claim)
    if found is None:
        found = claims
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
    return [value for value in (found if isinstance(found, (list, tuple)) else [found]) if isinstance(value, str)]
