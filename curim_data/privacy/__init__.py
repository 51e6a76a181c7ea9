"""Disclosure control: what an audience may ask, and which counts are too small to be written out.

Public: `authorise`, `check`, `protect`, `Counted`, `DisclosureError`; `threshold`, `threshold_rule`,
`K_ORDINARY`, `K_SENSITIVE` (its floors); `WrittenCounts`, `COUNT_COLUMNS`, `FEWER_THAN`, `share_is_told`,
`written_share`, `drawn_share`;
`askable`, `check_asked`, `not_held`; `finest_resolution`, `protected_resolution`, `sees_exact`,
`is_sensitive`, `is_sensitive_category`,
`sensitive_categories`.
"""

from curim_data.model.city import K_ORDINARY, K_SENSITIVE
from curim_data.privacy.askable import askable, check_asked, not_held
from curim_data.privacy.disclosure import (
    BAND_HOURS,
    FLOOR_SENSITIVE,
    MOST_PROTECTED_CELLS,
    Counted,
    DisclosureError,
    Rule,
    authorise,
    check,
    finest_resolution,
    is_sensitive,
    protect,
    protected_resolution,
    sees_exact,
    threshold,
)
from curim_data.privacy.sensitive import is_sensitive_category, sensitive_categories
from curim_data.privacy.thresholds import threshold_rule
from curim_data.privacy.written import COUNT_COLUMNS, FEWER_THAN, WrittenCounts
from curim_data.privacy.written_shares import drawn_share, share_is_told, written_share
