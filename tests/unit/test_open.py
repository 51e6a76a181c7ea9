"""`curim open`: from a wheel alone it shows a file and leaves nothing behind; on a terminal it asks."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import sysconfig
import venv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from curim_data import serving
from curim_data.store import Home, Store
from tests.benchmarks.reader import asked_page, element, messages, opened
from tests.commands import Curim
from tests.effort import FULL

ROOT = Path(__file__).resolve().parents[2]
PERSONS = ("Vrouw", "Man", "Groep")


def export(n: int = 240) -> bytes:
    rows = (
        f"{at},2025-{1 + at % 6:02}-{1 + at % 28:02},Theft,{52.09 + at % 17 / 900:.5f},{5.11 + at % 13 / 700:.5f},"
        f"{PERSONS[at % 3]}"
        for at in range(n)
    )
    return "\n".join(["id,date,category,latitude,longitude,wie", *rows]).encode()


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that has this project from its wheel alone, and other libraries from that of the tests."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder], cwd=ROOT, check=True)
    venv.create(folder / "venv")
    python = folder / "venv" / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, *folder.glob("*.whl")], check=True)
    (site,) = folder.glob("venv/lib/python*/site-packages")
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    assert (site / ".streamlit" / "config.toml").exists()  # without it Streamlit shows errors with their code
    return python


@pytest.mark.slow
@pytest.mark.parametrize(("files", "shown"), [(["alerts.csv"], "240 αναφορές"), ([], "Πειραιά")][: 2 if FULL else 1])
def test_from_its_wheel_alone_it_shows_a_file_and_leaves_nothing(
    python: Path, tmp_path: Path, files: list[str], shown: str
) -> None:
    (tmp_path / "alerts.csv").write_bytes(export())
    temporary, others, (port,) = tmp_path / "temporary", tmp_path / "of_others", serving.free_ports(1)
    temporary.mkdir()
    around = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    around |= {"TMPDIR": str(temporary), "CURIM_HOME": str(others), "CURIM_PLANS_URL": f"sqlite:///{others}"}
    words = ["open", *files, "--no-browser", "--json", "--lang", "el", "--port", f"{port}"]
    process = subprocess.Popen(
        [python.with_name("curim"), *words], cwd=tmp_path, env=around, stdout=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # what runs in the background ignores Ctrl-C
    )  # fmt: skip
    try:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert [file["accepted"] for file in told["files"]] == [240] * len(files)
        assert told["address"].startswith(f"http://127.0.0.1:{port}/")
        assert Path(told["home"]).parent == temporary
        with pytest.raises(serving.ServingError, match="taken"), serving.serve_alone({}, port):
            pass
        with opened(told["address"].partition("/?")[0]) as line:
            drawn = [*messages(line, asked_page({"lang": "el", "period": "all"}, "briefing"), 120)]
        assert any(shown in str(message.delta) for message in drawn if element(message))
    finally:
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
    assert not list(temporary.iterdir())
    assert not others.exists()


@pytest.fixture
def addresses(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which addresses are opened, where the server ends at once and somebody sits at the keyboard."""
    found: list[str] = []

    @contextmanager
    def ended(environment: dict[str, str], _port: None) -> Iterator[tuple[str, Any]]:
        yield f"http://{Path(environment['CURIM_HOME']).name}", subprocess.Popen(["true"])

    monkeypatch.setattr(serving, "serve_alone", ended)
    monkeypatch.setattr("webbrowser.open", found.append)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True)
    return found


def test_on_a_terminal_it_asks_and_enter_takes_the_default(
    curim: Curim, addresses: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer by number or by value; what the answer raises is asked too, and nothing twice."""
    (tmp_path / "alerts.csv").write_bytes(export())
    typed, asked = iter(["0", "1", "", "Groep=other"]), list[str]()
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    monkeypatch.setattr("builtins.input", lambda prompt: asked.append(prompt) or next(typed))
    home = Home(tmp_path / "home")
    said = curim.says(home, "open", str(tmp_path / "alerts.csv"))
    assert asked == [f"Number, or Enter for {default}> " for default in (3, 3, 1, 5)]
    assert "  1. the gender of the person affected\n" in said
    assert "Answer with:" not in said
    assert Counter(Store(home).read(["affected_gender"])["affected_gender"].to_pylist()) == {
        "woman": 80, "man": 80, "other": 80,
    }  # fmt: skip
    assert addresses == ["http://home/?lang=en"]


def test_what_no_import_can_read_opens_nothing_and_other_files_are_opened(
    curim: Curim, addresses: list[str], tmp_path: Path
) -> None:
    (bad := tmp_path / "bad.csv").write_bytes(b"name,colour\na,red\nb,blue\n")
    (good := tmp_path / "good.csv").write_bytes(export())
    refusals = {curim.refuses(word, str(bad), "--home", str(tmp_path / word)) for word in ("open", "import")}
    assert len(refusals) == 1
    assert not addresses
    assert "New: 240" in curim.says(Home(tmp_path / "home"), "open", str(bad), str(good))
    assert addresses == ["http://home/?lang=en"]
