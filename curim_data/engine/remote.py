"""Alerts that another engine counts: published into PostgreSQL, or the flat table of a home on Apache Spark or Sail.

`curim publish` writes the alerts and their protected copy into tables of PostgreSQL whose names nobody has used before
and adds a row to `curim_published`, all in one transaction: who reads the last row reads the old tables or the new
ones, each whole, and goes on with them until the next publication but one. The views `alerts` and `alerts_protected`
are for other readers. The published tables have the columns of `alert.SCHEMA` and of the flat table (`engine.flat`).

`sc://host:port` is a server that speaks Spark Connect (Sail, or Spark's own); `spark://host:port` a master of Spark
itself, `local[2]` Spark in processes of this computer. Both need PySpark, an extra of the installation, and both read
the file under the same path as this computer does. A process has one session for each URL. Its threads share it, and
each version of the alerts or of their copy is registered there once, as a view of its file. The views that were asked
for longest ago are dropped.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import logging
import re
import socket
import threading
import time
from functools import cache, partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import pyarrow as pa

from curim_data.engine.flat import EngineError, Relation, read_levels
from curim_data.model import Message
from curim_data.model.sql import Levels

PUBLICATIONS: Final = "curim_published"
ALERTS: Final = "alerts"
COPY: Final = "alerts_protected"
NOT_PUBLISHED: Final = Message("Nothing was published into this database yet. Ask whoever runs the dashboard.")
# Types of PostgreSQL by their numbers; what is none of them is read as text.
_ARROW: Final = {
    16: pa.bool_(),
    20: pa.int64(),
    21: pa.int8(),  # no column of alerts has more
    23: pa.int32(),
    701: pa.float64(),
    1082: pa.date32(),
    1184: pa.timestamp("us", "UTC"),
}


def last_publication(url: str) -> dict[str, dict[str, Any]]:
    """What was published last into the PostgreSQL database of a URL; EngineError where nothing was.

    "alerts" and their protected "copy", each with the "name" of its table, the "version" of what that holds, and what
    is known of it ("facts": `Facts` as JSON).
    """
    listed = _ask(url, f"SELECT to_regclass('{PUBLICATIONS}')::text AS name")["name"][0].as_py()
    if listed is None:
        raise EngineError(NOT_PUBLISHED)
    rows = _ask(url, f"SELECT alerts, copy FROM {PUBLICATIONS} ORDER BY number DESC LIMIT 1").to_pylist()
    if not rows:
        raise EngineError(NOT_PUBLISHED)
    return {name: json.loads(rows[0][name]) for name in ("alerts", "copy")}


def published_relation(url: str, name: str) -> Relation:
    """The alerts of a published table."""
    ask = partial(_ask, url)
    return Relation(name, ask, read_levels(name, ask))


def _ask(url: str, sql: str) -> pa.Table:
    """The rows of a statement, in the types of Arrow."""
    with _pool(url).connection() as connection, connection.cursor() as cursor:
        cursor.execute(sql)
        names = [column.name for column in cursor.description]
        types = [_ARROW.get(column.type_code, pa.string()) for column in cursor.description]
        columns = list(zip(*cursor.fetchall(), strict=True)) or [()] * len(names)
    return pa.table({name: pa.array(column, kind) for name, column, kind in zip(names, columns, types, strict=True)})


@cache
def _pool(url: str) -> Any:
    """This process's connections to the database of a URL; EngineError where that is no PostgreSQL, or without its
    driver.
    """
    if not url.startswith(("postgresql://", "postgres://")):
        raise EngineError(Message("Alerts are kept in PostgreSQL alone: give postgresql://user@host/database."))
    try:
        from psycopg_pool import ConnectionPool
    except ImportError as error:
        raise EngineError(Message("The driver is missing: pip install “psycopg[binary,pool]”.")) from error
    named = {"autocommit": True}
    return ConnectionPool(url, kwargs=named, min_size=1, max_size=8, check=ConnectionPool.check_connection, open=True)


LOG: Final = logging.getLogger("curim")
MOST_VIEWS: Final = 8  # of a session: four versions of alerts and of their copy
REACH: Final = 3.0  # seconds for opening a connection
FRESH: Final = 2.0  # seconds for which a server that answered is taken to be there
NO_WORKERS: Final = 60.0  # seconds without any worker, after which questions are given up
TICK: Final = 2.0
_CONNECT: Final = "sc://"
_MASTER: Final = "spark://"
_LOCAL: Final = re.compile(r"local(\[[\d*, ]+\])?$")
_PING: Final = "curim_here"
_numbers = itertools.count(1)  # of sessions
_sessions: dict[str, _Session] = {}
_opening = threading.Lock()


def is_spark(url: str) -> bool:
    """Whether a URL names Spark or Sail."""
    return url.startswith((_CONNECT, _MASTER)) or bool(_LOCAL.match(url))


def spark_relation(url: str, path: Path, count: int, levels: Levels) -> Relation:
    """The alerts of a flat table on the engine of a URL, where a view of the file is made once for each session.

    `count`: how many alerts it holds, which the engine has to find too; `levels`: the values of its columns that have
    codes. Raises EngineError.
    """
    session = _session(url)
    return Relation(session.view(path, count), session.ask, levels)


def _session(url: str) -> _Session:
    """The session of a URL; a new one takes the place of one that was lost."""
    with _opening:
        known = _sessions.get(url)
        if known is not None and known.is_there():
            return known
        if known is not None:
            known.close()
            del _sessions[url]
        _sessions[url] = _Session(url)
        return _sessions[url]


class _Session:
    """A session on Spark or Sail, with its views."""

    def __init__(self, url: str) -> None:
        self._url, self._number, self._lost, self._answered = url, next(_numbers), False, 0.0
        self._views: dict[Path, str] = {}
        self._lock, self._closed = threading.RLock(), threading.Event()
        _reach(url)
        try:
            self._spark = _connect(url) if url.startswith(_CONNECT) else _start(url)
            self._spark.sql("SELECT 1 AS here").createOrReplaceTempView(_PING)
        except ImportError as error:
            raise EngineError(
                Message("PySpark is missing, which asks Spark and Sail: pip install “.[spark]”.")
            ) from error
        except EngineError:
            raise
        except Exception as error:  # of PySpark, gRPC or Java
            if "JAVA_GATEWAY" in str(error):
                raise EngineError(Message("Spark needs Java 17 or newer on this computer.")) from error
            raise _unreachable(url, error) from error
        if url.startswith(_MASTER):
            threading.Thread(target=self._watch_workers, daemon=True).start()

    def view(self, path: Path, count: int) -> str:
        """The name of the view of a file."""
        with self._lock:
            found = self._views.pop(path, None) or self._register(path, count)
            self._views[path] = found
            while len(self._views) > MOST_VIEWS:
                self._spark.catalog.dropTempView(self._views.pop(next(iter(self._views))))
            return found

    def _register(self, path: Path, count: int) -> str:
        """A new view; its name says the file and the session, so that it is another one after a lost server."""
        name = f"alerts_{hashlib.sha256(str(path).encode()).hexdigest()[:16]}_{self._number}"
        try:
            self._spark.read.parquet(_address(path)).createOrReplaceTempView(name)
            found = self._spark.table(name).count()
        except Exception as error:
            if lost := self._told(error):
                raise lost from error
            LOG.warning("an engine cannot read the files of the home", exc_info=error)
            unread = Message(
                "The engine at {url} cannot read the files of the home: it has to see them under the same path.",
                {"url": _place(self._url)},
            )
            raise EngineError(unread) from error
        if found != count:
            self._spark.catalog.dropTempView(name)
            raise EngineError(
                Message(
                    "The engine at {url} reads {found} alerts where the home has {count}: it has to see the same "
                    "files under the same path.",
                    {"url": _place(self._url), "found": found, "count": count},
                )
            )
        return name

    def ask(self, sql: str) -> pa.Table:
        """The rows of a statement; EngineError where the server was lost meanwhile."""
        if self._lost:  # Spark would wait for ever
            raise _unreachable(self._url, None)
        try:
            found: pa.Table = self._spark.sql(sql.replace("\\", "\\\\")).toArrow()
        except Exception as error:
            raise self._told(error) or error from error.__cause__
        return found

    def _told(self, error: Exception) -> EngineError | None:
        """What is said of an error that comes of a lost server; None of any other."""
        return None if self.is_there(after=time.monotonic()) else _unreachable(self._url, error)

    def is_there(self, after: float | None = None) -> bool:
        """Whether the server answers and knows this session; asked again only after `after`, or what `FRESH` says."""
        if self._lost:
            return False
        if self._answered >= (time.monotonic() - FRESH if after is None else after):
            return True
        try:
            if self._url.startswith(_CONNECT):
                _reach(self._url)
            self._lost = self._spark.sql(f"SELECT here FROM {_PING}").collect()[0][0] != 1
        except Exception as error:
            LOG.warning("an engine was lost", exc_info=error)
            self._lost = True
        self._answered = time.monotonic()
        return not self._lost

    def close(self) -> None:
        """End what is left of a session."""
        self._closed.set()
        try:
            self._spark.stop()
        except Exception:
            LOG.info("a lost engine could not be told goodbye", exc_info=True)

    def _workers(self) -> int:
        """How many processes of workers there are."""
        return int(self._spark.sparkContext._jsc.sc().getExecutorMemoryStatus().size()) - 1

    def _watch_workers(self) -> None:
        """Give up the questions of a master that has had no worker for long: Spark itself waits for ever."""
        since = time.monotonic()
        while not self._closed.wait(TICK):
            try:
                if self._workers() > 0:
                    since = time.monotonic()
                elif time.monotonic() - since > NO_WORKERS:
                    self._lost = True
                    self._spark.sparkContext.cancelAllJobs()
                    return
            except Exception:  # Java has gone
                self._lost = True
                return


def _connect(url: str) -> Any:
    """A session of its own on a server that speaks Spark Connect, which gives up a lost server after seconds."""
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(url).create()
    # Its own `close`, which runs when a session is collected too, would end a pool of threads that all sessions share.
    session.client.close = session.client._channel.close
    session.client.set_retry_policies([DefaultPolicy(max_retries=3, initial_backoff=100, max_backoff=1000)])
    return session


def _start(url: str) -> Any:
    """This process as an application of Spark, of which it can have one; its settings are in spark-defaults.conf."""
    from pyspark import SparkContext
    from pyspark.sql import SparkSession

    running = SparkContext._active_spark_context
    if running is not None and running._jsc is not None and running.master != url:
        raise EngineError(
            Message("This process counts on {other} already: one process has one Spark.", {"other": running.master})
        )
    session = SparkSession.builder.master(url).appName("curim").getOrCreate()
    if session.conf.get("spark.sql.shuffle.partitions") == "200":  # nobody chose: far too many for counts
        session.conf.set("spark.sql.shuffle.partitions", str(max(2, session.sparkContext.defaultParallelism)))
    return session


def _reach(url: str) -> None:
    """EngineError where nobody listens at a URL, which Spark and gRPC would find out after minutes."""
    if _LOCAL.match(url):
        return
    why: Exception | None = None
    for one in url.partition("://")[2].partition("/")[0].split(","):  # several masters stand in for each other
        try:
            place = urlsplit(f"//{one}")
            socket.create_connection((place.hostname or "", place.port or 0), REACH).close()
            return
        except (OSError, ValueError) as error:
            why = error
    raise _unreachable(url, why) from why


def _unreachable(url: str, why: Exception | None) -> EngineError:
    LOG.warning("no engine at %s", _place(url), exc_info=why)
    return EngineError(
        Message(
            "The engine at {url} does not answer. Nothing was changed; the next question tries again.",
            {"url": _place(url)},
        )
    )


def _place(url: str) -> str:
    """A URL without what may be secret in it."""
    return re.sub(r"^(\w+://)(?:[^/@]*@)?([^/;?]*).*", r"\1\2", url)


def _address(path: Path) -> str:
    """A file as Spark reads it, where some characters would stand for several files."""
    return "file://" + re.sub(r"([\\*?\[\]{}])", r"\\\1", str(path.resolve()))
