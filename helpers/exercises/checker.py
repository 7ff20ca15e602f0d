"""The checker: an exercise knows its reference answer, the usual mistakes, and what to say about each.

A wrong answer is recognised by computing the same mistake: every `Mistake` holds code that makes it, so that tests
can run each of them, and the message is about what the learner did.
"""

from __future__ import annotations

import copy
import html
import inspect
import json
import re
import sys
import textwrap
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from filelock import FileLock

from helpers.home import course_home

TOLERANCE = 1e-6
LOCK_TIMEOUT = 60  # seconds to wait for another notebook that keeps a tick: longer than any takes
STATES = {  # what is said, the sign, the colour of the box's edge (Okabe and Ito: colour-blind-safe)
    "blank": ("not attempted yet", "○", "#56B4E9"),
    "wrong": ("not yet", "✗", "#D55E00"),
    "correct": ("correct", "✓", "#009E73"),
}


class Mistake(NamedTuple):
    """A usual mistake: its name, what to say to who made it, and the code that makes it."""

    name: str
    message: str
    answer: Callable


class Feedback:
    """What a check says: a coloured box in a notebook, the same words anywhere else."""

    def __init__(self, number: str, state: str, message: str):
        self.number, self.state, self.message = number, state, message.strip()

    def __repr__(self) -> str:
        said, sign, _ = STATES[self.state]
        return f"{sign} Exercise {self.number}: {said}. {self.message}".rstrip()

    def _repr_html_(self) -> str:
        color = STATES[self.state][2]
        style = f"border-left:6px solid {color};padding:6px 12px;white-space:pre-wrap;max-width:60em"
        return f'<div role="status" style="{style}">{html.escape(repr(self))}</div>'


class Exercise:
    """One exercise of a notebook.

    Parameters
    ----------
    number, title : str
        As in the notebook, such as ``"1.2"`` and ``"Cosine by hand"``.
    reference : callable
        For an exercise whose answer is a value: a function without arguments that computes it. For one whose answer
        is a function: that function. Its source is the solution that learners see.
    mistakes : sequence of Mistake
        Wrong answers that are usual, in the same form as `reference`.
    hints : sequence of str
        Each more direct than the one before.
    inputs : sequence of tuple, optional
        Given, the answer is a function: arguments to call it with.
    random_inputs : callable, optional
        From a `numpy.random.Generator` to one tuple of arguments; called a few times, always with the same seeds.
    scores : callable, optional
        Given, the answer is a ranking of ids: a function without arguments that gives the score of every id. Ids with
        equal scores may stand in any order.
    judge : callable, optional
        Given, the exercise is an open one: from an answer to a message about what is wrong with it, or None.
    rubric : sequence of str
        For an open exercise: what to look for in one's own answer, beyond what a machine can judge.
    tolerance : float
        How far a number may be from the reference, absolutely.
    praise : str
        What is worth remembering, said with *correct*.
    """

    def __init__(
        self,
        number: str,
        title: str,
        reference: Callable,
        *,
        mistakes: Sequence[Mistake],
        hints: Sequence[str],
        inputs: Sequence[tuple] = (),
        random_inputs: Callable | None = None,
        scores: Callable | None = None,
        judge: Callable | None = None,
        rubric: Sequence[str] = (),
        tolerance: float = TOLERANCE,
        praise: str = "",
    ):
        self.number, self.title, self.reference = number, title, reference
        self.mistakes, self.hints, self.rubric = list(mistakes), list(hints), list(rubric)
        self.inputs, self.random_inputs = list(inputs), random_inputs
        self.scores, self.judge, self.tolerance, self.praise = scores, judge, tolerance, praise
        self._hints_given = 0

    @property
    def wants_function(self) -> bool:
        """Whether the answer is a function."""
        return bool(self.inputs)

    def answer(self) -> Any:
        """Give the reference answer: the value, or the function."""
        return self.reference if self.wants_function else self.reference()

    def check(self, answer: Any) -> None:
        """Say whether an answer is right, and if not, what is wrong. Never raises, whatever the answer is."""
        feedback = self.examine(answer)
        if feedback.state == "correct":
            _remember(self.number)
        _show(feedback)

    def examine(self, answer: Any) -> Feedback:
        """Judge an answer: state ``"blank"``, ``"wrong"`` or ``"correct"``, and a message."""
        try:
            if self._is_blank(answer):
                return Feedback(self.number, "blank", "Replace the ... and run the cell again; .hint() helps.")
            wrong = self._what_is_wrong(answer)
        except Exception as error:  # an answer may be anything, with any behaviour of its own
            wrong = f"Your answer could not be compared: {type(error).__name__}: {error}"
        if wrong is not None:
            return Feedback(self.number, "wrong", wrong)
        return Feedback(self.number, "correct", "\n".join([self.praise, *self._rubric_lines()]))

    def hint(self) -> None:
        """Print the next hint; the last one again when all were given."""
        place = min(self._hints_given, len(self.hints) - 1)
        self._hints_given += 1
        print(f"Hint {place + 1} of {len(self.hints)} for exercise {self.number}: {self.hints[place]}")

    def solution(self) -> None:
        """Print the source of the reference answer: the code that the check itself runs."""
        print(f"One solution of exercise {self.number}:\n\n{textwrap.dedent(inspect.getsource(self.reference))}")

    def catch_up(self, answer: Any) -> Any:
        """Give the answer back if it is right, else the reference answer, so that the notebook can go on."""
        if self.examine(answer).state == "correct":
            return answer
        print(f"Exercise {self.number}: the notebook goes on with the course's own answer.")
        return self.answer()

    def _is_blank(self, answer: Any) -> bool:
        if answer is ... or (isinstance(answer, (tuple, list)) and any(part is ... for part in answer)):
            return True
        if isinstance(answer, dict) and any(part is ... for part in answer.values()):
            return True
        return self.wants_function and callable(answer) and self._call(answer, self.inputs[0])[0] is ...

    def _what_is_wrong(self, answer: Any) -> str | None:
        if self.wants_function and not callable(answer):
            return f"The answer is a function; you gave {_kind(answer)}. Give the function itself, without calling it."
        if callable(answer) and not self.wants_function:
            return "The answer is a value; you gave a function. Call it, and give what it returns."
        if answer is None:
            return "Your answer is None. Did a function end without return, or a method work in place?"
        difference = self._difference(answer)
        if difference is None:
            return None
        made = (mistake.message for mistake in self.mistakes if self.judge is None and self._agree(answer, mistake))
        return next(made, difference)

    def _difference(self, answer: Any) -> str | None:
        """Say how an answer differs from the reference; None if it does not."""
        if self.judge is not None:
            return self.judge(answer)
        if self.wants_function:
            return self._difference_of_functions(answer)
        if self.scores is not None:
            return ranking_difference(answer, self.reference(), self.scores(), self.tolerance)
        return difference(answer, self.reference(), self.tolerance)

    def _difference_of_functions(self, function: Callable) -> str | None:
        for arguments in self._all_inputs():
            returned, error = self._call(function, arguments)
            called = f"Called with {', '.join(_brief(argument) for argument in arguments)},"
            if error is not None:
                return f"{called} your function stopped: {error}"
            if returned is None:
                return f"{called} your function returned None. Is there a return at its end?"
            expected, _ = self._call(self.reference, arguments)
            unlike = difference(returned, expected, self.tolerance)
            if unlike is not None:
                return f"{called} your function returned {_brief(returned)}; {_brief(expected)} is right. {unlike}"
        return None

    def _agree(self, answer: Any, mistake: Mistake) -> bool:
        """Whether an answer is the one that the mistake leads to."""
        if self.wants_function:
            return all(
                self._same_outcome(self._call(answer, arguments), self._call(mistake.answer, arguments))
                for arguments in self._all_inputs()
            )
        return difference(answer, mistake.answer(), self.tolerance) is None

    def _same_outcome(self, one: tuple, other: tuple) -> bool:
        if one[1] is not None or other[1] is not None:
            return one[1] is not None and other[1] is not None
        if one[0] is None or other[0] is None:
            return one[0] is other[0]
        return difference(one[0], other[0], self.tolerance) is None

    def _all_inputs(self) -> list[tuple]:
        if self.random_inputs is None:
            return self.inputs
        return self.inputs + [self.random_inputs(np.random.default_rng(seed)) for seed in range(5)]

    def _call(self, function: Callable, arguments: tuple) -> tuple[Any, str | None]:
        """Call a function on copies of the arguments; give what it returned, and what it raised, in words."""
        try:
            return function(*copy.deepcopy(arguments)), None
        except Exception as error:
            last = traceback.extract_tb(error.__traceback__)[-1]
            where = f" in the line `{last.line}`" if last.line else ""
            return None, f"{type(error).__name__}: {error}{where}"

    def _rubric_lines(self) -> list[str]:
        if not self.rubric:
            return []
        return [
            "That is all a machine can judge. Ask yourself, or a neighbour:",
            *(f"- {line}" for line in self.rubric),
        ]


def difference(answer: Any, expected: Any, tolerance: float = TOLERANCE) -> str | None:
    """Say how an answer differs from what is expected, without giving it away; None if it does not differ.

    Lists, tuples, arrays and Series are the same when they hold the same values in the same order. A DataFrame may
    have more columns than expected. Text is compared without regard to case.
    """
    if isinstance(expected, pd.DataFrame):
        return _frame_difference(answer, expected, tolerance)
    if isinstance(expected, dict):
        return _dict_difference(answer, expected, tolerance)
    if isinstance(expected, (set, frozenset)):
        return _set_difference(answer, expected)
    if isinstance(expected, (list, tuple)) and any(isinstance(part, (list, tuple, np.ndarray)) for part in expected):
        return _nested_difference(answer, expected, tolerance)
    if isinstance(expected, str):
        if not isinstance(answer, str):
            return f"The answer is a text; you gave {_kind(answer)}."
        return None if answer.strip().casefold() == expected.casefold() else f"It is not {_brief(answer)}."
    if np.ndim(expected) == 0 and not isinstance(expected, (list, tuple)):
        return _number_difference(answer, expected, tolerance)
    return _array_difference(answer, np.asarray(expected), tolerance)


def ranking_difference(answer: Any, expected: Sequence, scores: pd.Series, tolerance: float = TOLERANCE) -> str | None:
    """Say how a ranking of ids differs from the expected one; ids with equal scores may change places."""
    ids = answer.index.tolist() if isinstance(answer, (pd.Series, pd.DataFrame)) else _as_list(answer)
    if ids is None:
        return f"The answer is a list of ids, best first; you gave {_kind(answer)}."
    if len(ids) != len(expected):
        return f"The answer has {len(expected)} ids; yours has {len(ids)}."
    strange = [identifier for identifier in ids if identifier not in scores.index]
    if strange:
        return f"{_brief(strange[0])} is not an id that can stand there."
    if len(set(ids)) < len(ids):
        return "An id stands there twice."
    wanted = scores.loc[list(expected)].to_numpy(dtype=float)
    got = scores.loc[ids].to_numpy(dtype=float)
    places = np.flatnonzero(np.abs(wanted - got) > tolerance)
    if not len(places):
        return None
    if set(ids) == set(expected):
        return f"The ids are right, their order is not: look at place {places[0] + 1}."
    return f"The {_ordinal(places[0] + 1)} id is not the one that belongs there."


def progress_of(exercises: Sequence[Exercise], done: set[str]) -> str:
    """Write the exercises of a notebook as a list with ticks."""
    lines = [
        f"[{'x' if exercise.number in done else ' '}] {exercise.number} {exercise.title}" for exercise in exercises
    ]
    count = sum(exercise.number in done for exercise in exercises)
    return "\n".join([f"{count} of {len(exercises)} exercises of this notebook are done.", *lines])


def make_progress(exercises: Sequence[Exercise]) -> Callable[[], None]:
    """Make the function `progress` of a notebook's module."""

    def progress() -> None:
        """Print the exercises of this notebook, with a tick for each that was answered correctly."""
        print(progress_of(exercises, _done()))

    return progress


def progress_file() -> Path:
    """Where the ticks are kept, on this machine only."""
    return course_home() / "progress.json"


def _done() -> set[str]:
    try:
        return _read_ticks()
    except OSError:
        return set()


def _read_ticks() -> set[str]:
    """Read the ticks: none if there is no file yet; of a damaged file, those that can still be read."""
    try:
        text = progress_file().read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return set()
    return set(re.findall(r'"(\d+\.\d+)"', text))


def _remember(number: str) -> None:
    """Keep a tick; a folder that cannot be written costs the tick, not the lesson.

    Notebooks may run side by side: whoever adds a tick holds a lock while it reads the file and writes it anew.
    """
    file = progress_file()
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock"), timeout=LOCK_TIMEOUT):
            done = _read_ticks()
            if number not in done:
                temporary = file.with_suffix(".tmp")
                temporary.write_text(json.dumps(sorted(done | {number})), encoding="utf-8")
                temporary.replace(file)
    except (OSError, NotImplementedError) as error:  # the second: a file system without locks
        print(f"This tick could not be kept in {file.parent} ({error}). COURSE_HOME may name another folder.")


def _show(feedback: Feedback) -> None:
    """Display in a notebook, print anywhere else."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        sys.modules["IPython"].display.display(feedback)
    else:
        print(feedback)


def _number_difference(answer: Any, expected: Any, tolerance: float) -> str | None:
    if isinstance(answer, (str, bytes)) or np.ndim(answer) > 0 or isinstance(answer, (dict, set)):
        return f"The answer is one {'truth value' if _is_bool(expected) else 'number'}; you gave {_kind(answer)}."
    if _is_bool(expected) != _is_bool(answer):
        return f"The answer is {'True or False' if _is_bool(expected) else 'a number'}; you gave {_brief(answer)}."
    if np.isclose(answer, expected, rtol=0, atol=tolerance, equal_nan=True):
        return None
    return f"It is not {_brief(answer)}."


def _array_difference(answer: Any, expected: np.ndarray, tolerance: float) -> str | None:
    if isinstance(answer, (str, bytes, dict, set)) or np.ndim(answer) == 0:
        return f"The answer has {_count(len(expected))}; you gave {_kind(answer)}."
    got = np.asarray(answer)
    if got.shape != expected.shape:
        return f"The answer has shape {expected.shape}; yours has {got.shape}."
    if expected.dtype.kind in "OUS":
        unlike = np.array([str(a) != str(b) for a, b in zip(got.ravel(), expected.ravel(), strict=True)])
    elif got.dtype.kind not in "biuf":
        return f"The answer holds numbers; yours holds {_brief(got.ravel()[0])}."
    else:
        unlike = ~np.isclose(got.ravel(), expected.ravel(), rtol=0, atol=tolerance, equal_nan=True)
    if not unlike.any():
        return None
    first = np.unravel_index(np.flatnonzero(unlike)[0], expected.shape)
    place = " ".join(str(int(number)) for number in first)
    return f"{unlike.sum()} of {_count(expected.size)} differ, first at place {place} (counted from 0): {got[first]!s}."


def _frame_difference(answer: Any, expected: pd.DataFrame, tolerance: float) -> str | None:
    if not isinstance(answer, pd.DataFrame):
        return f"The answer is a DataFrame; you gave {_kind(answer)}."
    absent = [column for column in expected if column not in answer]
    if absent:
        return f"The column '{absent[0]}' is missing (found: {', '.join(map(str, answer.columns))})."
    if len(answer) != len(expected):
        return f"The answer has {len(expected)} rows; yours has {len(answer)}."
    if not answer.index.equals(expected.index):
        same = set(answer.index) == set(expected.index)
        return "The rows are right, their order is not." if same else "The index does not name the rows expected."
    for column in expected:
        unlike = _array_difference(answer[column], expected[column].to_numpy(), tolerance)
        if unlike is not None:
            return f"Column '{column}': {unlike}"
    return None


def _dict_difference(answer: Any, expected: dict, tolerance: float) -> str | None:
    if not isinstance(answer, dict):
        return f"The answer is a dictionary; you gave {_kind(answer)}."
    for key, value in expected.items():
        if key not in answer:
            return f"The key {key!r} is missing."
        unlike = difference(answer[key], value, tolerance)
        if unlike is not None:
            return f"For {key!r}: {unlike}"
    return None


def _set_difference(answer: Any, expected: set | frozenset) -> str | None:
    members = _as_list(answer)
    if members is None:
        return f"The answer is a set or a list; you gave {_kind(answer)}."
    found = set(members)
    if found == expected:
        return None
    extra, absent = len(found - expected), len(expected - found)
    return f"{_count(extra, 'member')} too many, {_count(absent, 'member')} missing."


def _nested_difference(answer: Any, expected: Sequence, tolerance: float) -> str | None:
    parts = _as_list(answer)
    if parts is None or len(parts) != len(expected):
        return f"The answer has {_count(len(expected), 'part')}; you gave {_brief(answer)}."
    unlike = (difference(part, wanted, tolerance) for part, wanted in zip(parts, expected, strict=True))
    return next((f"Part {number}: {text}" for number, text in enumerate(unlike, start=1) if text is not None), None)


def _as_list(answer: Any) -> list | None:
    if isinstance(answer, (str, bytes, dict)) or not hasattr(answer, "__iter__"):
        return None
    return [item.item() if isinstance(item, np.generic) else item for item in answer]


def _is_bool(value: Any) -> bool:
    return isinstance(value, (bool, np.bool_))


def _kind(value: Any) -> str:
    name = type(value).__name__
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"


def _brief(value: Any) -> str:
    """A value in at most 60 characters."""
    if isinstance(value, (float, np.floating)):
        return f"{value:.4g}"
    if isinstance(value, np.generic):
        value = value.item()
    text = " ".join(repr(value.tolist() if isinstance(value, np.ndarray) else value).split())
    return text if len(text) <= 60 else text[:57] + "..."


def _count(number: int, noun: str = "value") -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")


def _ordinal(number: int) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th")
