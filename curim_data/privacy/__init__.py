"""Disclosure control: what an audience may ask, and how small counts are protected before they leave `curim_data`.

Public: `admit`, `check`, `protect`, `protect_number`, `veil`, `threshold`, `finest_resolution`, `sees_exact`,
`Protected`, `GateError`; `sensitive_categories`, `is_sensitive_category`. `suppression` chooses the counts to withhold.
"""

from curim_data.privacy._disclosure import (
    BAND_HOURS,
    CATEGORIES,
    FLOOR_SENSITIVE,
    K_ORDINARY,
    K_SENSITIVE,
    GateError,
    Protected,
    Rule,
    admit,
    check,
    finest_resolution,
    is_fine_table,
    is_sensitive,
    protect,
    protect_number,
    sees_exact,
    threshold,
    veil,
)
from curim_data.privacy.sensitive import is_sensitive_category, sensitive_categories

__all__ = [
    "BAND_HOURS",
    "CATEGORIES",
    "FLOOR_SENSITIVE",
    "K_ORDINARY",
    "K_SENSITIVE",
    "GateError",
    "Protected",
    "Rule",
    "admit",
    "check",
    "finest_resolution",
    "is_fine_table",
    "is_sensitive",
    "is_sensitive_category",
    "protect",
    "protect_number",
    "sees_exact",
    "sensitive_categories",
    "threshold",
    "veil",
]
