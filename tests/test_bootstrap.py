import ast
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

from helpers import bootstrap

SOURCES = [bootstrap.ROOT / "helpers" / name for name in ("__init__.py", "__main__.py", "bootstrap.py")]


@pytest.fixture
def root(tmp_path, monkeypatch):
    """A course folder with lock files, in which nothing real is installed."""
    for name in ("pyproject.toml", "requirements.txt", "requirements-test.txt"):
        (tmp_path / name).write_bytes((bootstrap.ROOT / name).read_bytes())
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap.Environment, "_link_project", lambda self: None)
    monkeypatch.setattr(bootstrap, "needs_cpu_torch", lambda: False)
    return tmp_path


@pytest.fixture
def commands(monkeypatch):
    """Record what set-up would run, and make the Python that `venv` would make."""
    seen = []

    def run(command, doing, total=0):
        seen.append(command)
        if "venv" in command:
            python = bootstrap.venv_python(Path(command[-1]))
            python.parent.mkdir(parents=True)
            python.write_text("")

    monkeypatch.setattr(bootstrap, "run", run)
    return seen


def test_a_python_that_is_too_old_gets_one_clear_line():
    with pytest.raises(bootstrap.SetupError, match=r"^Python 3\.10 is too old: the course needs 3\.11"):
        bootstrap.check_python((3, 10, 4))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_an_old_python_can_read_the_files_that_tell_it_so(source):
    ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 7))


def test_the_bootstrap_imports_the_standard_library_alone():
    tree = ast.parse(SOURCES[2].read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


@pytest.mark.parametrize(
    ("version", "bound", "fits"),
    [
        ("2.13.0+cpu", "==2.13.0", True),
        ("2.13.1", "==2.13.0", False),
        ("8.1", ">=8.1", True),
        ("8.0.9", ">=8.1", False),
        ("10.0", ">=9.2", True),
        ("3.0.0", "<3", False),
        ("2.99", "<3", True),
        ("2", ">=2.0", True),
    ],
)
def test_versions_are_compared_as_numbers(version, bound, fits):
    assert bootstrap.holds(version, bound) is fits


def test_what_is_missing_or_out_of_range_is_named():
    unmet = bootstrap.unmet(["pytest>=1", "pytest>=1000", "no-such-package>=1"])
    assert list(unmet) == ["pytest>=1000", "no-such-package>=1"]
    assert unmet["no-such-package>=1"] is None


def test_set_up_is_made_once(root, commands):
    environment = bootstrap.Environment(root / ".venv")
    assert not environment.ready(tests=False)
    environment.make(tests=False)
    assert environment.ready(tests=False)
    assert str(root / "requirements.txt") in commands[-1]
    assert str(root / "requirements-test.txt") not in commands[-1]


def test_only_the_tests_bring_the_packages_of_the_tests(root, commands):
    environment = bootstrap.Environment(root / ".venv")
    environment.make(tests=False)
    assert not environment.ready(tests=True)
    environment.make(tests=True)
    assert environment.ready(tests=True)
    assert environment.ready(tests=False)
    assert str(root / "requirements-test.txt") in commands[-1]


def test_an_interrupted_set_up_is_noticed_and_made_again(root, commands, monkeypatch, capsys):
    environment = bootstrap.Environment(root / ".venv")
    with monkeypatch.context() as patch:
        patch.setattr(bootstrap, "pip", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            environment.make(tests=False)
    (environment.folder / "half-installed").write_text("")
    assert not environment.ready(tests=False)
    environment.make(tests=False)
    assert environment.ready(tests=False)
    assert not (environment.folder / "half-installed").exists()
    assert "interrupted" in capsys.readouterr().err


def test_a_changed_lock_is_installed_without_starting_over(root, commands):
    environment = bootstrap.Environment(root / ".venv")
    environment.make(tests=False)
    with (root / "requirements.txt").open("a") as file:
        file.write("# a newer lock\n")
    assert not environment.ready(tests=False)
    commands.clear()
    environment.make(tests=False)
    assert environment.ready(tests=False)
    assert not any("venv" in command for command in commands)


def test_a_damaged_note_counts_as_no_set_up(root, commands):
    environment = bootstrap.Environment(root / ".venv")
    environment.make(tests=False)
    environment.note.write_text('{"finished": tr')
    assert not environment.ready(tests=False)


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "no permission to write"),
        (
            "NewConnectionError: Failed to establish a new connection\nERROR: No matching distribution",
            "cannot be reached",
        ),
        ("ERROR: Could not find a version that satisfies numpy==2 (from versions: none)", "cannot be reached"),
        ("The virtual environment was not created because ensurepip is not available", "python3-venv"),
        ("fine\nERROR: something else\nbye", "ERROR: something else"),
    ],
)
def test_each_cause_of_a_failed_set_up_gets_one_line(printed, line):
    explained = bootstrap.explain(printed)
    assert line in explained
    assert "\n" not in explained


def test_a_full_disk_is_noticed_before_the_download(root, commands, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**9}))
    with pytest.raises(bootstrap.SetupError, match="disk is full"):
        bootstrap.Environment(root / ".venv").make(tests=False)
    assert commands == []


def test_a_folder_that_cannot_be_written_is_told_in_one_line(root, commands, monkeypatch):
    def refuse(self, **state):
        raise PermissionError(13, "Permission denied", str(self.folder))

    monkeypatch.setattr(bootstrap.Environment, "write_state", refuse)
    with pytest.raises(bootstrap.SetupError, match="no permission to write in") as caught:
        bootstrap.Environment(root / ".venv").make(tests=False)
    assert "\n" not in str(caught.value)


def test_a_failing_command_of_the_set_up_is_told_in_one_line(capsys):
    script = "print('Collecting pandas'); print('ERROR: Could not fetch: Network is unreachable'); raise SystemExit(1)"
    with pytest.raises(bootstrap.SetupError, match="installing packages: the package index cannot be reached"):
        bootstrap.run([sys.executable, "-c", script], "installing packages", 3)
    assert "[1/3] pandas" in capsys.readouterr().err


def test_torch_comes_from_the_cpu_index_first(root, commands, monkeypatch):
    asked = []
    monkeypatch.setattr(bootstrap, "needs_cpu_torch", lambda: True)
    monkeypatch.setattr(
        bootstrap.subprocess, "run", lambda command, **_: asked.append(command) or type("R", (), {"returncode": 0})
    )
    bootstrap.Environment(root / ".venv").make(tests=False)
    (command,) = asked
    assert command[-1] == "torch==2.13.0"
    assert command[command.index("--index-url") + 1] == "https://download.pytorch.org/whl/cpu"
    assert command[command.index("--retries") + 1] == "0"
    assert "--no-deps" in command


def test_a_satisfied_python_serves_as_it_is(monkeypatch):
    monkeypatch.setattr(bootstrap, "unmet", lambda requirements: {})
    monkeypatch.setattr(bootstrap.Environment, "make", lambda *_: pytest.fail("nothing is to be made"))
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    assert bootstrap.ensure(tests=True) is None


def test_a_finished_set_up_hands_over_in_under_two_seconds(root, commands, monkeypatch):
    environment = bootstrap.Environment(root / ".venv")
    environment.make(tests=False)
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    monkeypatch.setattr(bootstrap, "unmet", lambda requirements: {"numpy>=2": None})
    begin = time.perf_counter()
    assert bootstrap.ensure() == environment.python
    assert time.perf_counter() - begin < 2


def test_the_note_says_what_was_installed(root, commands):
    environment = bootstrap.Environment(root / ".venv")
    environment.make(tests=False)
    note = json.loads(environment.note.read_text())
    assert note["finished"] is True
    assert note["requirements.txt"] == bootstrap.fingerprint(root / "requirements.txt")


def test_the_command_line_starts_on_a_bare_python():
    root = str(bootstrap.ROOT)
    code = f"import sys; sys.path.insert(0, {root!r}); import helpers.__main__; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "torch"} & set(ast.literal_eval(done.stdout))
