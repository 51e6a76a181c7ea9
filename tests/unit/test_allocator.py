"""What a process keeps of memory that it no longer needs."""

from __future__ import annotations

import asyncio
import platform
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from curim_data import allocator
from pages.parts.frame import web

# Eight threads take memory at once; the C library then tells of its heaps.
HEAPS = """
import ctypes, threading
import pyarrow as pa
from curim_data import allocator

allocator.share_heaps()
library, together = ctypes.CDLL(None), threading.Barrier(8)
library.malloc.restype = ctypes.c_void_p

def take():
    library.malloc(ctypes.c_size_t(1000))
    together.wait()

threads = [threading.Thread(target=take) for _ in range(8)]
for one in threads:
    one.start()
for one in threads:
    one.join()
allocator.give_back()
print(pa.default_memory_pool().backend_name, flush=True)
library.malloc_info(0, ctypes.c_void_p.in_dll(library, "stdout"))
library.fflush(None)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another C library")
def test_arrow_and_all_threads_share_two_heaps() -> None:
    told = subprocess.run([sys.executable, "-c", HEAPS], capture_output=True, text=True, check=True).stdout
    assert told.startswith("system\n")
    assert 1 <= told.count("<heap nr=") <= 2


def test_the_server_shares_heaps_before_it_prepares_anything(monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    monkeypatch.setattr(allocator, "share_heaps", lambda: steps.append("share"))
    monkeypatch.setattr(allocator, "give_back", lambda: steps.append("give back"))
    monkeypatch.setattr(web, "warm_up", lambda: steps.append("warm up"))
    monkeypatch.setattr(web, "homes", tuple)
    monkeypatch.setattr(web, "shares_results", lambda: False)

    async def start() -> None:
        async with web.prepare(None):
            pass

    with ThreadPoolExecutor(1) as another:  # a browser's loop may run in this thread
        another.submit(asyncio.run, start()).result()
    assert steps == ["share", "warm up", "give back"]
