"""The home of the sample city under a folder, with what its pages need: python -m curim_data.sample FOLDER."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

from curim_data.sample.home import sample_home
from curim_data.serving import end_with_parent
from curim_data.store import Home
from curim_data.studies.preparation import prepare


def _stop(*_: object) -> None:
    # Linux sends the signal again for each thread of the parent that ends: what clears up is not cut short by it.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    sys.exit(1)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, _stop)  # so that nothing unfinished stays
    end_with_parent()
    prepare(sample_home(Home(Path(sys.argv[1]))))
