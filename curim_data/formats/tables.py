"""Tables that people write in TOML: values of exactly the types named, and what is wrong with them in plain words."""

from __future__ import annotations

import tomllib
from collections.abc import Collection
from typing import Annotated, Any, Final, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic_core import PydanticCustomError

from curim_data.formats.base import MOST_CHARACTERS
from curim_data.model import AgeBand, Gender, ImportProblem, Kind, Message, Status

ROLES: Final = (
    "alert_id", "reported_at", "occurred_from", "occurred_to", "kind", "category", "more_categories", "severity",
    "feeling", "reporter_gender", "affected_gender", "age_band", "status", "resolved_at", "confirmations", "latitude",
    "longitude", "x", "y", "point", "count",
)  # fmt: skip
# Roles whose words stand for a value, and what this may be.
VALUES: Final = {
    "kind": tuple(Kind),
    "status": tuple(Status),
    "age_band": tuple(AgeBand),
    "reporter_gender": tuple(Gender),
    "affected_gender": tuple(Gender),
}
# How a value of another type is written.
_WRITTEN: Final = {
    "string_type": '"…"',
    "bool_type": "true, false",
    "int_type": "1, 2, 3 …",
    "greater_than_equal": "1, 2, 3 …",
    "list_type": "[…]",
    "too_short": "[…]",
    "dict_type": "[…] key = …",
    "model_type": "[…] key = …",
}


class _Table(BaseModel):
    """A table of the file: values of exactly the types named, and no other keys."""

    model_config = ConfigDict(strict=True, frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, values: Any) -> Any:
        for key in values if isinstance(values, dict) else ():
            if key not in cls.model_fields:
                raise PydanticCustomError(
                    "unknown_key", "unknown key", {"key": key, "allowed": ", ".join(cls.model_fields)}
                )
        return values


def one_of(allowed: Collection[str]) -> Any:
    """The type of a text that is one of these."""

    def check(value: str) -> str:
        if value not in allowed:
            raise PydanticCustomError("not_allowed", "not allowed", {"allowed": ", ".join(allowed)})
        return value

    return Annotated[str, AfterValidator(check)]


def table(**fields: Any) -> Any:
    """The model of a table with these fields: type and default."""
    return create_model("Table", __base__=_Table, **fields)


def read(content: bytes, kind: Any, file: str) -> Any:
    """The values of a TOML file of a type, such as a `table`, with its defaults but None.

    ImportProblem names the `file`, and what is wrong first: the key, and what is allowed there.
    """
    try:
        adapter = TypeAdapter(kind)
        return adapter.dump_python(adapter.validate_python(tomllib.loads(content.decode())), exclude_none=True)
    except ValidationError as error:
        wrong = error.errors(include_url=False)[0]
    except (ValueError, RecursionError) as error:
        told = {"file": file, "detail": str(error)}
        raise ImportProblem(Message("{file}: this is not valid TOML: {detail}. Correct it there.", told)) from None
    values = wrong.get("ctx", {})
    path = [part for part in (*wrong["loc"], values.get("key")) if part is not None and not str(part).endswith("]")]
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path)[1:]
    if wrong["type"] == "missing":
        raise ImportProblem(Message("{file}: {key} is missing. Add it.", {"file": file, "key": key}))
    given = "" if "key" in values or "[key]" in wrong["loc"] else f" = {wrong['input']}"[:40]
    values = {"answer": f"{file}: {key}{given}", "allowed": values.get("allowed", _WRITTEN.get(wrong["type"], ""))}
    raise ImportProblem(Message("{answer} is not known. Say one of these: {allowed}.", values))


_HEADINGS: TypeAlias = list[str]
_WAY: Final = Annotated[dict[one_of(("first", "all", "one")), _HEADINGS], Field(min_length=1)]  # type: ignore[misc]
_SCORE: Final = table(needed=(list[_HEADINGS], []), telling=(Annotated[_HEADINGS, Field(min_length=1)], ...))
_WORDS: Final = table(**{role: (dict[one_of(of), list[str]] | None, None) for role, of in VALUES.items()})  # type: ignore[misc]
_FORMAT: Final = table(
    app=(bool, True),
    kind=(one_of(tuple(Kind)) | None, None),
    nature=(one_of(tuple(Kind)) | None, None),
    longest=(int, Field(MOST_CHARACTERS, ge=1)),
    utc=(bool, False),
    skip_hxl=(bool, False),
    separators=(list[str], []),
    roles=(dict[one_of(ROLES), _HEADINGS | _WAY], ...),  # type: ignore[misc]
    aside=(table(**dict.fromkeys(("personal", "text", "unused"), (_HEADINGS, []))) | None, None),
    words=(_WORDS | None, None),
    scores=(Annotated[list[_SCORE], Field(min_length=1)], ...),  # type: ignore[valid-type]
)
# The formats of a file of a home, each as in `known.toml`.
FORMATS: Final = dict[str, _FORMAT]  # type: ignore[valid-type]
