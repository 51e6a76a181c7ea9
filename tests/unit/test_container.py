"""Files that name other files: those of the image in deploy/, which is not built here, and docstrings."""

from __future__ import annotations

import doctest
import json
import re
import subprocess
import sys
import tomllib
from fnmatch import fnmatch
from importlib import import_module
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet

from curim_data.cli import app
from curim_data.model import translator
from curim_data.serving import HEALTH

ROOT = Path(__file__).resolve().parents[2]
DOCKERFILE = (ROOT / "deploy" / "Dockerfile").read_text("utf-8").replace("\\\n", " ")
COMPOSE = (ROOT / "deploy" / "compose.yaml").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
VALUES = dict(re.findall(r"^(FROM|USER|WORKDIR|ENV|ENTRYPOINT) (.+)$", DOCKERFILE, re.M))
COPIED = [re.split(r"\s+", line)[:-1] for line in re.findall(r"^COPY (.+)$", DOCKERFILE, re.M)]
MOUNTED = dict(re.findall(r"source: \./([^,]+), target: ([^,]+),", COMPOSE))


def pinned(name: str) -> list[str]:
    lines = (ROOT / "requirements" / name).read_text("utf-8").replace("\\\n", " ").splitlines()
    return [line for line in lines if line.strip() and not line.lstrip().startswith("#")]


def test_what_is_copied_is_there_and_makes_the_package_with_what_is_tested() -> None:
    names = {name for group in COPIED for name in group}
    assert all((ROOT / name).exists() for name in names), names
    packed = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["only-include"]
    files = {"pyproject.toml", PROJECT["project"]["readme"], *PROJECT["project"]["license-files"]}
    wanted = {f"requirements/{name}.txt" for name in ("run", "build")}
    assert names == {*packed, *files, *wanted}  # no more: neither secrets nor homes, whatever lies beside the code
    assert set(pinned("build.txt")) <= set(pinned("dev.txt"))
    assert {*PROJECT["build-system"]["requires"], "editables>=0.5"} == set(PROJECT["dependency-groups"]["build"])
    assert {Requirement(one).name for one in PROJECT["build-system"]["requires"]} <= {
        line.partition("==")[0] for line in pinned("build.txt")
    }


@pytest.mark.parametrize("name", ["run.txt", "build.txt"])
def test_each_library_has_one_version_and_its_hashes_for_the_python_of_the_image(name: str) -> None:
    python = VALUES["FROM"].removeprefix("python:").removesuffix("-slim")
    assert python in SpecifierSet(PROJECT["project"]["requires-python"])
    linux = {
        "python_version": python, "python_full_version": f"{python}.0", "sys_platform": "linux",
        "platform_system": "Linux", "implementation_name": "cpython", "platform_python_implementation": "CPython",
    }  # fmt: skip
    assert f"-r requirements/{name}" in DOCKERFILE
    found = []
    for line in pinned(name):
        assert "--hash=sha256:" in line, line
        one = Requirement(line.partition(" --hash")[0])
        if one.marker is None or one.marker.evaluate(linux):
            assert re.fullmatch(r"==[^*,]+", str(one.specifier)), line
            found.append(one.name)
    assert len(found) == len(set(found))


def words(place: str, text: str) -> list[str]:
    found = re.search(rf"^\s*{place}:? (\[.+\])$", text, re.M)
    assert found is not None, place
    return list(json.loads(found[1]))


@pytest.mark.parametrize("command", [words("CMD", DOCKERFILE), words("command", COMPOSE)])
def test_the_commands_have_the_options_that_serve_has(command: list[str]) -> None:
    known = {option for one in app.program(translator("en"), "serve").commands["serve"].params for option in one.opts}
    assert json.loads(VALUES["ENTRYPOINT"]) == list(PROJECT["project"]["scripts"])
    assert command[0] == "serve"
    assert set(command[1::2]) <= known
    assert len(command) % 2


def test_what_is_mounted_lies_where_it_is_read_and_the_health_is_asked_there() -> None:
    command = words("command", COMPOSE)
    assert f"CURIM_HOME={MOUNTED['home']}" in VALUES["ENV"].split()
    assert MOUNTED["secrets.toml"] == f"{VALUES['WORKDIR']}/.streamlit/secrets.toml"
    assert MOUNTED["tls.pem"] == command[command.index("--certificate") + 1]
    assert len(MOUNTED) == COMPOSE.count("create_host_path: false") == 3  # Docker would make folders of root
    assert re.search(rf"useradd --uid 1000 .*--home-dir {VALUES['WORKDIR']} {VALUES['USER']}\b", DOCKERFILE)
    command = words("command", COMPOSE)
    port = command[command.index("--port") + 1]
    assert f"'https://127.0.0.1:{port}{HEALTH}'" in words("test", COMPOSE)[-1]
    assert words("ports", COMPOSE) == [f"{port}:{port}"]


@pytest.mark.parametrize("ignoring", ["deploy/Dockerfile.dockerignore", ".gitignore"])
def test_what_is_mounted_is_in_no_image_and_no_commit(ignoring: str) -> None:
    patterns = [line.removeprefix("**/").rstrip("/") for line in (ROOT / ignoring).read_text("utf-8").splitlines()]
    for name in MOUNTED:
        assert any(fnmatch(path, pattern) for path in (name, f"deploy/{name}") for pattern in patterns), name


MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for package in ("analysis", "curim_data", "pages/parts")
    for path in sorted((ROOT / package).rglob("*.py"))
    if "\n    >>> " in path.read_text("utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_give_what_they_say(name: str) -> None:
    assert len(MODULES) > 10
    found = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert found.attempted
    assert not found.failed


@pytest.mark.slow
def test_the_list_of_components_holds_each_library_that_is_installed(tmp_path: Path) -> None:
    """As `make components` writes it."""
    made, pins = tmp_path / "components.json", ROOT / "requirements" / "run.txt"
    tool = Path(sys.executable).with_name("cyclonedx-py")
    subprocess.run([tool, "requirements", pins, "--output-reproducible", "-o", made], check=True, capture_output=True)
    listed = {(one["name"], one["version"]) for one in json.loads(made.read_text("utf-8"))["components"]}
    wanted = [Requirement(line.partition("--hash")[0].strip()) for line in pinned("run.txt")]
    assert listed == {(one.name, str(one.specifier).removeprefix("==")) for one in wanted}
