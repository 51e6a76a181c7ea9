"""What the server loads before its first reader comes."""

from __future__ import annotations

import subprocess
import sys

import pytest

CHECK = """
import gc, pkgutil, sys
from pages import parts
from pages.parts.frame.web import warm_up
warm_up()
found = [part.name for part in pkgutil.walk_packages(parts.__path__, "pages.parts.")]
missing = [name for name in found if name not in sys.modules]
print(missing, gc.get_freeze_count() > 100_000)
"""


@pytest.mark.slow
def test_all_parts_are_loaded_and_out_of_the_collectors_sight() -> None:
    told = subprocess.run([sys.executable, "-c", CHECK], capture_output=True, text=True, check=True).stdout
    assert told.splitlines()[-1] == "[] True"
