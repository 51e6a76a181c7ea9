"""What a home keeps on disk: the Delta table of alerts, its log of imports, quarantined rows, erasures and locks.

Public: `home` (`Home`: one folder, one city; `locked`), `alert_table` (`Store`: read, commit, undo; imports that were
cut short), `writing` (an import before its commit), `commits` (what the log says), `erase`, `annotations`, `results`,
`settings`.
"""

from curim_data.store.alert_table import Batch, Store, StoreError, has_alerts
from curim_data.store.home import Home, locked
