"""The home of the sample city under a folder, with what its pages need: python -m curim_data.sample FOLDER."""

from __future__ import annotations

import sys
from pathlib import Path

from curim_data.sample.home import sample_home
from curim_data.store import Home
from curim_data.studies.preparation import prepare

if __name__ == "__main__":
    prepare(sample_home(Home(Path(sys.argv[1]))))
