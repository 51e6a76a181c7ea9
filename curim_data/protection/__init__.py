"""The protected copy: what council and public are counted from.

Public: `open_for`, `protected`, `protected_files` and `copy_of` (the copy as a source), `copies_of` (its versions),
`opened_for` (what is open); `release` (draws), `copy_errors` (what it costs; `kind_of` says of which categories a
filter asks).
"""

from curim_data.protection.opening import (
    CopyErrors,
    copies_of,
    copy_errors,
    copy_of,
    keep_errors,
    kind_of,
    open_for,
    opened_for,
    protected,
    protected_files,
)
from curim_data.protection.releases import release
