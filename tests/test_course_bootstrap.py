import ast
import contextlib
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from processes import lives, wait_until

from helpers.course import bootstrap, interrupts

FILES = (
    "__init__.py",
    "__main__.py",
    "home.py",
    "course/__init__.py",
    "course/bootstrap.py",
    "course/commands.py",
    "course/console.py",
    "course/guard.py",
    "course/interrupts.py",
    "course/launch.py",
    "course/warm_up.py",
    "course/path/helpers/__init__.py",
)
SOURCES = [bootstrap.ROOT / "helpers" / name for name in FILES]
STAND_INS = Path(__file__).parent / "stand_ins"
ENSURE = (
    "import sys; sys.path.insert(0, sys.argv[1]); from helpers.course import bootstrap\n"
    "bootstrap.ensure('test' in sys.argv)"
)
posix = pytest.mark.skipif(os.name == "nt", reason="Windows has no such signals")


class Course:
    """A course folder that takes three small packages, with a pip that makes them, and what that pip did."""

    def __init__(self, folder):
        self.folder, self.desk = folder / "course", folder / "desk"
        self.desk.mkdir(parents=True)
        for source in SOURCES:
            target = self.folder / source.relative_to(bootstrap.ROOT)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
        (self.folder / "pyproject.toml").write_text(
            '[project]\ndependencies = ["apple>=1,<2", "pear>=1,<2"]\noptional-dependencies.test = ["plum>=1,<2"]\n'
        )
        (self.folder / "requirements.txt").write_text("apple==1.0 \\\n    --hash=sha256:0\npear==1.5\n")
        (self.folder / "requirements-test.txt").write_text("plum==1.0\n")
        self.environment = bootstrap.Environment(self.folder / ".venv")
        self.site = self.environment.site

    def installed(self):
        """Names of the packages that pip has installed, in order, since the last time."""
        log = self.desk / "log"
        lines = log.read_text().split() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def stop(self, name):
        """Let the install of a package wait in the middle."""
        (self.desk / ("stop-" + name)).write_text("")

    def go_on(self):
        """Let what waits go on, and wait no more."""
        for file in self.desk.glob("stop*"):
            file.unlink()

    def process(self, *arguments, **options):
        """Set up in a process of its own."""
        pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        command = [sys.executable, "-P", "-c", ENSURE, str(self.folder), *arguments]
        return subprocess.Popen(command, cwd=self.folder, **pipes, **options)

    def stopped(self, process):
        """Wait until pip waits in the middle, and give the number of its process."""
        wait_until(lambda: process.poll() is not None or (self.desk / "stopped").exists())
        assert process.poll() is None, process.communicate()
        wait_until((self.desk / "stopped").read_text)
        return int((self.desk / "stopped").read_text())


@pytest.fixture
def course(tmp_path, monkeypatch):
    made = Course(tmp_path)
    monkeypatch.setenv("STAND_IN", str(made.desk))
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    monkeypatch.setattr(bootstrap, "ROOT", made.folder)
    return made


def test_a_python_that_is_too_old_gets_one_clear_line():
    with pytest.raises(bootstrap.SetupError, match=r"^Python 3\.10 is too old: the course needs 3\.11"):
        bootstrap.check_python((3, 10, 4))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_an_old_python_can_read_the_files_that_tell_it_so(source):
    ast.parse(source.read_text(encoding="utf-8"), feature_version=(3, 7))


@pytest.mark.parametrize("source", SOURCES, ids=lambda path: path.name)
def test_what_runs_before_the_set_up_imports_the_standard_library_alone(source):
    tree = ast.parse(source.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if not isinstance(node, ast.FunctionDef)]
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names | {"helpers"}


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


@pytest.mark.parametrize(
    "name", ["Python_Levenshtein", "python.levenshtein", "PYTHON-levenshtein", "python-_levenshtein"]
)
def test_spellings_of_one_package_are_one(name):
    assert bootstrap.normalized(name) == "python-levenshtein"


def test_what_it_takes_is_said_and_looked_for_the_first_time_alone(course, capsys, monkeypatch):
    course.environment.make(tests=False)
    assert "Setting up the course in .venv: about 1.6 GB" in capsys.readouterr().err
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**9}))
    course.environment.make(tests=True)
    with (course.folder / "requirements.txt").open("a") as file:
        file.write("fig==1.0\n")
    course.environment.make(tests=False)
    said = capsys.readouterr().err
    assert "Setting up" not in said
    assert said.count("Done. The next start is immediate.") == 2


def test_set_up_is_made_once(course):
    assert course.environment.unfit(tests=False)
    course.environment.make(tests=False)
    assert not course.environment.unfit(tests=False)
    assert course.installed() == ["apple", "pear"]
    arguments = (course.desk / "arguments").read_text()
    assert {"--no-deps", "--require-hashes", "--only-binary=:all:"} < set(arguments.split())
    course.environment.make(tests=False)
    assert course.installed() == []


@pytest.mark.parametrize("forbidden", ["", "1"])
def test_bytecode_of_what_is_imported_is_kept_once_whatever_the_user_has_set(course, monkeypatch, forbidden):
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", forbidden)
    (course.folder / "requirements.txt").write_text("apple==1.0\npear==1.5\nvoyager==2.0\n")
    course.environment.make(tests=False)
    compiled = {file.parent.parent.name for file in course.site.rglob("*.pyc")}
    assert compiled == {"voyager"}


def test_the_tests_bring_their_packages_and_nothing_else(course):
    course.environment.make(tests=False)
    assert course.environment.unfit(tests=True)
    course.installed()
    course.environment.make(tests=True)
    assert course.installed() == ["plum"]
    assert not course.environment.unfit(tests=True)
    assert not course.environment.unfit(tests=False)


def test_a_test_set_up_that_fails_costs_nothing_of_a_finished_one(course):
    course.environment.make(tests=False)
    before = {file: file.stat().st_mtime_ns for file in course.site.rglob("apple*/**/*")}
    (course.desk / "refuse").write_text("ERROR: Network is unreachable")
    with pytest.raises(bootstrap.SetupError, match="cannot be reached"):
        course.environment.make(tests=True)
    assert not course.environment.unfit(tests=False)
    assert {file: file.stat().st_mtime_ns for file in course.site.rglob("apple*/**/*")} == before


def test_the_note_on_the_tests_survives_what_is_done_for_learners(course):
    course.environment.make(tests=True)
    with (course.folder / "requirements.txt").open("a") as file:
        file.write("fig==1.0\n")
    course.installed()
    course.environment.make(tests=False)
    assert course.installed() == ["fig"]
    assert not course.environment.unfit(tests=True)


@posix
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP", "SIGKILL"])
def test_an_interrupted_set_up_leaves_no_pip_and_goes_on_where_it_stopped(course, name):
    course.stop("pear")
    process = course.process()
    pip = course.stopped(process)
    process.send_signal(getattr(signal, name))
    process.communicate()
    wait_until(lambda: not lives(pip))
    assert course.environment.unfit(tests=False)
    course.go_on()
    course.environment.make(tests=False)
    assert not course.environment.unfit(tests=False)
    assert course.installed() == ["apple", "pear"]


@posix
def test_a_set_up_whose_messages_nobody_reads_goes_on(course):
    course.stop("apple")
    process = course.process()
    course.stopped(process)
    process.stderr.close()
    process.stdout.close()
    course.go_on()
    assert process.wait() == 0
    assert not course.environment.unfit(tests=False)


@posix
def test_ctrl_c_while_pip_works_is_one_line(course):
    course.stop("pear")
    pipes = {"stdin": subprocess.DEVNULL, "stderr": subprocess.PIPE, "text": True}
    command = [sys.executable, "-m", "helpers", "recommend", "x"]
    process = subprocess.Popen(command, cwd=course.folder, **pipes)
    pip = course.stopped(process)
    process.send_signal(signal.SIGINT)
    said = process.communicate()[1].splitlines()
    assert said[-1] == interrupts.INTERRUPTED
    assert "Traceback" not in "\n".join(said)
    assert not lives(pip)


@posix
def test_an_interrupted_test_set_up_costs_nothing_of_a_finished_one(course):
    course.environment.make(tests=False)
    course.stop("plum")
    process = course.process("test")
    course.stopped(process)
    process.kill()
    process.communicate()
    assert not course.environment.unfit(tests=False)
    course.go_on()
    course.environment.make(tests=True)
    assert course.installed() == ["apple", "pear", "plum"]


def test_a_second_set_up_waits_for_the_first(course):
    course.stop("pear")
    first = course.process()
    course.stopped(first)
    second = course.process()
    assert "Another set-up of this course is running" in second.stderr.readline()
    course.go_on()
    assert [process.wait() for process in (first, second)] == [0, 0]
    for process in (first, second):
        process.communicate()
    assert course.installed() == ["apple", "pear"]
    assert not (course.desk / "overlap").exists()


@posix
def test_whoever_waits_goes_on_where_a_killed_set_up_stopped(course):
    course.stop("pear")
    first = course.process()
    course.stopped(first)
    second = course.process()
    assert "Another set-up" in second.stderr.readline()
    (course.desk / "stop-pear").rename(course.desk / "stop-nothing")
    course.stop("pear")
    first.kill()
    first.communicate()
    course.go_on()
    second.communicate()
    assert second.returncode == 0
    assert not (course.desk / "overlap").exists()
    assert not course.environment.unfit(tests=False)


@pytest.mark.parametrize("round_", range(int(os.environ.get("COURSE_ROUNDS", "2"))))
def test_many_set_ups_at_once_make_one_environment(course, round_):
    processes = [course.process(*(["test"] if number % 2 else [])) for number in range(4)]
    said = [process.communicate() for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, said
    assert not (course.desk / "overlap").exists()
    assert sorted(course.installed()) == ["apple", "pear", "plum"]
    assert not course.environment.unfit(tests=True)


@pytest.mark.parametrize(
    ("gone", "unfit"),
    [
        ("pear", "pear is gone"),
        ("pear/part", "pear/part is gone"),
        ("pear/__init__.py", "pear/__init__.py is gone"),
        ("pear-1.5.dist-info", "not installed"),
        ("pear-1.5.dist-info/RECORD", "its list of files is gone"),
        ("pear-1.5.dist-info/INSTALLER", "half installed"),
    ],
)
def test_what_is_gone_is_noticed_and_mended_alone(course, gone, unfit, capsys):
    course.environment.make(tests=False)
    course.installed()
    path = course.site / gone
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    assert course.environment.unfit() == {"pear": unfit}
    course.environment.make(tests=False)
    assert course.installed() == ["pear"]
    assert course.environment.unfit() == {}
    assert "Repairing: pear." in capsys.readouterr().err


@pytest.mark.parametrize(("gone", "unfit"), [("pear", {"pear": "pear is gone"}), ("pear/part", {})])
def test_of_a_package_that_conda_installed_only_the_whole_folder_has_to_be_there(course, gone, unfit):
    course.environment.make(tests=False)
    (course.site / "pear-1.5.dist-info" / "INSTALLER").write_text("conda")
    shutil.rmtree(course.site / gone)
    assert bootstrap.broken(["pear"], course.site) == unfit


def test_a_release_out_of_range_is_replaced(course):
    course.environment.make(tests=False)
    notes = (course.site / "pear-1.5.dist-info").rename(course.site / "pear-3.0.dist-info")
    (notes / "RECORD").write_text((notes / "RECORD").read_text().replace("pear-1.5", "pear-3.0"))
    assert course.environment.unfit() == {"pear": "3.0 is not pear>=1,<2"}
    course.installed()
    course.environment.make(tests=False)
    assert course.installed() == ["pear"]


def test_what_cannot_be_mended_offline_does_not_stop_the_rest(course, capsys):
    course.environment.make(tests=False)
    shutil.rmtree(course.site / "pear")
    (course.desk / "refuse").write_text("ERROR: Network is unreachable")
    course.environment.make(tests=False)
    said = capsys.readouterr().err
    assert "cannot be reached" in said
    assert "Continuing without: pear." in said


@posix
def test_an_environment_whose_python_is_gone_is_repaired_with_its_packages(course):
    course.environment.make(tests=False)
    for link in course.environment.python.parent.glob("python*"):
        link.unlink()
        link.symlink_to(course.folder / "uninstalled")
    assert list(course.environment.unfit()) == ["Python"]
    course.installed()
    course.environment.make(tests=False)
    assert course.environment.unfit() == {}
    assert course.installed() == []


def test_a_python_that_this_user_may_not_start_counts_as_gone(course):
    course.environment.make(tests=False)
    course.environment.python.unlink()
    course.environment.python.write_text("not to be started")
    assert list(course.environment.unfit()) == ["Python"]
    assert bootstrap.existing_python() is None


@posix
def test_an_environment_of_a_python_that_is_gone_for_good_is_made_anew(course):
    course.environment.make(tests=False)
    configuration = course.environment.folder / "pyvenv.cfg"
    configuration.write_text(configuration.read_text().replace("version = 3.", "version = 3.9"))
    (course.environment.folder / "lib" / "python3.1").mkdir()
    course.environment.python.unlink()
    course.installed()
    course.environment.make(tests=False)
    assert course.environment.unfit() == {}


def test_a_pip_that_is_gone_is_installed_again(course):
    course.environment.make(tests=False)
    shutil.rmtree(course.site / "pip-1.0.dist-info")
    with (course.folder / "requirements.txt").open("a") as file:
        file.write("fig==1.0\n")
    course.environment.make(tests=False)
    assert (course.site / "pip-1.0.dist-info").exists()
    assert course.installed() == ["apple", "pear", "fig"]


@pytest.mark.parametrize(
    "damage", [b"[]", b"null", b'"x"', b"7", b'{"requirements.txt": tr', b"\xff\xfe\x00", b"", b"[" * 100_000]
)
def test_a_damaged_note_counts_as_none(course, damage):
    course.environment.make(tests=False)
    course.environment.note.write_bytes(damage)
    assert course.environment.unfit(tests=False)
    course.installed()
    course.environment.make(tests=False)
    assert not course.environment.unfit(tests=False)
    assert course.installed() == []


def test_a_folder_with_umlauts_is_set_up_in_every_locale(tmp_path, monkeypatch):
    course = Course(tmp_path / "Übung für Öde")
    monkeypatch.setenv("STAND_IN", str(course.desk))
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    locale = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    process = course.process(env=dict(os.environ, **locale))
    said = process.communicate()
    assert process.returncode == 0, said
    assert course.installed() == ["apple", "pear"]


def test_a_moved_or_copied_folder_with_umlauts_finds_its_own_helpers_in_every_locale(tmp_path, monkeypatch):
    course = Course(tmp_path / "Übung für Öde")
    monkeypatch.setenv("STAND_IN", str(course.desk))
    monkeypatch.setenv("PYTHONPATH", str(STAND_INS))
    monkeypatch.setattr(bootstrap, "ROOT", course.folder)
    course.environment.make(tests=False)
    copy = shutil.copytree(course.folder, tmp_path / "Kopie ß", symlinks=True)
    monkeypatch.delenv("PYTHONPATH")
    for folder in (course.folder, copy):
        for locale in ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, {"PYTHONUTF8": "1"}):
            python = bootstrap.Environment(folder / ".venv").python
            code = "import helpers; import os; print(os.fsencode(helpers.__file__))"
            done = subprocess.run(
                [python, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=dict(os.environ, **locale)
            )
            assert done.stdout.strip() == str(os.fsencode(folder / "helpers" / "__init__.py")), done.stderr


def test_modules_of_the_learner_never_stand_for_pythons_own(course):
    names = ["json", "random", "argparse", "subprocess", "signal", "threading", "typing", "csv", "platform", "tempfile"]
    for name in names:
        (course.folder / f"{name}.py").write_text("raise SystemExit('the wrong one')")
    run = {"capture_output": True, "text": True, "cwd": course.folder}
    done = subprocess.run([sys.executable, "-m", "helpers", "--help"], **run)
    assert done.returncode == 0, done.stderr
    code = f"import {', '.join(names)}, types, helpers.course.bootstrap; print(helpers.__file__)"
    done = subprocess.run([sys.executable, "-P", "-c", code], env=bootstrap.child_environment(), **run)
    assert done.returncode == 0, done.stderr
    assert Path(done.stdout.strip()) == bootstrap.PATH.parents[1] / "__init__.py"


def test_a_python_that_cannot_read_the_course_is_told_so_in_one_line():
    old = "import runpy, sys; sys.version_info = (3, 8, 18); runpy.run_module('helpers', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", old], cwd=bootstrap.ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert done.stderr.startswith("This Python is too old: the course needs 3.11 or newer.")
    assert done.stderr.count("\n") == 1


def test_the_folder_of_the_helpers_runs_as_a_program_from_anywhere(course):
    (course.folder / "json.py").write_text("raise SystemExit('the wrong one')")
    run = {"capture_output": True, "text": True, "env": dict(os.environ, PYTHONSAFEPATH="1", PYTHONPATH="")}
    for helpers, place in [(course.folder / "helpers", Path(course.folder.anchor)), ("helpers", course.folder)]:
        done = subprocess.run([sys.executable, "-S", str(helpers), "--help"], cwd=place, **run)
        assert done.returncode == 0, done.stderr
        assert "doctor" in done.stdout


def test_the_readme_names_every_module_that_cannot_be_kept_from_standing_for_pythons_own(course):
    run = {"capture_output": True, "text": True, "cwd": course.folder}
    probe = subprocess.run([sys.executable, "-c", "import runpy, sys; print(*sys.modules)"], **run)
    found = set()
    for name in set(probe.stdout.split()) & sys.stdlib_module_names:
        own = course.folder / f"{name}.py"
        own.write_text("raise SystemExit('the wrong one')")
        if subprocess.run([sys.executable, "-B", "-m", "helpers", "--help"], **run).returncode:
            found.add(name)
        own.unlink()
    readme = (bootstrap.PATH.parents[2] / "README.md").read_text(encoding="utf-8")
    assert found
    assert found <= set(re.findall(r"`(\w+)[.]py`", readme))


@pytest.mark.parametrize(
    ("printed", "line"),
    [
        ("OSError: [Errno 28] No space left on device", "the disk is full"),
        ("PermissionError: [Errno 13] Permission denied: '/x'", "no permission to write"),
        ("OSError: [Errno 30] Read-only file system: '/x'", "no permission to write"),
        (
            "NewConnectionError: Failed to establish a new connection\nERROR: No matching distribution found for x",
            "cannot be reached",
        ),
        ("ERROR: No matching distribution found for numpy==2.4.6 (from -r x)", "has no numpy for this system"),
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", "its checksum differs"),
        ("The virtual environment was not created because ensurepip is not available", "python3-venv"),
        ("Error: Refusing to create a venv in /a:b because it contains the PATH separator :.", "Move the course"),
        ("fine\nERROR: something else\nbye", "ERROR: something else"),
    ],
)
def test_each_cause_of_a_failed_set_up_gets_one_line(printed, line):
    explained = bootstrap.explain(printed)
    assert line in explained
    assert "\n" not in explained


@pytest.mark.parametrize(
    ("system", "version", "macos", "libc", "says"),
    [
        ("linux-x86_64", (3, 15), "", "glibc 2.36", "no packages for Python 3.15 yet"),
        ("win-arm64", (3, 12), "", "", "Windows on ARM"),
        ("win32", (3, 12), "", "", "32-bit"),
        ("macosx-11.0-arm64", (3, 12), "13.7", "", "this is macOS 13.7"),
        ("macosx-10.9-universal2", (3, 12), "12.1", "", "macOS"),
        ("linux-armv7l", (3, 12), "", "glibc 2.36", "linux-armv7l"),
        ("linux-x86_64", (3, 12), "", "musl 1.2", "Alpine"),
        ("linux-x86_64", (3, 12), "", "glibc 2.17", "older than glibc 2.28"),
    ],
)
def test_a_system_without_packages_is_named(system, version, macos, libc, says, monkeypatch):
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "arm64")
    assert says in bootstrap.lacks_packages(system, version, macos, libc)


@pytest.mark.parametrize("version", [(3, 11), (3, 12), (3, 13), (3, 14)])
@pytest.mark.parametrize("system", ["linux-x86_64", "linux-aarch64", "win-amd64"])
def test_a_system_with_packages_is_not_refused(system, version):
    assert bootstrap.lacks_packages(system, version, "", "glibc 2.28") is None


def test_a_mac_with_an_intel_processor_is_named(monkeypatch):
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "x86_64")
    assert "Intel" in bootstrap.lacks_packages("macosx-10.13-universal2", (3, 13), "15.1")
    monkeypatch.setattr(bootstrap.platform, "machine", lambda: "arm64")
    assert bootstrap.lacks_packages("macosx-10.13-universal2", (3, 13), "14.0") is None


def test_a_system_without_packages_is_told_before_anything_is_made(course, monkeypatch):
    monkeypatch.setattr(bootstrap, "lacks_packages", lambda: "no packages.")
    with pytest.raises(bootstrap.SetupError, match="^Set-up is not possible here: no packages.$"):
        course.environment.make(tests=False)
    assert not course.environment.folder.exists()


def test_a_full_disk_is_noticed_before_the_download(course, monkeypatch):
    monkeypatch.setattr(bootstrap.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 10**9}))
    with pytest.raises(bootstrap.SetupError, match="disk is full"):
        course.environment.make(tests=False)
    assert not course.environment.folder.exists()


def test_a_folder_that_cannot_be_written_is_told_in_one_line(course, monkeypatch):
    def refuse(*_):
        raise PermissionError(13, "Permission denied", str(course.folder))

    monkeypatch.setattr(bootstrap.Environment, "_make_python", refuse)
    with pytest.raises(bootstrap.SetupError, match="no permission to write in") as caught:
        course.environment.make(tests=False)
    assert "\n" not in str(caught.value)


def test_a_failing_command_of_the_set_up_is_told_in_one_line(course, capsys):
    course.environment.make(tests=False)
    capsys.readouterr()
    (course.desk / "refuse").write_text("Collecting pandas\nERROR: Could not fetch: Network is unreachable")
    with pytest.raises(bootstrap.SetupError, match="installing packages: the package index cannot be reached"):
        bootstrap.pip(course.environment.python, [], 3)
    assert "[1/3] pandas" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("printed", "kind"),
    [
        ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE", bootstrap.WrongChecksumError),
        ("ERROR: Network is unreachable", bootstrap.SetupError),
    ],
)
def test_a_package_that_is_another_one_is_told_apart_from_other_failures(course, printed, kind):
    course.environment.make(tests=False)
    (course.desk / "refuse").write_text(printed)
    with pytest.raises(bootstrap.SetupError) as caught:
        bootstrap.pip(course.environment.python, [], 3)
    assert caught.type is kind


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("Collecting annotated-doc==0.0.7 (from -r x (line 1))", "annotated-doc"),
        ("Requirement already satisfied: numpy==2.4.6 in /x", "numpy"),
        ("Processing /opt/wheels/argon2_cffi-25.1.0-py3-none-any.whl (from -r x)", "argon2_cffi"),
        (r"Processing c:\\wheels\\zope.interface-1.0-cp312-none-win_amd64.whl", "zope.interface"),
    ],
)
def test_progress_knows_the_package_that_pip_has_reached(line, name):
    assert bootstrap.re.match(bootstrap.REACHED, line)[1] == name


class Index(http.server.BaseHTTPRequestHandler):
    """Answers a request once it is let."""

    def do_GET(self):
        self.server.asked.set()
        self.server.may_answer.wait()
        self.send_response(403)
        self.end_headers()

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def index():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Index) as server:
        server.asked, server.may_answer = threading.Event(), threading.Event()
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server, f"http://127.0.0.1:{server.server_port}/"
        server.may_answer.set()
        server.shutdown()


def test_a_slow_index_is_waited_for():
    with index() as (server, address):
        answers = []
        asking = threading.Thread(target=lambda: answers.append(bootstrap.answers(address)))
        asking.start()
        server.asked.wait()
        assert answers == []
        server.may_answer.set()
        asking.join()
    assert answers == [True]


def test_an_index_that_never_answers_is_given_up():
    with index() as (_, address):
        assert not bootstrap.answers(address, seconds=0.2)


def test_an_index_that_is_not_there_is_not_waited_for():
    with index() as (server, address):
        pass
    assert server
    assert not bootstrap.answers(address, seconds=3600)


@pytest.fixture
def torch(course, monkeypatch):
    """A course that needs PyTorch for the CPU, and what pip was asked for."""
    (course.folder / "requirements.txt").write_text("apple==1.0\ntorch==2.13.0 \\\n    --hash=sha256:0\n")
    course.asked, course.fails = [], lambda arguments: None

    def pip(python, arguments, *_, **more):
        course.asked.append((list(map(str, arguments)), more))
        if failure := course.fails(arguments):
            raise failure

    monkeypatch.setattr(bootstrap, "needs_cpu_torch", lambda: True)
    monkeypatch.setattr(bootstrap, "answers", lambda address: True)
    monkeypatch.setattr(bootstrap, "pip", pip)
    return course


def nothing_local(arguments):
    return bootstrap.SetupError("nothing there") if "--no-index" in arguments else None


def test_torch_for_the_cpu_may_lie_in_a_folder_that_pip_is_set_to_use(torch):
    torch.environment.make(tests=False)
    assert "--no-index" in torch.asked[0][0]
    assert len(torch.asked) == 2


def test_a_newer_torch_of_a_newer_lock_is_one_for_the_cpu_too(torch):
    torch.environment.make(tests=False)
    (torch.site / "torch-2.13.0+cpu.dist-info").mkdir()
    lock = torch.folder / "requirements.txt"
    lock.write_text(lock.read_text().replace("2.13.0", "2.14.0"))
    torch.asked.clear()
    torch.environment.make(tests=False)
    assert ["--no-index" in arguments for arguments, _ in torch.asked] == [True, False]


def test_torch_comes_from_the_cpu_index_first_and_is_waited_for(torch):
    torch.fails = nothing_local
    torch.environment.make(tests=False)
    first, rest = torch.asked[1][0], torch.asked[2][0]
    assert first[first.index("--index-url") + 1] == "https://download.pytorch.org/whl/cpu"
    assert int(first[first.index("--timeout") + 1]) >= 60
    assert int(first[first.index("--retries") + 1]) >= 3
    assert "--require-hashes" in first
    assert "--index-url" not in rest


def test_a_cpu_index_that_does_not_answer_is_not_asked(torch, monkeypatch, capsys):
    torch.fails = nothing_local
    monkeypatch.setattr(bootstrap, "answers", lambda address: False)
    torch.environment.make(tests=False)
    assert all("--index-url" not in arguments for arguments, _ in torch.asked)
    assert "does not answer" in capsys.readouterr().err


def test_a_build_of_torch_that_the_lock_does_not_list_is_taken_from_its_index(torch, capsys):
    def fails(arguments):
        unlisted = "--index-url" in arguments and "--require-hashes" in arguments
        return bootstrap.WrongChecksumError("no") if unlisted else nothing_local(arguments)

    torch.fails = fails
    torch.environment.make(tests=False)
    assert torch.asked[2][0][-1] == "torch==2.13.0+cpu"
    assert "--require-hashes" not in torch.asked[2][0]
    assert capsys.readouterr().err.count("does not list this build") == 1
    assert torch.environment.state()


@pytest.mark.parametrize(
    ("system", "tool", "needed"), [("linux", None, True), ("linux", "/bin/nvidia-smi", False), ("darwin", None, False)]
)
def test_only_linux_without_an_nvidia_card_needs_torch_for_the_cpu(monkeypatch, system, tool, needed):
    monkeypatch.setattr(sys, "platform", system)
    monkeypatch.setattr(shutil, "which", lambda program: tool)
    monkeypatch.setattr(bootstrap, "Path", lambda path: Path("not there"))  # the driver's folder
    assert bootstrap.needs_cpu_torch() is needed


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere there is one build")
@pytest.mark.parametrize(("version", "more"), [("2.13.0", True), ("2.13.0+cpu", False)])
def test_a_torch_for_nvidia_cards_brings_what_it_needs(torch, version, more):
    torch.site.mkdir(parents=True)
    (torch.site / f"torch-{version}.dist-info").mkdir()
    (torch.environment.folder / "pyvenv.cfg").write_text("version = {}.{}.0".format(*sys.version_info))
    torch.environment.held = None
    torch.environment._pip(torch.folder / "requirements.txt", {"torch"})
    assert (torch.asked[-1] == (["torch==2.13.0"], {"needs_too": True})) is more


def test_a_satisfied_python_serves_as_it_is(monkeypatch):
    monkeypatch.setattr(bootstrap, "unmet", lambda requirements: {})
    monkeypatch.setattr(bootstrap, "broken", lambda: {})
    monkeypatch.setattr(bootstrap.Environment, "make", lambda *_: pytest.fail("nothing is to be made"))
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    assert bootstrap.ensure(tests=True) is None


@pytest.mark.parametrize("tests", [False, True])
def test_packages_of_the_tests_are_added_to_an_active_environment_for_tests_alone(monkeypatch, tmp_path, tests):
    added = []
    monkeypatch.setattr(bootstrap, "unmet", lambda needs: {"pytest>=8": None} if "pytest>=8" in needs else {})
    monkeypatch.setattr(bootstrap, "ranges", lambda tests=False: ["numpy>=2", *(["pytest>=8"] if tests else [])])
    monkeypatch.setattr(bootstrap, "broken", lambda: {})
    monkeypatch.setattr(bootstrap.sysconfig, "get_path", lambda name: str(tmp_path))
    monkeypatch.setattr(bootstrap, "pip", lambda python, wanted, *_, **__: added.extend(wanted))
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    assert bootstrap.ensure(tests) is None
    assert added == (["pytest>=8"] if tests else [])


def test_a_python_that_the_system_manages_is_not_added_to(monkeypatch, tmp_path):
    (tmp_path / "EXTERNALLY-MANAGED").touch()
    monkeypatch.setattr(bootstrap, "unmet", lambda needs: {"pytest>=8": None})
    monkeypatch.setattr(bootstrap, "broken", lambda: {})
    monkeypatch.setattr(bootstrap.sysconfig, "get_path", {"stdlib": str(tmp_path)}.get)
    monkeypatch.setattr(bootstrap, "pip", lambda *_, **__: pytest.fail("nothing may be installed"))
    with pytest.raises(bootstrap.SetupError, match='^The tests need: pip install "pytest>=8"$'):
        bootstrap.use_active(tests=True)


def test_doctor_looks_at_the_environment_that_commands_would_use(course, monkeypatch):
    assert bootstrap.existing_python() is None
    course.environment.make(tests=False)
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    monkeypatch.setattr(bootstrap, "unmet", lambda needs, folder=None: {"apple": None})
    assert bootstrap.existing_python() == course.environment.python
    course.environment.note.unlink()  # begun, and never finished
    assert bootstrap.existing_python() is None


def test_an_active_environment_that_is_not_whole_is_told_with_the_cure(monkeypatch):
    monkeypatch.setattr(bootstrap, "unmet", lambda requirements: {})
    monkeypatch.setattr(bootstrap, "broken", lambda: {"pytest": "pytest is gone"})
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    with pytest.raises(bootstrap.SetupError, match="pytest is gone. Fix it: .*--force-reinstall --no-deps pytest=="):
        bootstrap.ensure()


def test_a_finished_set_up_is_handed_over_to_without_a_new_one(course, monkeypatch):
    course.environment.make(tests=False)
    course.installed()
    monkeypatch.setattr(bootstrap.sys, "prefix", "/somewhere/else")
    assert bootstrap.ensure() == course.environment.python
    assert course.installed() == []


def test_the_note_says_what_was_installed(course):
    course.environment.make(tests=False)
    note = json.loads(course.environment.note.read_text())
    assert note == {"requirements.txt": bootstrap.fingerprint(course.folder / "requirements.txt")}


def test_the_note_of_an_older_course_still_counts(course):
    course.environment.make(tests=False)
    course.environment.note.write_text(json.dumps(dict(course.environment.state(), finished=True)))
    assert not course.environment.unfit(tests=False)


def test_the_command_line_starts_on_a_bare_python():
    root = str(bootstrap.ROOT)
    code = f"import sys; sys.path.insert(0, {root!r}); import helpers.course.commands; print(sorted(sys.modules))"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert not {"numpy", "pandas", "torch"} & set(ast.literal_eval(done.stdout))
