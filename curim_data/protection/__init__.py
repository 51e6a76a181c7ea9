"""The protected copy: what council and public are counted from.

Public: `open_for`, `protected`, `protected_files` and `copy_of` (the copy as a source), `copies_of` (its versions),
`making_copies` (the lock of these), `opened_for` and `hand_over` (what a thread has open); `exchange` (the method),
`release`, `drawn` (the draws of a home), `copy_errors` (what it costs; `kind_of` says of which categories a filter
asks).
"""

from curim_data.protection.errors import CopyErrors, copy_errors, keep_errors, kind_of
from curim_data.protection.exchange import Exchanged, Units, exchange
from curim_data.protection.opening import (
    copies_of,
    copy_of,
    hand_over,
    making_copies,
    open_for,
    opened_for,
    protected,
    protected_files,
)
from curim_data.protection.releases import drawn, release
