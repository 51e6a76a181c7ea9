"""A new export beside the last one of its kind: found, compared before the new one is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from curim_data.importing.comparison import Changes, Gone, compare, earlier, gone_of, status_changes
from curim_data.store.alert_table import Batch, Store


@dataclass(frozen=True)
class Beside:
    """What an export is compared with, as the store stood before it."""

    before: Batch | None
    signature: Mapping[str, Any]
    statuses: Mapping[tuple[str, str], int]
    gone: Gone

    def changes(self, batch: Batch) -> Changes:
        """What changed, with the counts of the new import."""
        counts = {name: getattr(batch, name) for name in ("accepted", "updated", "duplicate")}
        return compare(self.before, self.signature, counts, self.statuses, self.gone)


def beside(store: Store, staged: Path, signature: Mapping[str, Any]) -> Beside:
    """Look for the last import of the same kind and compare what is staged with the alerts that are stored.

    Parameters
    ----------
    store : Store
        As it stands before the import.
    staged : Path
        Parquet file with incident_id, source, status and local_date of the new alerts.
    signature : mapping
        Of the new file (`signatures.Signer`).
    """
    before = earlier(store.batches(), signature)
    if before is None:
        return Beside(None, signature, {}, Gone())
    stored, new = store.files(), [str(staged)]
    sources = sorted({before.format, str(signature["format"])})
    return Beside(before, signature, status_changes(stored, new), gone_of(stored, new, sources, before.signature))
