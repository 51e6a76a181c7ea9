"""Short names for the expressions of the engine. Ibis and Arrow ship no type information that a checker could use."""

from __future__ import annotations

from typing import Any, TypeAlias

IbisTable: TypeAlias = Any  # ibis.expr.types.Table
IbisColumn: TypeAlias = Any  # ibis.expr.types.Column
IbisBoolean: TypeAlias = Any  # ibis.expr.types.BooleanValue
