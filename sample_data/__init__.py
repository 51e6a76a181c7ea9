"""The made-up city of alerts: its generator, its exports, its planted truths, and the Piraeus profile."""

from pathlib import Path
from typing import Final

_HERE: Final = Path(__file__).parent
PROFILE: Final = _HERE / "piraeus"
EXPORTS: Final = _HERE / "exports"
MAIN_EXPORT: Final = EXPORTS / "piraeus_2022-11_2026-10.csv"
LATER_EXPORT: Final = EXPORTS / "piraeus_2026-11.csv"
DIRTY_EXPORT: Final = EXPORTS / "piraeus_dirty.csv"
DIRTY_ANSWERS: Final = EXPORTS / "piraeus_dirty_answers.csv"
MARK: Final = "DEMO-"  # what the ids of made-up alerts begin with
TRUTHS: Final = _HERE / "truths.toml"
