"""Disclosure control: what an audience may ask, and which counts are too small to be written out.

Public: `authorise`, `check`, `protect`, `Counted`, `DisclosureError`; `threshold`,
`K_ORDINARY`, `K_SENSITIVE` (its floors); `WrittenCounts`, `COUNT_COLUMNS`, `FEWER_THAN`, `share_is_told`,
`written_share`, `drawn_share`;
`askable`, `check_asked`, `not_held`; `finest_resolution`, `protected_resolution`, `sees_exact`,
`is_sensitive`, `is_sensitive_category`,
`sensitive_categories`, `help_lines`, `HOW_TO_ADD`.
"""

from curim_data.model.city import K_ORDINARY, K_SENSITIVE
from curim_data.privacy.disclosure import (
    BAND_HOURS,
    FLOOR_SENSITIVE,
    HOW_TO_ADD,
    MOST_PROTECTED_CELLS,
    DisclosureError,
    askable,
    authorise,
    check,
    check_asked,
    finest_resolution,
    help_lines,
    is_sensitive,
    is_sensitive_category,
    not_held,
    protected_resolution,
    sees_exact,
    sensitive_categories,
    threshold,
)
from curim_data.privacy.written import (
    COUNT_COLUMNS,
    FEWER_THAN,
    Counted,
    WrittenCounts,
    drawn_share,
    protect,
    share_is_told,
    written_share,
)
