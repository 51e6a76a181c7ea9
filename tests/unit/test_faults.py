"""When a computer fails: the old state or the new one, one sentence with the way out, and nothing accepted is lost.

On a push each action is killed twice, which meets a fault of a half of its life with 75 % probability; `make
test-full` kills 100 times (one of a thirtieth: 97 %) and prints the counts.
"""

from __future__ import annotations

import datetime as dt
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

from curim_data.importing import pipeline
from curim_data.importing.pipeline import import_file
from curim_data.model import ImportProblem, translator
from curim_data.plans.plan_store import PlanProblem, PlanStore
from curim_data.store import Home, StoreError
from curim_data.store.commits import damage
from tests.commands import Curim
from tests.effort import FULL, effort
from tests.faults import actions, killed
from tests.faults.actions import ACTIONS, State, copy, export, opened, prepare, state

KILLS = effort(1, 100)


@pytest.fixture(scope="module", autouse=True)
def server() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", os.environ.get("PYTHONPATH", ""))
        killed.start_server()
        yield


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return actions.make(tmp_path_factory.mktemp("faults"))


@pytest.fixture(scope="module")
def done(base: Home, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], State]:
    """The state after an action in which nothing goes wrong."""

    @cache
    def state_after(action: str) -> State:
        whole = copy(base, tmp_path_factory.mktemp("whole") / "home")
        prepare(whole, action)
        ACTIONS[action](whole)
        return state(whole)

    return state_after


@pytest.fixture
def home(base: Home, tmp_path: Path) -> Home:
    return copy(base, tmp_path / "home")


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_killed_at_random_moments(base: Home, tmp_path: Path, action: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = killed.trial(base, action, tmp_path, KILLS)
    assert found.total() == KILLS
    with capsys.disabled():
        print(f"\n{action}: killed {KILLS} times, old state {found['old']}, new state {found['new']}, third state 0")


@pytest.mark.slow
@pytest.mark.parametrize("hurt", ["half", "empty"])
def test_a_log_that_was_cut_off_says_which_file_to_remove(curim: Curim, home: Home, tmp_path: Path, hurt: str) -> None:
    """As after a loss of power. Nothing is built on it; without the file the state before it stands, whole."""
    before = state(home)
    (tmp_path / "c.csv").write_bytes(export(100, 700, "closed"))
    import_file(home, tmp_path / "c.csv", "c.csv")
    new = state(home)
    last = max((home.alerts / "_delta_log").glob("*.json"))
    content = last.read_bytes()
    last.write_bytes(content[: len(content) // 2] if hurt == "half" else b"")
    for arguments in (["counts"], ["batches"], ["import", str(tmp_path / "c.csv")]):
        assert f"Remove alerts/_delta_log/{last.name}" in curim.refuses(*arguments, "--home", str(home.path))
    last.unlink()
    assert state(home)[:3] == before[:3]
    import_file(home, tmp_path / "c.csv", "c.csv")
    assert state(home)[:3] == new[:3]


@pytest.mark.slow
@pytest.mark.parametrize("hurt", ["cut", "gone"])
def test_alerts_that_are_damaged_are_refused_in_one_sentence(curim: Curim, home: Home, hurt: str) -> None:
    for path in home.alerts.glob("*.parquet"):
        if hurt == "cut":
            path.write_bytes(path.read_bytes()[:100])
        else:
            path.unlink()
    assert "give back a backup" in curim.refuses("counts", "--home", str(home.path))


@pytest.mark.slow
@pytest.mark.parametrize("hurt", [lambda data: os.urandom(len(data)), lambda data: data[: len(data) // 2]])
def test_a_database_of_plans_that_is_damaged(curim: Curim, home: Home, hurt: Callable[[bytes], bytes]) -> None:
    PlanStore(home.plans_url).close()
    file = home.path / "plans.sqlite"
    file.write_bytes(hurt(file.read_bytes()))
    content = file.read_bytes()
    assert "give back a backup" in curim.refuses("plan", "list", "--home", str(home.path))
    with pytest.raises(PlanProblem, match="cannot be opened"):
        PlanStore(home.plans_url)
    assert file.read_bytes() == content  # whoever can mend it, still can
    assert curim.says(home, "counts")  # alerts are counted all the same


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    place = tmp_path / "disk"
    place.mkdir()
    made = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(made, capture_output=True).returncode:
        pytest.skip("no disk can be mounted here")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_a_full_disk(base: Home, small_disk: Path, done: Callable[[str], State], action: str) -> None:
    """Whatever fits: the old state or the new one, and with room again the action is done."""
    home = copy(base, small_disk / "home")
    prepare(home, action)
    old = state(home)
    filler = small_disk / "filler"
    free = shutil.disk_usage(small_disk).free
    for left in (0, 4_096, 40_000, 200_000) if FULL else (0, 40_000):
        filler.write_bytes(bytes(max(0, free - left)))
        try:
            ACTIONS[action](home)
            failed = False
        except (OSError, StoreError, ImportProblem, PlanProblem) as error:
            failed, told = True, getattr(error, "message", None) or damage(error)
        filler.unlink()
        assert not failed or "Make room" in translator("en")(told)
        opened(home)
        now = state(home)
        if not failed or now != old:  # an erasure that was begun is finished by what comes next
            assert not failed or action == "erase"
            break
    else:
        ACTIONS[action](home)
        opened(home)
    assert state(home) == done(action)


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_a_home_that_cannot_be_written(base: Home, small_disk: Path, action: str) -> None:
    home = copy(base, small_disk / "home")
    prepare(home, action)
    old = state(home)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    try:
        with pytest.raises((OSError, StoreError, PlanProblem)) as failed:
            ACTIONS[action](home)
        told = getattr(failed.value, "message", None) or damage(failed.value)
        assert told is not None
        assert "cannot be written" in translator("en")(told)
        assert state(home) == old  # and it can be read
    finally:
        subprocess.run(["mount", "-o", "remount,rw", str(small_disk)], check=True)
    ACTIONS[action](home)
    assert state(home) != old


@pytest.mark.slow
@pytest.mark.parametrize("action", ACTIONS)
def test_a_clock_set_back(
    home: Home, done: Callable[[str], State], action: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files and imports of the home are of tomorrow: each action does what it does on any other day."""
    prepare(home, action)
    tomorrow = dt.datetime.now().timestamp() + 86_400
    for path in home.path.rglob("*"):
        os.utime(path, (tomorrow, tomorrow))
    monkeypatch.setattr(pipeline, "new_batch_id", lambda _: "20010101-000000-aaaaaa")  # sorts before all others
    ACTIONS[action](home)
    opened(home)
    assert state(home) == done(action)
