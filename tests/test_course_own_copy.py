import datetime
import json
import os
import shutil
import subprocess
import sys
from argparse import Namespace

import nbformat
import pytest

from helpers.course import bootstrap, launch, own_copy

RACE = "from helpers.course import own_copy; own_copy.bring_up_to_date()"


def notebook(*sources):
    cells = [nbformat.v4.new_markdown_cell("# Title", id="title")]
    for number, source in enumerate(sources):
        output = nbformat.v4.new_output("stream", name="stdout", text=f"answer {number}\n")
        cells.append(
            nbformat.v4.new_code_cell(source, id=f"cell-{number}", outputs=[output], execution_count=number + 1)
        )
    return nbformat.v4.new_notebook(cells=cells)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course of two notebooks, and an empty folder of a learner's."""
    (tmp_path / "course" / "notebooks").mkdir(parents=True)
    monkeypatch.setattr(own_copy, "ORIGINALS", tmp_path / "course" / "notebooks")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "mine"))
    for name in ("00_start_here", "01_concepts"):
        publish(name, "1 + 1", "print('ü')")
    return tmp_path


def publish(name, *sources):
    nbformat.write(notebook(*sources), own_copy.ORIGINALS / f"{name}.ipynb")


def own(name="01_concepts"):
    return own_copy.folder() / f"{name}.ipynb"


def sources(path):
    return [cell.source for cell in nbformat.read(path, as_version=4).cells[1:]]


def work(path, text="my work", run=True):
    """What a learner does: write into a cell, and run it."""
    found = nbformat.read(path, as_version=4)
    found.cells[1].source = text
    if run:
        found.cells[1].outputs = [nbformat.v4.new_output("stream", name="stdout", text="seen\n")]
    nbformat.write(found, path)


def test_the_glossary_lies_beside_the_copies_and_follows_the_course(course):
    for text in ("# Glossary\n", "# Glossary\n\n**hub**\n"):
        (own_copy.ORIGINALS / "GLOSSARY.md").write_text(text, encoding="utf-8")
        own_copy.bring_up_to_date()
        assert (own_copy.folder() / "GLOSSARY.md").read_text(encoding="utf-8") == text


def test_a_copy_has_the_cells_and_no_outputs_and_the_course_keeps_its_own(course):
    before = (own_copy.ORIGINALS / "01_concepts.ipynb").read_bytes()
    assert own_copy.bring_up_to_date() == []
    copied = nbformat.read(own(), as_version=4)
    nbformat.validate(copied)
    assert sources(own()) == ["1 + 1", "print('ü')"]
    assert all(cell.outputs == [] and cell.execution_count is None for cell in copied.cells[1:])
    assert (own_copy.ORIGINALS / "01_concepts.ipynb").read_bytes() == before


def test_every_notebook_of_the_course_has_its_copy(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    assert own_copy.bring_up_to_date() == []
    originals = sorted((bootstrap.ROOT / "notebooks").glob("*.ipynb"))
    assert [path.name for path in sorted((tmp_path / "notebooks").glob("*.ipynb"))] == [path.name for path in originals]
    for original in originals:
        copied = nbformat.read(tmp_path / "notebooks" / original.name, as_version=4)
        nbformat.validate(copied)
        assert [cell.source for cell in copied.cells] == [
            cell.source for cell in nbformat.read(original, as_version=4).cells
        ]


@pytest.mark.parametrize("run", [True, False])
def test_what_a_learner_has_written_or_run_is_never_overwritten(course, run):
    own_copy.bring_up_to_date()
    work(own(), "my work" if not run else "1 + 1", run)
    before = own().read_bytes()
    for version in ("2 + 2", "3 + 3"):
        publish("01_concepts", version)
        assert own_copy.bring_up_to_date() == ["01"]
    assert own().read_bytes() == before
    publish("01_concepts", "1 + 1", "print('ü')")
    assert own_copy.bring_up_to_date() == []


def test_a_copy_in_which_nothing_was_done_follows_the_course(course):
    own_copy.bring_up_to_date()
    nbformat.write(nbformat.read(own(), as_version=4), own())  # as an editor saves it
    publish("01_concepts", "2 + 2")
    assert own_copy.bring_up_to_date() == []
    assert sources(own()) == ["2 + 2"]


def test_what_is_current_is_not_even_written(course):
    own_copy.bring_up_to_date()
    before = own().stat().st_mtime_ns
    own_copy.bring_up_to_date()
    assert own().stat().st_mtime_ns == before


def test_a_copy_that_was_deleted_and_a_notebook_that_is_new_are_made(course):
    own_copy.bring_up_to_date()
    own().unlink()
    publish("02_more", "3")
    own_copy.bring_up_to_date()
    assert own().exists()
    assert own("02_more").exists()


def test_renewing_keeps_the_old_one_each_time_under_another_name(course):
    own_copy.bring_up_to_date()
    original = own_copy.ORIGINALS / "01_concepts.ipynb"
    for text in ("first", "second", "third"):
        work(own(), text)
        own_copy.renew(original)
    today = datetime.date.today()
    kept = [own(f"01_concepts-{today}{more}") for more in ("", "-2", "-3")]
    assert [sources(path)[0] for path in kept] == ["first", "second", "third"]
    assert sources(own())[0] == "1 + 1"
    assert own_copy.bring_up_to_date() == []
    assert len(list(own_copy.folder().glob("*.ipynb"))) == 5


@pytest.mark.parametrize(
    "text", ["", "{", "[]", "null", '{"cells": 7}', '{"cells": [{}], "metadata": []}', "[" * 100_000, "\udcff"]
)
def test_a_damaged_copy_is_left_alone_and_can_be_renewed(course, text):
    own_copy.bring_up_to_date()
    own().write_text(text, encoding="utf-8", errors="surrogateescape")
    own_copy.bring_up_to_date()
    assert own().read_text(encoding="utf-8", errors="surrogateescape") == text
    kept = own_copy.renew(own_copy.ORIGINALS / "01_concepts.ipynb")
    assert kept.read_text(encoding="utf-8", errors="surrogateescape") == text
    assert sources(own())[0] == "1 + 1"


def test_notebooks_of_the_learners_own_stay_as_they_are(course):
    own_copy.bring_up_to_date()
    nbformat.write(notebook("mine"), own("my_own"))
    shutil.copy(own_copy.ORIGINALS / "00_start_here.ipynb", own())  # not a copy of ours, under our name
    before = own().read_bytes()
    assert own_copy.bring_up_to_date() == []
    assert own().read_bytes() == before
    assert sources(own("my_own")) == ["mine"]


@pytest.mark.parametrize("round_", range(int(os.environ.get("COURSE_ROUNDS", "1"))))
def test_several_starts_at_once_make_one_whole_copy(tmp_path, round_):
    environment = dict(os.environ, COURSE_HOME=str(tmp_path))
    command = [sys.executable, "-c", RACE]
    started = [subprocess.Popen(command, env=environment, cwd=bootstrap.ROOT) for _ in range(4)]
    assert [process.wait() for process in started] == [0] * 4
    made = sorted((tmp_path / "notebooks").iterdir())
    originals = sorted(path.name for path in (bootstrap.ROOT / "notebooks").glob("*.ipynb"))
    assert [path.name for path in made if path.name not in (".lock", "helpers", "GLOSSARY.md")] == originals
    for path in made:
        if path.suffix == ".ipynb":
            json.loads(path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("home", ["course/my_course", "on another drive/ü"])
def test_helpers_and_the_data_are_found_from_the_copy_without_being_told(tmp_path, monkeypatch, home):
    """An editor starts a kernel with a Python that has the packages, in the notebook's folder."""
    root = tmp_path / "course"
    shutil.copytree(bootstrap.ROOT / "helpers", root / "helpers", ignore=shutil.ignore_patterns("__pycache__"))
    (root / "data").symlink_to(bootstrap.ROOT / "data", target_is_directory=True)
    monkeypatch.setattr(own_copy, "ROOT", root)
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / home))
    own_copy.bring_up_to_date()
    if home.startswith("course"):
        root = root.rename(tmp_path / "moved")  # both together
        home = home.replace("course/", "moved/")
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    code = "import helpers; from helpers.data import load_movies; print(helpers.__file__, len(load_movies()))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path / home / "notebooks",
        env=environment,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    assert done.stdout.split(" ", 1)[0] == str(root / "helpers" / "__init__.py"), done.stderr
    assert done.stdout.split()[-1].isdigit()


@pytest.mark.parametrize("named", [".", "./", "helpers/.."])
def test_the_courses_own_notebooks_are_never_taken_for_the_learners(monkeypatch, named):
    monkeypatch.setenv("COURSE_HOME", named)
    with pytest.raises(ValueError, match="COURSE_HOME may not be the course's own folder"):
        own_copy.bring_up_to_date()


@pytest.fixture
def started(course, monkeypatch):
    """Run `start` up to JupyterLab: what it would be told."""
    told = []
    monkeypatch.setattr(launch, "run_child", lambda command, **_: told.append(command) or 0)

    def start(**options):
        defaults = {"notebook": None, "renew": None, "yes": False, "port": 8888, "no_browser": True}
        launch.start_course(Namespace(**dict(defaults, **options)))
        return told[-1]

    return start


def test_start_opens_the_copy_where_the_learner_may_write(started, course):
    command = started()
    assert f"--notebook-dir={course / 'mine'}" in command
    assert "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb" in command


@pytest.mark.parametrize(
    ("options", "opened"),
    [({"notebook": "01"}, "01_"), ({"renew": ["01"]}, "01_"), ({"notebook": "00", "renew": ["01"]}, "00_")],
)
def test_start_opens_the_notebook_that_is_named_or_the_first_that_is_renewed(started, options, opened):
    assert f"/notebooks/{opened}" in " ".join(started(yes=True, **options))
    with pytest.raises(ValueError, match="^there is no notebook '3'; choose from 00, 01$"):
        started(notebook="3")


def test_start_opens_the_copy_beside_the_course_with_the_course_in_sight(started, monkeypatch, course):
    monkeypatch.setattr(bootstrap, "ROOT", course)
    monkeypatch.setenv("COURSE_HOME", str(course / "my_course"))
    command = started()
    assert f"--notebook-dir={course}" in command
    assert "--LabApp.default_url=/lab/tree/my_course/notebooks/00_start_here.ipynb" in command


def test_start_says_once_which_notebooks_are_newer_and_how_to_take_them(started, capsys):
    started()
    assert "newer" not in capsys.readouterr().err
    work(own())
    publish("01_concepts", "2 + 2")
    started()
    said = [line for line in capsys.readouterr().err.splitlines() if "newer" in line]
    assert len(said) == 1
    assert said[0].startswith("The course has a newer version of 01. Yours stays as it is")
    assert said[0].endswith("python3 -m helpers start --renew 01")


@pytest.mark.parametrize(
    ("answer", "renewed"), [("y\n", True), ("yes\n", True), ("\n", False), ("no\n", False), ("", False)]
)
def test_renewing_asks_first(started, monkeypatch, answer, renewed):
    started()
    work(own())

    class Terminal:
        def isatty(self):
            return True

        def readline(self):
            return answer

    monkeypatch.setattr(sys, "stdin", Terminal())
    command = started(renew=["01"])
    assert sources(own())[0] == ("1 + 1" if renewed else "my work")
    assert any(option.endswith("/01_concepts.ipynb") for option in command)


def test_renewing_without_a_terminal_needs_yes(started):
    started()
    work(own())
    with pytest.raises(ValueError, match="where nobody can answer, add --yes"):
        started(renew=["01"])
    assert sources(own())[0] == "my work"
    started(renew=["01"], yes=True)
    assert sources(own())[0] == "1 + 1"


def test_a_number_that_no_notebook_has_is_told_with_those_that_there_are(started):
    with pytest.raises(ValueError, match="^there is no notebook '07'; choose from 00, 01$"):
        started(renew=["00", "07"], yes=True)
