"""The checker: an exercise knows its reference answer, the usual mistakes, and what to say about each.

A wrong answer is recognized by computing the same mistake: every `Mistake` holds code that makes it, so that tests
can run each of them, and the message is about what the learner did.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import functools
import html
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from filelock import FileLock

from helpers.exercises.running import Outcome, call, quiet, read
from helpers.exercises.texts import repeated
from helpers.exercises.values import (
    ROUNDED,
    TOLERANCE,
    as_argument,
    as_like,
    both_brief,
    difference,
    kind_of,
    name_of_form,
    outline,
    ranking_of,
    same_form,
    settle,
)
from helpers.home import ROOT, course_home

LOCK_TIMEOUT = 60  # seconds to wait for another notebook that keeps something: longer than any takes
STATES = {  # what is said, the sign, the color of the box's edge (Okabe and Ito: color-blind-safe)
    "blank": ("not attempted yet", "○", "#56B4E9"),
    "wrong": ("not yet", "✗", "#D55E00"),
    "correct": ("correct", "✓", "#009E73"),
}


REMEMBERS = (
    "Your function keeps something from one call to the next, such as a list or a sum: make that within the function, "
    "at its beginning. When called again with the same arguments, it gives something else. {}"
)
SLIPS: dict[str, Callable] = {  # what is said, and what is done to the right result, whatever the exercise
    "Your numbers are 100 times too large. Shares go from 0 to 1: leave out the percent.": lambda right: (
        100 * np.asarray(right, dtype=float)
    ),
    "Only the sign is wrong: you subtract the other way around, or a minus is missing.": lambda right: (
        -np.asarray(right, dtype=float)
    ),
    "The values are right, and their order is reversed.": lambda right: right[::-1],
    "The last one is missing: slices and ranges end before their end.": lambda right: right[:-1],
    "The first one is missing: positions start at 0.": lambda right: right[1:],
    "Rows and columns are exchanged: transpose, or use the other axis.": lambda right: right.T,
    "Everything is 1 too large. Is something counted from 1 that should be counted from 0?": lambda right: (
        1 + np.asarray(right)
    ),
    "Everything is 1 too small. Is something counted from 0 that should be counted from 1?": lambda right: (
        np.asarray(right) - 1
    ),
}


class Mistake(NamedTuple):
    """A usual mistake: its name, what to say to who made it, and the code that makes it."""

    name: str
    message: str
    answer: Callable


class Feedback:
    """What a check says: a colored box in a notebook, the same words anywhere else."""

    def __init__(self, number: str, state: str, message: str, printed: str = ""):
        self.number, self.state, self.message, self.printed = number, state, message.strip(), printed

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
        Given, the exercise is an open one: from an answer in plain types to a message about what is wrong with it;
        None or a `Right` where nothing is. Of a function it gets one that raises `JudgedError` where that stops.
    rubric : sequence of str
        For an open exercise: what to look for in one's own answer, beyond what a machine can judge.
    tolerance : float
        How far a number may be from the reference, absolutely.
    praise : str
        What is worth remembering, said with *correct*.
    asks : str
        What an open exercise asks for, said before anything is refused.
    form : callable, optional
        From an answer in plain types (for a function: from what it returns) to the form in which it is compared and
        used by the notebook, where more than one form is right.
    compared_as : callable, optional
        As `form`, for the comparison only: the notebook continues with the answer as it is.
    slow : callable, optional
        From an accepted function to a word about why the notebook continues with the course's own, or None.
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
        asks: str = "",
        form: Callable | None = None,
        compared_as: Callable | None = None,
        slow: Callable | None = None,
    ):
        self.number, self.title, self.reference = number, title, reference
        self.mistakes, self.hints, self.rubric = list(mistakes), list(hints), list(rubric)
        self.inputs, self.random_inputs = list(inputs), random_inputs
        self.scores, self.judge, self.tolerance, self.praise = scores, judge, tolerance, praise
        self.asks, self.form, self.slow = asks, form, slow
        self.compared_as = compared_as or form
        self._hints_given, self._endless = 0, None

    def __repr__(self) -> str:
        return f"Exercise {self.number}: a call needs its parentheses, as in .hint()"

    @property
    def wants_function(self) -> bool:
        """Whether the answer is a function."""
        return bool(self.inputs)

    def answer(self) -> Any:
        """Give the reference answer: the value, or the function."""
        return self.reference if self.wants_function else self.reference()

    def check(self, answer: Any) -> None:
        """Say whether an answer is right, and if not, what is wrong. Never raises, whatever the answer is."""
        feedback, outcomes = self._examined(answer)
        self._endless = answer if outcomes and outcomes[-1].hung else None
        if feedback.state == "correct":
            _remember(self.number)
        if feedback.printed:
            print(feedback.printed)
        _show(feedback)

    def examine(self, answer: Any) -> Feedback:
        """Judge an answer: state ``"blank"``, ``"wrong"`` or ``"correct"``, and a message."""
        return self._examined(answer)[0]

    def catch_up(self, answer: Any) -> Any:
        """Give a right answer in the form that the notebook continues with, else the reference answer."""
        endless = answer is not None and answer is self._endless  # to find that out once is enough
        feedback, outcomes = (None, []) if endless else self._examined(answer)
        if feedback is None or feedback.state != "correct":
            print(f"Exercise {self.number}: the notebook continues with the course's own answer.")
            return self.answer()
        return self._function_in_form(answer, outcomes) if self.wants_function else self._in_form(answer, outcomes[0])

    def _examined(self, answer: Any) -> tuple[Feedback, list[Outcome]]:
        """Judge an answer; give the value in plain types, too, or what a function gave for every input."""
        outcomes: list[Outcome] = []
        with quiet() as printed:
            try:
                state, message = self._verdict(answer, outcomes)
            except JudgedError as reason:
                state, message = "wrong", str(reason)
            except Exception as error:  # an answer may be anything, with any behavior of its own
                state, message = "wrong", f"Your answer could not be compared ({type(error).__name__})."
        return Feedback(self.number, state, message, str(printed)), outcomes

    def _verdict(self, answer: Any, outcomes: list[Outcome]) -> tuple[str, str]:
        first = read(answer)
        if first.trouble is not None:
            return "wrong", first.trouble
        if self.wants_function and callable(first.value):
            first = call(answer, self.inputs[0])
        if _is_blank(first.value):
            return "blank", f"Replace the ... and run the cell again; .hint() helps. {self.asks}"
        outcomes.append(first)
        wrong = self._what_is_wrong(answer, outcomes)
        if wrong is not None and not isinstance(wrong, Right):
            return "wrong", wrong
        return "correct", "\n".join([*([wrong] if wrong else []), self.praise, *self._rubric_lines()])

    def _what_is_wrong(self, answer: Any, outcomes: list[Outcome]) -> str | None:
        value = outcomes[0].value
        if self.wants_function and not callable(answer):
            return f"The answer is a function; you gave {kind_of(value)}. Give the function itself, without calling it."
        if self.wants_function and self.judge is None:
            return self._what_is_wrong_with_function(answer, outcomes)
        if self.wants_function and self.judge is not None:
            return self.judge(functools.partial(self._value_of, answer))
        if callable(value):
            return "The answer is a value; you gave a function. Call it, and give what it returns."
        if value is None:
            return (
                "Your answer is None. That is what print gives, and a function without a return, and a method that "
                "works in place."
            )
        if self.judge is not None:
            return self._what_is_wrong_with_plan(value)
        if self.scores is not None:
            ids, unlike = ranking_of(value, self._expected, self._scores, self.tolerance)
            value = value if ids is None else ids
        else:
            unlike = self._difference(value, self._expected)
        if unlike is None:
            return None
        agree = (message for message, made in self._mistaken if self._difference(value, made) is None)
        return next(agree, unlike)

    def _what_is_wrong_with_plan(self, value: Any) -> str | None:
        """What the judge of an open exercise says, or that a text repeats another, or what the exercise says."""
        said = self.judge(value) if self.judge else None
        if (said is None or isinstance(said, Right)) and isinstance(value, dict):
            helped = " ".join([*self.hints, *self.rubric])
            return repeated(value, f"{prompt_of(self.number)} {self.asks}", helped) or said
        return said

    @functools.cached_property
    def _expected(self) -> Any:
        """The reference value, computed once: checks only read it, and `answer` computes it anew."""
        return self.reference()

    @functools.cached_property
    def _scores(self) -> Any:
        return self.scores() if self.scores else None

    @functools.cached_property
    def _mistaken(self) -> list[tuple[str, Any]]:
        """What to say about each usual mistake, and the value that it leads to."""
        return [(mistake.message, mistake.answer()) for mistake in self.mistakes]

    def _value_of(self, function: Callable, *arguments: Any) -> Any:
        """Call a learner's function for a judge of an open exercise; raise `JudgedError` with what went wrong."""
        outcome = call(function, arguments)
        if outcome.trouble is not None:
            raise JudgedError(f"Your function stopped: {outcome.trouble}")
        changed = self._changed_argument(outcome)
        if changed is not None:
            raise JudgedError(changed)
        return outcome.value

    def _changed_argument(self, outcome: Outcome) -> str | None:
        """Say which argument a call changed, which other cells may still need; None if it changed none."""
        if outcome.changed is None:
            return None
        names = [
            name
            for name, known in inspect.signature(self.reference).parameters.items()
            if known.kind != known.VAR_POSITIONAL
        ]
        name = names[outcome.changed] if names else f"number {outcome.changed + 1}"
        return (
            f"What it returns is right, but your function changes its argument {name}, which other cells need as "
            "it is. Work on a copy."
        )

    def _what_is_wrong_with_function(self, function: Callable, outcomes: list[Outcome]) -> str | None:
        inputs = self._all_inputs()
        outcomes += [call(function, arguments) for arguments in inputs[1:] if not outcomes[-1].hung]
        expected = [_called(self.reference, arguments) for arguments in inputs]
        unlike = map(self._unlike, inputs, outcomes, expected)
        wrong = _telling([text for text in unlike if text is not None])
        if wrong is None:
            single = call(function, tuple(map(_in_single_precision, inputs[0])))  # as vectors of the course are
            return next(filter(None, map(self._changed_argument, [*outcomes, single])), None)
        if outcomes[-1].hung:
            return wrong
        if self._unlike(inputs[0], outcomes[0], expected[0]) is None:
            again = self._unlike(inputs[0], call(function, inputs[0]), expected[0])
            if again is not None:
                return REMEMBERS.format(again)
        stopped = any(outcome.trouble is not None for outcome in outcomes)
        usual = [*self.mistakes, *([] if stopped else map(self._slip, SLIPS.items()))]
        return next((mistake.message for mistake in usual if self._agree(outcomes, mistake, inputs)), wrong)

    def _slip(self, slip: tuple[str, Callable]) -> Mistake:
        """The mistake that spoils the right result in a way that no exercise is safe from."""
        message, spoiled = slip
        return Mistake("slip", message, lambda *arguments: spoiled(settle(self.reference(*arguments))))

    def _unlike(self, arguments: tuple, outcome: Outcome, expected: Outcome) -> str | None:
        """Say what is wrong with the outcome of one call; None if nothing is."""
        called = f"Called with {', '.join(map(outline, arguments))},"
        if outcome.trouble is not None:
            trouble = outcome.trouble
            return f"{called} your function stopped: {trouble}" if not outcome.hung else f"{called} {_lower(trouble)}"
        if outcome.value is None:
            return f"{called} your function returned None. Is there a return at its end?"
        unlike = self._difference(outcome.value, expected.value)
        if unlike is None:
            return None
        got, right, part = outcome.value, expected.value, ""
        if isinstance(got, dict) and isinstance(right, dict) and got.keys() >= right.keys():
            key = next(key for key in right if self._difference(got[key], right[key]) is not None)
            got, right, part, unlike = got[key], right[key], f" for {key!r}", unlike.removeprefix(f"For {key!r}: ")
        if isinstance(right, dict):
            return f"{called} what your function returned is not right. {unlike}"
        got, right = both_brief(got, right)
        derived = self.compared_as is not self.form  # then what differs is not what the learner sees
        more = "" if derived or unlike.startswith("It is not") else f" {unlike}"
        if isinstance(outcome.value, (float, np.floating)) and np.isnan(outcome.value):
            more = " A missing value, a gap that is not filled in, or 0 divided by 0 makes NaN (not a number)."
        if isinstance(outcome.value, (float, np.floating)) and np.isinf(outcome.value):
            more = " Something was divided by 0: that makes inf (infinity)."
        if got == right:  # what differs is too far back to be shown
            return f"{called} what your function returned is not right. {unlike}"
        return f"{called} your function returned {got}{part}; {right} is right.{more}"

    def _agree(self, outcomes: Sequence[Outcome], mistake: Mistake, inputs: Sequence[tuple]) -> bool:
        """Whether an answer is the one that the mistake leads to."""
        made = (_called(mistake.answer, arguments) for arguments in inputs)
        return all(self._same_outcome(one, other) for one, other in zip(outcomes, made, strict=False))

    def _same_outcome(self, one: Outcome, other: Outcome) -> bool:
        if one.trouble is not None or other.trouble is not None:
            return None not in (one.trouble, other.trouble) and _error_of(one).startswith(_error_of(other))
        if one.value is None or other.value is None:
            return one.value is other.value
        return self._difference(one.value, other.value) is None

    def _difference(self, value: Any, expected: Any) -> str | None:
        if self.compared_as is not None:
            with contextlib.suppress(TypeError, ValueError):  # what has no such form is compared as it is
                value, expected = self.compared_as(value), self.compared_as(expected)
        return difference(value, expected, self.tolerance)

    def _all_inputs(self) -> list[tuple]:
        if self.random_inputs is None:
            return self.inputs
        return self.inputs + [self.random_inputs(np.random.default_rng(seed)) for seed in range(5)]

    def _in_form(self, answer: Any, outcome: Outcome) -> Any:
        """A right value in the form of the reference answer."""
        value = self.form(outcome.value) if self.form else outcome.value
        if self.judge is not None:
            return value if self.form else answer
        if self.scores is not None:
            value, _ = ranking_of(value, self._expected, self._scores, self.tolerance)
        return answer if same_form(answer, self._expected) else as_like(value, self._expected)

    def _function_in_form(self, function: Callable, outcomes: Sequence[Outcome]) -> Callable:
        """A right function that takes what the notebook gives it, and returns what the notebook needs."""
        with quiet():
            slow = self.slow(function) if self.slow else None
        if slow is not None:
            print(f"Exercise {self.number}: {slow}")
            return self.reference
        if self.judge is not None or function is self.reference:
            return function
        expected = [_called(self.reference, arguments).raw for arguments in self._all_inputs()]
        model = max(expected, key=lambda value: len(value) if hasattr(value, "__len__") else 1)
        same = all(same_form(outcome.raw, wanted) for outcome, wanted in zip(outcomes, expected, strict=True))
        if not same:
            print(f"Exercise {self.number}: the notebook continues with your answer as {name_of_form(model)}.")
        within: list[Callable] = []

        @functools.wraps(function)
        def in_form(*arguments: Any, **named: Any) -> Any:
            if within:  # it calls itself, and expects what it gives
                return function(*arguments, **named)
            within.append(function)
            try:
                models = [*self.inputs[0], *arguments[len(self.inputs[0]) :]]
                returned = function(*map(as_argument, arguments, models), **named)
            finally:
                within.pop()
            if same:
                return returned
            plain = settle(returned)
            return as_like(plain if self.form is None else self.form(plain), model)

        return in_form

    def hint(self) -> None:
        """Print the next hint; the last one again when all were given."""
        place = min(self._hints_given, len(self.hints) - 1)
        self._hints_given += 1
        print(f"Hint {place + 1} of {len(self.hints)} for exercise {self.number}: {self.hints[place]}")

    def solution(self) -> None:
        """Print the source of the reference answer: the code that the check itself runs."""
        print(f"One solution of exercise {self.number}:\n\n{self.solution_code()}")

    def solution_code(self) -> str:
        """The source of the reference answer, with all that it needs, so that it runs wherever it is pasted."""
        return solution_code(self.reference, self.wants_function)

    def _rubric_lines(self) -> list[str]:
        if not self.rubric:
            return []
        return [
            "That is all a machine can judge. Ask yourself, or a colleague:",
            *(f"- {line}" for line in self.rubric),
        ]


@functools.cache
def prompt_of(number: str) -> str:
    """What the course's own notebook asks in an exercise; nothing where that notebook cannot be read."""
    with contextlib.suppress(OSError, ValueError, LookupError, TypeError):  # it may have been edited, or left out
        for path in (ROOT / "notebooks").glob(f"{int(number.split('.')[0]):02d}_*.ipynb"):
            cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
            text = next((text for text in ("".join(cell["source"]) for cell in cells) if f"> **{number} " in text), "")
            return "\n".join(line for line in text.splitlines() if line.startswith(">"))
    return ""


class Right(str):
    """What a judge has to say about an answer that is right."""


class JudgedError(Exception):
    """An answer cannot be judged further; the message says why."""


def _called(function: Callable, arguments: tuple) -> Outcome:
    """Call a function of the course's own; a mistake may raise as the learner's answer does."""
    try:
        raw = function(*copy.deepcopy(arguments))
        return Outcome(settle(raw), raw)
    except Exception as error:
        return Outcome(trouble=f"{type(error).__name__}: {error}")


def _in_single_precision(argument: Any) -> Any:
    """An array of numbers with 32 bits each, which some answers change in place though they copy others."""
    return argument.astype(np.float32) if getattr(argument, "dtype", None) == np.float64 else argument


def _is_blank(value: Any) -> bool:
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, (tuple, list)) else ()
    return value is ... or any(part is ... for part in parts)


def _error_of(outcome: Outcome) -> str:
    """What stopped a call, in letters only: numbers and shapes may differ, and so may the line."""
    return " ".join(re.findall("[A-Za-z]+", (outcome.trouble or "").split(" in the line `")[0]))


def _telling(texts: Sequence[str]) -> str | None:
    """The first of the texts about what is wrong; what looks rounded for a few arguments is so by chance."""
    rounded = 2 * sum(ROUNDED in text for text in texts) >= len(texts)
    return next((text for text in texts if (ROUNDED in text) == rounded), next(iter(texts), None))


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def progress_of(exercises: Sequence[Exercise], done: set[str]) -> str:
    """Write the exercises of a notebook as a list with ticks."""
    optional = {exercise.number for exercise in exercises if "★" in prompt_of(exercise.number)}
    lines = [
        f"[{'x' if exercise.number in done else ' '}] {exercise.number} {'★ ' * (exercise.number in optional)}"
        f"{exercise.title}"
        for exercise in exercises
    ]
    asked = {exercise.number for exercise in exercises} - optional
    star = " (★ is optional)" if optional else ""
    return "\n".join([f"{len(asked & done)} of {len(asked)} exercises of this notebook are done{star}.", *lines])


def solution_code(reference: Callable, wants_function: bool) -> str:
    """Write a function with the imports, constants and helpers of its module that it uses; a value is assigned."""
    imports: dict[str, str] = {}
    constants: dict[str, str] = {}
    functions: dict[str, str] = {}
    _collect(reference, imports, constants, functions)
    parts = ["\n".join(sorted(imports.values())), "\n".join(constants.values())]
    parts = [part + "\n" for part in parts if part] + list(reversed(functions.values()))
    parts += [] if wants_function else [f"answer = {reference.__name__}()\n"]
    return "\n\n".join(parts)


def _collect(function: Callable, imports: dict, constants: dict, functions: dict) -> None:
    """Gather what a function's source needs, and what that needs in turn."""
    function = inspect.unwrap(function)
    source = textwrap.dedent(inspect.getsource(function))
    functions[function.__name__] = source
    written = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    nodes = (node for function in written for decorator in function.decorator_list for node in ast.walk(decorator))
    decorators = {node.id for node in nodes if isinstance(node, ast.Name)}
    for name in sorted((_names(function.__code__) | decorators) & set(function.__globals__)):
        value = function.__globals__[name]
        if inspect.ismodule(value):
            imports[name] = f"import {value.__name__}" + ("" if value.__name__ == name else f" as {name}")
        elif getattr(value, "__module__", None) not in (None, function.__module__):
            imports[name] = f"from {value.__module__} import {name}"
        elif callable(value):
            if name not in functions:
                _collect(value, imports, constants, functions)
        else:
            literal = repr(value)
            constants[name] = f"{name} = " + (literal if '"' in literal else literal.replace("'", '"'))


def _names(code: Any) -> set[str]:
    """The global names that code reads, in its inner functions, too."""
    inner = (part for part in code.co_consts if inspect.iscode(part))
    return set(code.co_names).union(*map(_names, inner))


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
    """Keep a tick."""
    file = progress_file()

    def add() -> None:
        done = _read_ticks()
        if number not in done:
            temporary = file.with_suffix(".tmp")
            temporary.write_text(json.dumps(sorted(done | {number})), encoding="utf-8")
            temporary.replace(file)

    trouble = keep_in(file, "tick", add)
    if trouble:
        print(trouble)


def keep_in(file: Path, what: str, add: Callable[[], Any]) -> str | None:
    """Add to a file under a lock, since notebooks may run side by side; say why where that is not possible.

    A folder that cannot be written costs what was to be kept, not the lesson.
    """
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(file.with_suffix(".lock"), timeout=LOCK_TIMEOUT):
            add()
    except (OSError, NotImplementedError) as error:  # the second: a file system without locks
        return f"This {what} could not be kept in {file.parent} ({error}). Set COURSE_HOME to use another folder."
    return None


def _show(feedback: Feedback) -> None:
    """Display in a notebook, print anywhere else."""
    if "IPython" in sys.modules and sys.modules["IPython"].get_ipython() is not None:
        sys.modules["IPython"].display.display(feedback)
    else:
        print(feedback)
