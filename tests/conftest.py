"""Fixtures that every kind of test shares."""

from __future__ import annotations

import datetime as dt
import gc
import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy loads; see curim_data.cli.app
os.environ.setdefault("CURIM_SHARED_RESULTS", "off")  # no test finds what another one worked out

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import settings

import sample_data
from curim_data.engine import open_source
from curim_data.importing.pipeline import import_file
from curim_data.model import Audience, CityProfile, Translator, translator
from curim_data.model.city import load_city
from curim_data.protection import open_for
from curim_data.sample import sample_home
from curim_data.store import Home, has_alerts, locked
from curim_data.store.erase import draws_folder
from curim_data.store.home import create_home
from sample_data.generate import MAIN, write_sample
from sample_data.places import PLAIN
from tests.commands import Curim
from tests.effort import FULL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Playwright

    from curim_data.engine import Source

settings.register_profile("push", deadline=None, max_examples=30)
settings.register_profile("full", deadline=None, max_examples=1_000)
settings.load_profile("full" if FULL else "push")

TESTS = Path(__file__).resolve().parent
FOLDERS = ("real", "browser", "app", "oracles", "unit")  # the longest first: short files fill the gaps at the end


@pytest.fixture(scope="session")
def playwright_driver() -> Iterator[Playwright]:
    """One driver a process, whatever browsers are started with it: a second one fails beside the first one's loop."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        yield driver


def unit_of(path: str) -> str:
    """What one worker runs as a whole: a page of the dashboard with what it has cached, else a file of tests.

    There is one server and one browser at a time, so all tests with a browser on the sample city belong together.
    """
    _, folder, *inner = path.split("/")
    name = inner[-1].removeprefix("test_").removesuffix(".py")
    return {"browser": "browser", "app": f"app/{name.partition('_')[0]}"}.get(folder, path)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Hand out the units of `unit_of` in the order of collection.

    Marks of `xdist_group` would do for the units, but pytest-xdist 3.8 passes over them with pytest 9.2.
    """
    from xdist.scheduler import LoadFileScheduling

    if config.getvalue("dist") != "loadfile":
        return None

    class InOrder(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of(nodeid.partition("::")[0])

    config.option.loadscopereorder = False
    return InOrder(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    def place(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS).parts[0]
        return FOLDERS.index(folder) if folder in FOLDERS else len(FOLDERS)

    items.sort(key=place)
    for item in items:
        if {"tmp_path", "tmp_path_factory"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("files")


def pytest_collection() -> None:
    """Load modules and tests without the collector, which took a third of that time."""
    gc.disable()


def pytest_collection_finish() -> None:
    """They stay: it passes over them from here on."""
    gc.freeze()
    gc.enable()


@pytest.fixture(scope="session")
def city() -> CityProfile:
    """The Piraeus profile that comes with the sample."""
    return load_city(sample_data.PROFILE)


def everybodys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of this test run that all workers share."""
    own = tmp_path_factory.getbasetemp()
    return own.parent if "PYTEST_XDIST_WORKER" in os.environ else own


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the sample city's main export imported; read only, made once for all workers.

    Its protected copy is drawn out of a secret that everybody knows, so that it is the same in every run.
    """
    folder = everybodys(tmp_path_factory)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("curim_data.store.secret.token_bytes", bytes)
        home = sample_home(Home(folder / "home"))
    secret = draws_folder(home) / "secret"
    assert secret.read_bytes() == bytes(32)
    return home


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """An empty home with the city of the tests."""
    return create_home(tmp_path / "home")


@pytest.fixture(scope="module")
def source(sample: Home) -> Source:
    """The sample's alerts, as analysts read them."""
    return open_source(sample)


@pytest.fixture
def curim(english: None, capsys: pytest.CaptureFixture[str]) -> Curim:  # noqa: ARG001
    """The command line, in English."""
    return Curim(capsys)


@pytest.fixture
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command speaks English."""
    monkeypatch.setenv("CURIM_LANG", "en")


@pytest.fixture(scope="module")
def council(sample: Home) -> Source:
    """The sample's protected copy, as the council reads it; its `exact` are the alerts."""
    return open_for(sample, Audience.COUNCIL)


@pytest.fixture(autouse=True)
def main_stays() -> Iterator[None]:
    """A page that runs in a test takes the place of the main module, which a spawned process would run again."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture(scope="session")
def plain_sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The same city with one report of each alert: for statements that take alerts as independent.

    Reports of one alert are near repeats of each other, whatever their category. Read only, made once.
    """
    folder = everybodys(tmp_path_factory) / "plain"
    folder.mkdir(exist_ok=True)
    with locked(folder / "plain.lock"):
        home = Home(folder / "home")
        if not has_alerts(home):
            write_sample(folder, world=PLAIN)
            create_home(home.path, sample_data.PROFILE)
            import_file(home, folder / MAIN, "plain.csv", now=dt.datetime(2027, 1, 1, tzinfo=dt.UTC))
    return home


@pytest.fixture(scope="session")
def t() -> Translator:
    """The English translator."""
    return translator("en")
