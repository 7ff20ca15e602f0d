"""Every exercise answers as it should: to the reference, a blank, each usual mistake, and other correct answers."""

import importlib
import inspect
import subprocess
import sys
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
import solve_notebooks
from alternatives import ALTERNATIVES

from helpers.course.bootstrap import ROOT
from helpers.exercises import ch03, checker, values
from helpers.exercises.checker import Exercise, Mistake

CHAPTERS = {
    path.stem: importlib.import_module(f"helpers.exercises.{path.stem}")
    for path in sorted((ROOT / "helpers" / "exercises").glob("ch[0-9]*.py"))
}
EXERCISES = [exercise for chapter in CHAPTERS.values() for exercise in chapter.EXERCISES]
MISTAKES = [(exercise, mistake) for exercise in EXERCISES for mistake in exercise.mistakes]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

every_exercise = pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)


def given(exercise, make):
    """The answer that a function stands for: itself where a function is asked for, else what it returns."""
    return make if exercise.wants_function else make()


@every_exercise
def test_the_reference_passes(exercise):
    feedback = exercise.examine(exercise.answer())
    assert feedback.state == "correct", feedback


@every_exercise
def test_the_blank_is_not_attempted(exercise):
    blank = (lambda *arguments: ...) if exercise.wants_function else ...
    assert exercise.examine(blank).state == "blank"


@pytest.mark.parametrize(("exercise", "mistake"), MISTAKES, ids=[f"{e.number} {m.name}" for e, m in MISTAKES])
def test_a_usual_mistake_is_recognized(exercise, mistake):
    feedback = exercise.examine(given(exercise, mistake.answer))
    assert feedback.state == "wrong"
    assert mistake.message in feedback.message


@every_exercise
def test_it_knows_two_mistakes_or_more_and_says_something_else_to_each(exercise):
    assert len(exercise.mistakes) >= 2
    assert len({mistake.message for mistake in exercise.mistakes}) == len(exercise.mistakes)
    assert len({mistake.name for mistake in exercise.mistakes}) == len(exercise.mistakes)


@every_exercise
def test_another_correct_answer_passes(exercise):
    assert ALTERNATIVES[exercise.number]
    for alternative in ALTERNATIVES[exercise.number]:
        feedback = exercise.examine(given(exercise, alternative))
        assert feedback.state == "correct", feedback


@every_exercise
def test_hints_get_more_direct_and_the_solution_is_the_code_that_runs(exercise, capsys):
    assert len(set(exercise.hints)) == len(exercise.hints) >= 2
    for _ in range(len(exercise.hints) + 1):
        exercise.hint()
    printed = capsys.readouterr().out
    assert all(printed.count(hint) >= 1 for hint in exercise.hints)
    exercise._hints_given = 0
    exercise.solution()
    assert inspect.getsource(exercise.reference).strip() in capsys.readouterr().out
    assert exercise.reference.__name__ != "<lambda>"


@every_exercise
@pytest.mark.parametrize(
    "answer", [None, "", [], {}, -1, np.nan, pd.DataFrame(), object(), {1}, lambda: 1 / 0, Exception]
)
def test_nothing_that_is_given_raises(exercise, answer, capsys):
    exercise.check(answer)
    assert f"Exercise {exercise.number}" in capsys.readouterr().out


@every_exercise
def test_who_skips_goes_on_with_the_reference(exercise):
    assert exercise.examine(exercise.catch_up(...)).state == "correct"
    mine = exercise.answer()
    if exercise.form is None:
        assert exercise.catch_up(mine) is mine


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_notebook_has_three_to_five_exercises_and_an_open_one(name):
    exercises = CHAPTERS[name].EXERCISES
    assert 3 <= len(exercises) <= 5
    assert sum(bool(exercise.rubric) for exercise in exercises) >= 1
    assert [exercise.number for exercise in exercises] == [f"{int(name[2:])}.{n}" for n in range(1, len(exercises) + 1)]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_asks_every_exercise_of_its_module_once(path):
    chapter = solve_notebooks.chapter_of(path)
    cells = nbformat.read(path, as_version=4).cells
    code = "\n".join(cell.source for cell in cells if cell.cell_type == "code")
    asked = [name for name, _ in solve_notebooks.CHECK.findall(code)]
    assert [getattr(chapter, name) for name in asked] == chapter.EXERCISES
    assert "ex.progress()" in code
    text = "\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    for exercise in chapter.EXERCISES:
        assert f"> **{exercise.number} {exercise.title}" in text


def test_a_solved_notebook_is_a_notebook_that_nbval_runs(tmp_path):
    """One is enough here: tests/test_exercises_walk.py runs the solved cells of all."""
    path = NOTEBOOKS[0]
    nbformat.write(solve_notebooks.solve(path), tmp_path / path.name)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "conftest", "-p", "no:cacheprovider", "-n", "0"]
    command += ["-c", str(ROOT / "pyproject.toml"), "--rootdir", str(tmp_path), str(tmp_path / path.name)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]


def double(number):
    """Twice a number."""
    return 2 * number


DOUBLE = Exercise(
    "9.1",
    "Twice",
    double,
    inputs=[(2,), (3,)],
    random_inputs=lambda rng: (float(rng.normal()),),
    mistakes=[Mistake("squared", "You squared it.", lambda number: number**2)],
    hints=["Think.", "2 * number"],
)


def wrong(exercise, answer):
    feedback = exercise.examine(answer)
    assert feedback.state == "wrong"
    return feedback.message


def test_the_exception_of_the_learner_is_shown_with_its_line():
    def divide(number):
        return number / 0

    message = wrong(DOUBLE, divide)
    assert "Called with 2" in message and "ZeroDivisionError" in message and "return number / 0" in message


def test_a_function_is_tried_on_random_numbers_too():
    assert "is right" in wrong(DOUBLE, lambda number: {2: 4, 3: 6}.get(number, 0))


def test_a_function_that_changes_its_arguments_harms_nobody_and_is_told_so():
    total = Exercise("9.2", "Sum", lambda numbers: sum(numbers), inputs=[([1, 2],)], mistakes=[], hints=["sum"])

    def greedy(numbers):
        result = 0
        while numbers:
            result += numbers.pop()
        return result

    for _ in range(2):
        assert "your function changes its argument numbers" in wrong(total, greedy)
    assert total.catch_up(greedy)([1, 2]) == 3  # the notebook continues with the course's own
    assert "is right" in wrong(total, lambda numbers: len(numbers) * numbers.pop() - 9)  # wrong beats careless


def test_calling_the_function_or_forgetting_to_is_noticed():
    value = Exercise("9.3", "Value", lambda: 1, mistakes=[], hints=["1"])
    assert "without calling it" in wrong(DOUBLE, 4)
    assert "Call it" in wrong(value, lambda: 1)
    assert "return" in wrong(DOUBLE, lambda number: None)
    assert "None" in wrong(value, None)


def difference(answer, expected):
    return values.difference(values.settle(answer), expected)


def ranking_difference(answer, expected, scores):
    return values.ranking_of(values.settle(answer), expected, scores)[1]


@pytest.mark.parametrize(
    ("answer", "expected", "same"),
    [
        (0.1 + 0.2, 0.3, True),
        (1, True, False),
        (np.float32(0.5), 0.5, True),
        ("0.5", 0.5, False),
        (float("nan"), 0.5, False),
        ([1, 2], np.array([1, 2]), True),
        (pd.Series([1, 2], index=[8, 9]), [1, 2], True),
        ([2, 1], [1, 2], False),
        ([1, 2, 3], [1, 2], False),
        ("Alien ", "alien", True),
        (["a", "b"], {"b", "a"}, True),
        (["a"], {"b", "a"}, False),
        ({"a": 1.0, "z": 2}, {"a": 1}, True),
        ({"a": 2}, {"a": 1}, False),
        (["x", "y"], ["x", "y"], True),
        ([["x"]], ["x"], False),
        ([["a", "b"], ["c"]], [["a", "b"], ["c"]], True),
        ([["a"], ["b", "c"]], [["a", "b"], ["c"]], False),
    ],
)
def test_values_compare_as_a_person_would(answer, expected, same):
    assert (difference(answer, expected) is None) is same


def test_frames_compare_by_column_and_row():
    frame = pd.DataFrame({"a": [1.0, 2.0]}, index=[7, 8])
    assert difference(frame.assign(b=1), frame) is None
    assert "'a' is missing" in difference(frame.rename(columns={"a": "b"}), frame)
    assert "order" in difference(frame[::-1], frame)
    assert "rows" in difference(frame[:1], frame)
    assert "Column 'a'" in difference(frame + 1, frame)
    assert "DataFrame" in difference(frame["a"], frame)


def test_ids_with_equal_scores_may_change_places():
    scores = pd.Series({1: 0.9, 2: 0.5, 3: 0.5, 4: 0.1})
    assert ranking_difference([1, 3, 2], [1, 2, 3], scores) is None
    assert ranking_difference(np.array([1, 2]), [1, 3], scores) is None
    assert "order" in ranking_difference([2, 1, 3], [1, 2, 3], scores)
    assert "twice" in ranking_difference([1, 2, 2], [1, 2, 3], scores)
    assert "has 3" in ranking_difference([1, 2], [1, 2, 3], scores)
    assert "not one of the ids" in ranking_difference([1, 2, 9], [1, 2, 3], scores)
    assert "second" in ranking_difference([1, 4, 3], [1, 2, 3], scores)


def test_ticks_are_kept_in_a_local_file(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "deep"))
    progress = checker.make_progress([DOUBLE])
    DOUBLE.check(lambda number: number)
    progress()
    assert "[ ] 9.1 Twice" in capsys.readouterr().out
    DOUBLE.check(double)
    progress()
    assert "[x] 9.1 Twice" in capsys.readouterr().out
    (tmp_path / "deep" / "progress.json").write_text("{broken")
    progress()
    assert "0 of 1" in capsys.readouterr().out


def test_a_stretch_exercise_is_marked_and_not_counted():
    shown = checker.progress_of(ch03.EXERCISES, {"3.5"})
    assert shown.startswith("0 of 4 exercises") and "[x] 3.5 ★ " in shown


def test_a_tick_that_cannot_be_kept_does_not_stop_the_lesson(tmp_path, monkeypatch, capsys):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("COURSE_HOME", str(tmp_path / "file"))
    DOUBLE.check(double)
    assert "correct" in capsys.readouterr().out


def test_what_a_learner_wrote_is_escaped_in_the_box():
    feedback = Exercise("9.4", "Text", lambda: "a", mistakes=[], hints=["a"]).examine("<img src=x onerror=alert(1)>")
    assert "<img" in repr(feedback)
    assert "<img" not in feedback._repr_html_()


def test_without_an_environment_variable_the_ticks_lie_in_the_course_folder(monkeypatch):
    monkeypatch.delenv("COURSE_HOME")
    assert checker.progress_file() == ROOT / "my_course" / "progress.json"
    assert "my_course/" in Path(ROOT / ".gitignore").read_text()
