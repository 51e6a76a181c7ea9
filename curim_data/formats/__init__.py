"""One module for each export format: how it is recognised, its columns, its values."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final, cast

from curim_data.formats import curim
from curim_data.formats.base import Format

FORMATS: Final = MappingProxyType({form.NAME: form for form in (cast(Format, curim),)})
