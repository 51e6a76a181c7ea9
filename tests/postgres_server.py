"""A PostgreSQL server for tests: a cluster of its own in a temporary folder, which listens on loopback alone."""

from __future__ import annotations

import importlib.util
import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.spark_servers import free_port


def programs() -> Path | None:
    """The folder of the newest `initdb` and `pg_ctl`, which Debian keeps off the path; None where there is none."""
    found = shutil.which("initdb")
    folders = [Path(found).resolve().parent] if found else []
    folders += sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda one: float(one.parent.name), reverse=True)
    return next((one for one in folders if (one / "initdb").exists()), None)


def required() -> Path:
    """The same; the test is skipped where PostgreSQL or its driver is missing, but not in CI."""
    folder = programs()
    if folder is None or importlib.util.find_spec("psycopg") is None:
        assert os.environ.get("CI") != "true", "CI needs Debian's postgresql and psycopg"
        pytest.skip("no PostgreSQL, or no psycopg", allow_module_level=True)
    return folder


@contextmanager
def postgres_server() -> Iterator[str]:
    """The URL of an empty database on a server of its own, for SQLAlchemy after `replace("postgresql", ...)` too."""
    folder = required()
    with tempfile.TemporaryDirectory(prefix="curim-postgres-") as made:
        data = Path(made) / "data"
        owner: dict[str, Any] = {}
        if os.getuid() == 0:  # the server refuses to run as root
            person = pwd.getpwnam("postgres")
            os.chown(made, person.pw_uid, person.pw_gid)
            owner = {"user": person.pw_uid, "group": person.pw_gid, "extra_groups": []}
        start: dict[str, Any] = {
            **owner, "check": True, "cwd": made, "stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL
        }  # fmt: skip
        how = ["-A", "trust", "-U", "curim", "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
        subprocess.run([folder / "initdb", "-D", data, *how], **start)
        port = free_port()
        options = f"-h 127.0.0.1 -p {port} -c unix_socket_directories= -c fsync=off"
        subprocess.run([folder / "pg_ctl", "-D", data, "-w", "-l", f"{made}/log", "-o", options, "start"], **start)
        try:
            yield f"postgresql://curim@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([folder / "pg_ctl", "-D", data, "-m", "immediate", "stop"], **start)
