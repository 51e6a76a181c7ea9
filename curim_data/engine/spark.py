"""The files of a home, counted by Apache Spark or Sail: sessions by URL, and the views that they hold.

`sc://host:port` is a server that speaks Spark Connect (Sail, or Spark's own); `spark://host:port` a master of Spark
itself, `local[2]` Spark in processes of this computer. Both need PySpark, an extra of the installation, and both read
the Parquet files under the same path as this computer does. A process has one session for each URL. Its threads share
it, and each version of the alerts or of their copy is registered there once, as a view of the files (`View`). The views
that were asked for longest ago are dropped.
"""

from __future__ import annotations

import hashlib
import itertools
import logging
import re
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import ibis
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb.converter import DuckDBPandasData
from ibis.formats.pyarrow import PyArrowData

from curim_data.model import Message

LOG: Final = logging.getLogger("curim")
MOST_VIEWS: Final = 8  # of a session: four versions of alerts and of their copy
REACH: Final = 3.0  # seconds for opening a connection
FRESH: Final = 2.0  # seconds for which a server that answered is taken to be there
NO_WORKERS: Final = 60.0  # seconds without any worker, after which questions are given up
TICK: Final = 2.0
USUAL_PARTITIONS: Final = "200"  # of a shuffle where nobody chose: far too many for counts by cell and month
_CONNECT: Final = "sc://"
_MASTER: Final = "spark://"
_LOCAL: Final = re.compile(r"local(\[[\d*, ]+\])?$")
_PING: Final = "curim_here"
_numbers = itertools.count(1)  # of sessions
_sessions: dict[str, _Session] = {}
_opening = threading.Lock()


class EngineError(RuntimeError):
    """Another engine cannot be reached, or cannot read the alerts; `message` says which and why."""

    def __init__(self, message: Message) -> None:
        super().__init__(message.text.format(**message.values))
        self.message = message


@dataclass(frozen=True)
class View:
    """Some files as a session shows them: the name, and the columns as Ibis knows them."""

    name: str
    schema: Any


def is_spark(url: str) -> bool:
    """Whether a URL names Spark or Sail."""
    return url.startswith((_CONNECT, _MASTER)) or bool(_LOCAL.match(url))


def spark_backend(url: str) -> Any:
    """The Ibis connection of this process to a URL; EngineError where nobody answers there."""
    return _session(url).backend


def registered(url: str, files: Sequence[str], schema: Any, count: int) -> View:
    """The view of some files on the engine of a URL, made there once for each session.

    `schema`: their columns as Ibis knows them. `count`: how many alerts they hold, which the engine has to find too.
    Raises EngineError.
    """
    return _session(url).view(tuple(files), schema, count)


def forget(url: str) -> None:
    """End this process's session of a URL, if it has one."""
    with _opening:
        known = _sessions.pop(url, None)
        if known is not None:
            known.close()


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
        self._views: dict[tuple[str, ...], View] = {}
        self._lock, self._closed = threading.RLock(), threading.Event()
        _reach(url)
        try:
            self._spark = _connect(url) if url.startswith(_CONNECT) else _start(url)
            self.backend = ibis.pyspark.connect(self._spark)
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
        # Ibis would ask by way of pandas, where a cell beside a missing one loses its last digits.
        self.backend.to_pyarrow = self._watched(
            lambda expr, **named: expr.__pyarrow_result__(self._rows(expr, **named))
        )
        self.backend.execute = self._watched(lambda expr, **named: _as_pandas(expr, self._rows(expr, **named)))
        if url.startswith(_MASTER):
            threading.Thread(target=self._watch_workers, daemon=True).start()

    def view(self, files: tuple[str, ...], schema: Any, count: int) -> View:
        """The view of some files."""
        with self._lock:
            found = self._views.pop(files, None) or self._register(files, schema, count)
            self._views[files] = found
            while len(self._views) > MOST_VIEWS:
                name = self._views.pop(next(iter(self._views))).name
                self._spark.catalog.dropTempView(name)
            return found

    def _register(self, files: tuple[str, ...], schema: Any, count: int) -> View:
        """A new view; its name says the files and the session, so that it is another one after a lost server."""
        from ibis.backends.pyspark.datatypes import PySparkSchema

        name = f"alerts_{hashlib.sha256(' '.join(files).encode()).hexdigest()[:16]}_{self._number}"
        try:
            columns = PySparkSchema.from_ibis(schema)
            alerts = (
                self._spark.read.schema(columns).parquet(*map(_address, files))
                if files
                else self._spark.createDataFrame([], columns)
            )
            alerts.createOrReplaceTempView(name)
            found = self._spark.table(name).count()
        except Exception as error:
            raise self._told(error) or self._unread(error) from error
        if found != count:
            self._spark.catalog.dropTempView(name)
            raise EngineError(
                Message(
                    "The engine at {url} reads {found} alerts where the home has {count}: it has to see the same "
                    "files under the same path.",
                    {"url": _place(self._url), "found": found, "count": count},
                )
            )
        # Spark's own types would lose that instants are in UTC.
        return View(name, ibis.schema(schema))

    def _unread(self, error: Exception) -> EngineError:
        LOG.warning("an engine cannot read the files of the home", exc_info=error)
        return EngineError(
            Message(
                "The engine at {url} cannot read the files of the home: it has to see them under the same path.",
                {"url": _place(self._url)},
            )
        )

    def _rows(self, expr: Any, **named: Any) -> pa.Table:
        """The rows of an Ibis expression, with its own types."""
        table = expr.as_table()
        self.backend._run_pre_execute_hooks(expr)
        found = self._spark.sql(self.backend.compile(table, **named)).toArrow()
        return PyArrowData.convert_table(found, table.schema())

    def _watched(self, ask: Callable[..., Any]) -> Callable[..., Any]:
        """A question that says in one sentence when the server was lost meanwhile."""

        @wraps(ask)
        def asked(*given: Any, **named: Any) -> Any:
            if self._lost:  # Spark would wait for ever
                raise _unreachable(self._url, None)
            try:
                return ask(*given, **named)
            except Exception as error:
                raise self._told(error) or error from error.__cause__

        return asked

    def _told(self, error: Exception) -> EngineError | None:
        """What is said of an error that comes of a lost server; None of any other."""
        if self.is_there(after=time.monotonic()):
            return None
        return _unreachable(self._url, error)

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


def _as_pandas(expr: Any, rows: pa.Table) -> Any:
    """Rows as Ibis gives those of DuckDB."""
    columns = {
        name: column.to_pylist() if column.null_count or pa.types.is_nested(column.type) else column.to_pandas()
        for name, column in zip(rows.column_names, rows.columns, strict=True)
    }
    return expr.__pandas_result__(DuckDBPandasData.convert_table(pd.DataFrame(columns), expr.as_table().schema()))


def _connect(url: str) -> Any:
    """A session of its own on a server that speaks Spark Connect, which gives up a lost server after seconds."""
    from pyspark.sql.connect.client.retries import DefaultPolicy
    from pyspark.sql.connect.session import SparkSession

    session = SparkSession.builder.remote(url).create()
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
    if session.conf.get("spark.sql.shuffle.partitions") == USUAL_PARTITIONS:
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


def _address(path: str) -> str:
    """A file as Spark reads it, where some characters would stand for several files."""
    return "file://" + re.sub(r"([\\*?\[\]{}])", r"\\\1", str(Path(path).resolve()))
