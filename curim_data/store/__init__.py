"""What a home keeps on disk: the Delta table of alerts, its log of imports, quarantined rows, erasures and locks.

Public: `home` (`Home`: one folder, one city), `alert_table` (`Store`: read, commit, undo), `staging` and `matching`
(an import before its commit), `erase`, `erased_list`, `interrupted` and `locking`.
"""

from curim_data.store.alert_table import Batch, Store, StoreError, has_alerts
from curim_data.store.home import Home, locked
