"""The dashboard with a test for repeats that goes on until CURIM_GO names a file that exists; it notes how it ended."""

import os
import runpy
import sys
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from curim_data.model import Message  # noqa: E402
from curim_data.model.progress import report, stage  # noqa: E402
from curim_data.studies import alert_points  # noqa: E402

study, go = alert_points.near_repeat_study, Path(os.environ["CURIM_GO"])


def slow(*args: Any, **settings: Any) -> Any:
    """The study after a while."""
    number = len(list(go.parent.glob("started-*")))
    (go.parent / f"started-{number}").touch()
    try:
        with stage(0.0, 0.5):
            for step in range(30_000):
                report(0.3 + step / 100_000, Message("Counting"))
                if go.exists():
                    break
                time.sleep(0.02)
    except BaseException:
        (go.parent / f"ended-{number}").touch()
        raise
    return study(*args, **settings)


alert_points.near_repeat_study = slow
runpy.run_path(str(ROOT / "dashboard.py"), run_name="__main__")
