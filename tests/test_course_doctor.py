"""The doctor: its table is complete whatever is broken, and what it sends people to mends what it found."""

import json
import os
import shutil
import subprocess
import sys
import types
from pathlib import Path

import pytest

from helpers import data, home
from helpers.course import bootstrap, doctor
from helpers.evaluation import results

NAMES = [
    "Python", "Packages", "Course", "Your folder", "Disk", "Encoder", "Films", "Listings", "Ratings", "Vectors",
    "Recipes", "Reference figures", "Data files",
]  # fmt: skip


@pytest.fixture
def copied(course_folder, monkeypatch):
    """The course's files in a folder of their own, to damage."""
    monkeypatch.setattr(results, "DATA_DIR", course_folder)
    for file in (bootstrap.ROOT / "data").iterdir():
        (course_folder / file.name).write_bytes(file.read_bytes())
    return course_folder


@pytest.fixture
def found(monkeypatch):
    """Look, and give findings by name; the packages are not looked at again and again."""
    monkeypatch.setattr(bootstrap, "broken", lambda *_, **__: {})
    monkeypatch.setattr(doctor, "_course", lambda: "found")
    return lambda: {finding.name: finding for finding in doctor.examine()}


def wrong(findings):
    return {name for name, finding in findings.items() if not finding.fine}


def test_everything_is_in_place():
    done = subprocess.run(
        [sys.executable, "-m", "helpers", "doctor", "--json"], cwd=bootstrap.ROOT, capture_output=True, text=True
    )
    findings = {finding["name"]: finding for finding in json.loads(done.stdout)}
    assert list(findings) == NAMES
    # That an environment knows this very folder depends on how it was made, which tests need not care about.
    others = [finding for name, finding in findings.items() if name != "Course"]
    assert all(finding["fine"] for finding in others), others
    assert done.returncode == (0 if findings["Course"]["fine"] else 1)


def test_the_list_of_published_files_is_the_folder_of_data():
    files = {path.name for path in (bootstrap.ROOT / "data").iterdir()} - {data.CHECKSUMS, "reference_results.json"}
    listed = [line.split("  ")[1] for line in (data.DATA_DIR / data.CHECKSUMS).read_text().splitlines()]
    assert files == set(listed)


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("movies.csv", {"Films", "Vectors"}),
        ("listings_raw.csv", {"Listings"}),
        ("duplicates.csv", {"Listings"}),
        ("ratings.csv", {"Ratings"}),
        ("vectors.npz", {"Vectors"}),
        ("recipes.csv", {"Recipes"}),
        ("reference_results.json", {"Reference figures"}),
        ("LICENSE", set()),
        ("README.md", set()),
        ("SHA256SUMS", set()),
    ],
)
@pytest.mark.parametrize("damage", ["emptied", "gone", "a folder"])
def test_every_file_of_data_is_looked_at(copied, found, file, rows, damage):
    (copied / file).unlink()
    if damage == "emptied":
        (copied / file).write_bytes(b"")
    elif damage == "a folder":
        (copied / file).mkdir()
    findings = found()
    assert list(findings) == NAMES
    assert wrong(findings) == rows | ({"Data files"} if file != "reference_results.json" else set())


def test_one_other_byte_is_noticed_and_named(copied, found):
    text = (copied / "ratings.csv").read_bytes()
    (copied / "ratings.csv").write_bytes(text.replace(b"4.5", b"4.0", 1))
    assert found()["Data files"].seen == "not as published: ratings.csv"


def test_a_list_of_checksums_that_lost_a_line_is_a_fault(copied, found):
    lines = (copied / data.CHECKSUMS).read_text().splitlines()
    (copied / data.CHECKSUMS).write_text("\n".join(line for line in lines if "vectors" not in line) + "\n")
    assert found()["Data files"].seen == "not as published: vectors.npz, vectors_mpnet.npz"


def test_the_table_is_complete_whatever_a_look_raises(monkeypatch):
    def fall(*_, **__):
        raise ZeroDivisionError("something\nodd")

    for place, names in {
        bootstrap: ["unmet", "broken"],
        subprocess: ["run"],
        home: ["course_home"],
        shutil: ["disk_usage"],
        data: ["load_movies", "load_raw_listings", "load_ratings", "changed_files"],
    }.items():
        for name in names:
            monkeypatch.setattr(place, name, fall)
    monkeypatch.setattr(bootstrap, "own_environment", lambda: (None, False))
    findings = doctor.examine()
    assert [finding.name for finding in findings] == NAMES
    assert {finding.seen for finding in findings if not finding.fine} == {"something odd"}
    assert sum(not finding.fine for finding in findings) >= 9


def test_it_looks_without_any_package():
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name in ('numpy', 'pandas', 'platformdirs', 'filelock'): raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        "from helpers.course import bootstrap, doctor\n"
        "bootstrap.unmet = lambda *_: {'numpy>=2': None}\n"
        "bootstrap.own_environment = lambda: (None, False)\n"
        "print(*doctor.lines(doctor.examine()), sep='\\n')\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=bootstrap.ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert [name for name in NAMES if f"  {name}: " in done.stdout] == NAMES
    assert f"FIX   Packages: numpy>=2 (found: none)\n      {doctor.START}" in done.stdout
    assert f"FIX   Films: cannot be checked while packages are missing (numpy)\n      {doctor.START}" in done.stdout


@pytest.mark.parametrize(("free", "fine"), [(0, False), (900_000_000, False), (1_100_000_000, True)])
def test_a_disk_that_is_nearly_full_is_noticed(monkeypatch, found, free, fine):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: types.SimpleNamespace(free=free))
    assert found()["Disk"].fine is fine


def test_a_folder_that_cannot_be_written_is_noticed(monkeypatch, found, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file" / "mine"))
    finding = found()["Your folder"]
    assert not finding.fine
    assert "COURSE_HOME=" in finding.mend


def test_a_course_folder_that_cannot_be_written_is_told(monkeypatch, found, tmp_path):
    monkeypatch.delenv("COURSE_HOME")
    monkeypatch.setattr(home, "course_home", lambda: tmp_path / "elsewhere")
    assert found()["Your folder"].seen == f"{tmp_path / 'elsewhere'} (the course's own folder is read-only)"


def test_looking_writes_nothing_into_the_users_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "mine"))
    monkeypatch.setattr(doctor, "_encoder", lambda: "")  # notes which weights it has checked
    doctor.examine()
    assert not (tmp_path / "mine").exists()


def bare_environment(folder, pth=None):
    """A Python without packages, that may know a course's folder."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = bootstrap.Environment(folder).python
    if pth:
        ask = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site = subprocess.run([python, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        (Path(site) / "course.pth").write_text(f"{pth}\n")
    return python


@pytest.mark.parametrize("knows", ["this folder", "another folder", "no folder"])
def test_an_environment_that_does_not_know_the_course_is_noticed(tmp_path, monkeypatch, knows):
    (tmp_path / "old" / "helpers").mkdir(parents=True)
    (tmp_path / "old" / "helpers" / "__init__.py").write_text("")
    place = {"this folder": bootstrap.ROOT, "another folder": tmp_path / "old", "no folder": None}[knows]
    python = bare_environment(tmp_path / "venv", place)
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setattr(sys, "prefix", str(tmp_path / "venv"))
    monkeypatch.delenv("PYTHONPATH", raising=False)
    monkeypatch.setenv("PYTHONPATH", bootstrap.child_environment()["PYTHONPATH"])  # what commands add proves nothing
    finding = doctor._look("Course", "", doctor._course)
    assert finding.fine == (knows == "this folder"), finding
    if knows == "another folder":
        assert str(tmp_path / "old") in finding.seen
    if knows != "this folder":
        assert finding.mend == f'"{python}" -m pip install --no-deps --editable "{bootstrap.ROOT}"'


@pytest.mark.skipif(os.name == "nt", reason="there, paths have one encoding")
def test_a_folder_with_umlauts_is_found_in_every_locale(tmp_path):
    course = tmp_path / "Öde"
    (course / "helpers").mkdir(parents=True)
    (course / "helpers" / "__init__.py").touch()
    venv = course / "venv"
    python = bare_environment(venv, os.path.relpath(course, bootstrap.Environment(venv).site))
    code = (
        "import pathlib, sys\n"
        "from helpers import home\n"
        "from helpers.course import doctor\n"
        "home.ROOT, sys.executable = pathlib.Path(sys.argv[1]), sys.argv[2]\n"
        "print(doctor._look('Course', '', doctor._course))\n"
    )
    variables = dict(os.environ, PYTHONPATH="", LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0")
    command = [sys.executable, "-c", code, course, python]
    done = subprocess.run(command, cwd=bootstrap.ROOT, env=variables, capture_output=True, text=True)
    assert "fine=True" in done.stdout, done.stdout + done.stderr


def test_a_package_whose_folder_is_gone_is_named_with_the_command_that_brings_it_back(monkeypatch):
    monkeypatch.setattr(bootstrap, "own_environment", lambda: (None, False))
    monkeypatch.setattr(bootstrap, "broken", lambda: {"pandas": "pandas/core is gone"})
    finding = doctor._look("Packages", doctor.START, doctor._packages)
    assert (finding.fine, finding.seen) == (False, "pandas: pandas/core is gone")
    assert finding.mend.startswith(f'"{sys.executable}" -m pip install --force-reinstall --no-deps pandas==')


def test_in_the_courses_own_environment_start_mends_what_is_gone(monkeypatch):
    own = types.SimpleNamespace(unfit=lambda: {"pandas": "pandas/core is gone", "helpers": "unknown"})
    monkeypatch.setattr(bootstrap, "own_environment", lambda: (own, True))
    packages = doctor._look("Packages", doctor.START, doctor._packages)
    assert packages == ("Packages", False, "pandas: pandas/core is gone", doctor.START)
    assert doctor._look("Course", doctor.START, doctor._course) == ("Course", False, "unknown", doctor.START)


@pytest.mark.skipif(not shutil.which("git"), reason="needs git")
def test_the_command_for_data_brings_them_back(tmp_path, monkeypatch):
    course = tmp_path / "course"
    (course / "data").mkdir(parents=True)
    (course / "data" / "movies.csv").write_text("right")

    def git(*arguments):
        who = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        subprocess.run(["git", *who, *arguments], cwd=course, check=True, capture_output=True)

    git("init")
    git("add", "data")
    git("commit", "-m", "data")
    monkeypatch.setattr(home, "ROOT", course)
    (course / "data" / "movies.csv").unlink()
    subprocess.run(doctor._restore().split(), cwd=course, check=True, capture_output=True)
    assert (course / "data" / "movies.csv").read_text() == "right"


def test_without_git_nobody_is_sent_to_git(tmp_path, monkeypatch):
    monkeypatch.setattr(home, "ROOT", tmp_path)
    assert "git" not in doctor._restore().replace(str(tmp_path), "")


def test_where_nothing_is_wrong_one_line_says_so():
    assert doctor.lines([]) == ["Everything is in place."]
    full = doctor.Finding("Disk", False, "0.1 GB free", "Free 1 GB.")
    assert doctor.lines([full]) == ["FIX   Disk: 0.1 GB free", "      Free 1 GB."]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_a_file_that_cannot_be_read_is_a_finding(copied, found):
    (copied / "movies.csv").chmod(0)
    assert wrong(found()) == {"Films", "Vectors", "Data files"}
