"""Where the course writes for a user: in a shared or read-only folder, and from several processes at once."""

import errno
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

import pytest

from helpers import home
from helpers.course.bootstrap import ROOT
from helpers.exercises import checker

ROUNDS = 50
TICK = "import sys; from helpers.exercises import checker; checker._remember(sys.argv[1])"
MANY = """
import sys
from helpers.exercises import checker
sys.stdin.readline()  # all processes begin at once
for number in range(int(sys.argv[1])):
    checker._remember(f"{sys.argv[2]}.{number}")
"""


@pytest.fixture
def course(monkeypatch, tmp_path):
    """Give a course folder of its own, with COURSE_HOME not set."""
    folder = tmp_path / "course"
    folder.mkdir()
    monkeypatch.delenv("COURSE_HOME", raising=False)
    monkeypatch.setattr(home, "ROOT", folder)
    home.can_write.cache_clear()
    yield folder
    home.can_write.cache_clear()


def refuse(monkeypatch, *folders, number=errno.EACCES):
    """Make folders as good as read-only, also for root."""
    real = tempfile.TemporaryFile

    def temporary_file(*arguments, dir=None, **options):
        if dir in folders:
            raise OSError(number, os.strerror(number))
        return real(*arguments, dir=dir, **options)

    monkeypatch.setattr(tempfile, "TemporaryFile", temporary_file)


def test_it_is_a_folder_beside_the_notebooks(course):
    assert home.course_home() == course / "my_course"
    assert home.cache_folder() == course / "my_course" / "cache"


def test_a_folder_that_cannot_be_written_sends_it_to_the_user(course, monkeypatch):
    import platformdirs

    refuse(monkeypatch, course)
    assert home.course_home() == platformdirs.user_data_path("recommend-with-vectors", appauthor=False)


def test_what_another_user_began_in_a_shared_folder_is_left_alone(course, monkeypatch):
    (course / "my_course").mkdir()
    refuse(monkeypatch, course / "my_course")
    assert course not in home.course_home().parents


def test_a_full_disk_sends_it_nowhere_else(course, monkeypatch):
    refuse(monkeypatch, course, number=errno.ENOSPC)
    assert home.course_home() == course / "my_course"


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="needs a user whom permissions bind")
def test_permissions_are_obeyed(course):
    course.chmod(0o555)
    assert course not in home.course_home().parents


@pytest.mark.parametrize("named", ["mine", "./mine", "~nobody-of-this-name/mine"])
def test_a_relative_course_home_is_the_same_from_every_working_directory(course, monkeypatch, tmp_path, named):
    monkeypatch.setenv("COURSE_HOME", named)
    here = home.course_home()
    monkeypatch.chdir(tmp_path)
    assert home.course_home() == here == course / named


def test_an_absolute_course_home_stands_as_it_is(course, monkeypatch, tmp_path):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "mine"))
    assert home.course_home() == tmp_path / "mine"


def test_processes_at_once_never_lose_each_others_ticks(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    command = [sys.executable, "-c", MANY, str(ROUNDS)]
    processes = [
        subprocess.Popen([*command, str(chapter)], stdin=subprocess.PIPE, text=True, cwd=ROOT) for chapter in range(3)
    ]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    assert [process.wait() for process in processes] == [0, 0, 0]
    for process in processes:
        process.stdin.close()
    assert checker._done() == {f"{chapter}.{number}" for chapter in range(3) for number in range(ROUNDS)}


def test_threads_at_once_never_lose_each_others_ticks(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    numbers = [f"1.{number}" for number in range(ROUNDS)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(checker._remember, numbers))
    assert checker._done() == set(numbers)


def test_a_kill_while_a_tick_is_written_costs_no_other_tick(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    checker._remember("1.1")
    dies = "import os, pathlib; pathlib.Path.replace = lambda *_: os._exit(9); " + TICK
    assert subprocess.run([sys.executable, "-c", dies, "1.2"], cwd=ROOT).returncode == 9
    assert checker._done() == {"1.1"}
    checker._remember("1.3")
    assert checker._done() == {"1.1", "1.3"}
    assert not list(tmp_path.glob("*.tmp"))


def test_of_a_progress_file_that_was_cut_the_readable_ticks_are_kept(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    checker.progress_file().write_bytes(b'["1.1", "1.2", "2.\xff')
    checker._remember("3.1")
    assert json.loads(checker.progress_file().read_text()) == ["1.1", "1.2", "3.1"]


def test_ticks_that_cannot_be_read_now_are_not_replaced(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    checker.progress_file().mkdir()
    checker._remember("1.1")
    assert checker._done() == set()
    assert checker.progress_file().is_dir()
    assert "COURSE_HOME" in capsys.readouterr().out


def test_a_lock_that_is_never_freed_costs_a_tick_and_no_lesson(tmp_path, monkeypatch, capsys):
    from filelock import FileLock

    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    monkeypatch.setattr(checker, "LOCK_TIMEOUT", 0)
    with FileLock(tmp_path / "progress.lock"):
        checker._remember("1.1")
    assert "could not be kept" in capsys.readouterr().out
    assert checker._done() == set()
