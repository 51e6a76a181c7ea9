"""Who reads, and what that reader may see."""

from __future__ import annotations

import tomllib
from enum import IntEnum, StrEnum
from pathlib import Path


class Audience(StrEnum):
    """For whom a number is meant. `privacy` knows each one's threshold."""

    ANALYST = "analyst"
    SPECIALIST = "specialist"
    COUNCIL = "council"
    PUBLIC = "public"


class Role(IntEnum):
    """What a reader may do; each role includes the ones before it."""

    COUNCIL = 1
    SPECIALIST = 2
    ANALYST = 3

    @property
    def audience(self) -> Audience:
        """For whom the numbers on this reader's pages are made."""
        return Audience[self.name]


def read_roles(file: Path) -> dict[str, Role]:
    """Roles by e-mail address (lower case) from a file of lines `"name@city.gr" = "council"`.

    A file that is missing gives nobody a role; one that cannot be read raises ValueError with the line to mend.
    """
    if not file.exists():
        return {}
    try:
        entries = tomllib.loads(file.read_text("utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise ValueError(f"{file} is not valid TOML: {error}") from error
    known = {role.name.lower(): role for role in Role}
    for address, name in entries.items():
        if name not in known:
            raise ValueError(f"{file}: the role of {address} is {name!r}; use one of {', '.join(known)}")
    return {address.strip().lower(): known[name] for address, name in entries.items()}
