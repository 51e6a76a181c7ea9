"""Disclosure control: what an audience may ask, and how small counts are protected before they leave `curim_data`.

Public: `authorise`, `check`, `protect`, `protect_number`, `suppress_whole`, `Protected`, `Whole`, `DisclosureError`;
`threshold`, `threshold_rule`, `finest_resolution`, `sees_exact`, `is_sensitive`, `sensitive_categories`,
`bounded_by_threshold` and more.
"""

from curim_data.privacy.disclosure import (
    BAND_HOURS,
    CATEGORIES,
    FLOOR_SENSITIVE,
    K_ORDINARY,
    K_SENSITIVE,
    DisclosureError,
    Protected,
    Rule,
    Whole,
    authorise,
    check,
    finest_resolution,
    is_fine_table,
    is_sensitive,
    protect,
    protect_number,
    sees_exact,
    suppress_whole,
    threshold,
)
from curim_data.privacy.sensitive import is_sensitive_category, sensitive_categories
from curim_data.privacy.thresholds import (
    bounded_by_threshold,
    kinds_of_categories,
    nested_dimensions,
    threshold_rule,
)
