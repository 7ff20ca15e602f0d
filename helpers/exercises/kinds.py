"""Short questions of several kinds: choose, predict the output, finish the code, order its lines, find the bug.

Each is an `Exercise`, so that a wrong answer is recognized by making the same mistake, and each answer fits in a field.
A `Quiz` shows a few of them in one cell.
"""

from __future__ import annotations

import ast
import functools
import html
import inspect
import linecache
import math
import random
import re
import string
import textwrap
import unicodedata
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from helpers.exercises import typed
from helpers.exercises.checker import Exercise, Feedback, Mistake
from helpers.exercises.typed import GAP
from helpers.exercises.values import settle

MADE = "your code"  # what stands for a file's name in code that was typed


class Question(Exercise):
    """An exercise that is asked and answered in one field.

    Parameters
    ----------
    number, title : str
        As of an `Exercise`.
    text : str
        The question; code in it stands on lines of its own, indented by four spaces.
    reference : callable
        As of an `Exercise`.
    reader : callable
        From what is typed to the answer that is judged. It raises `ValueError` with a sentence for the learner.
    typed : str
        The right answer as it is typed.
    options : dict of str to str
        For a question with choices: letter and text of each.
    """

    def __init__(
        self,
        number: str,
        title: str,
        text: str,
        reference: Callable,
        *,
        reader: Callable[[Any], Any],
        typed: str,
        mistakes: Sequence[Mistake],
        hint: str,
        options: dict[str, str] | None = None,
        **more: Any,
    ):
        super().__init__(number, title, reference, mistakes=mistakes, hints=[hint], **more)
        self.text, self.reader, self.typed, self.options = text, reader, typed, options or {}

    def examine(self, answer: Any) -> Feedback:
        """Judge what was typed; an answer in its final form is taken as it is."""
        try:
            answer = _only_one(settle(answer))
            if answer is None or answer is ... or (isinstance(answer, str) and not answer.strip(" .")):
                return Feedback(self.number, "blank", "")
            if isinstance(answer, str) and len(answer) > typed.LONGEST:
                raise ValueError("That is longer than an answer here can be.")
            read = answer if callable(answer) else _only_one(self.reader(answer))
        except Exception as reason:
            return Feedback(self.number, "wrong", f"{reason}" if isinstance(reason, ValueError) else "Not understood.")
        feedback = super().examine(read)
        if feedback.state == "wrong" and feedback.message not in {mistake.message for mistake in self.mistakes}:
            feedback.message = f"{feedback.message} {self.hints[0]}"
        return feedback

    def solution_code(self) -> str:
        """The right answer, as it is typed, and the question's hint."""
        return f"{self.typed}\n\n{self.hints[0]}"

    def __str__(self) -> str:
        lines = [f"{self.number}  {self.text}", *(f"  {letter}) {text}" for letter, text in self.options.items())]
        return "\n".join(lines)


def choose(number: str, title: str, text: str, *, right: str, wrong: dict[str, str], hint: str) -> Question:
    """Ask for one of several; `wrong` holds the wrong ones, each with what to say to it."""
    texts = [right, *wrong]
    random.Random(number).shuffle(texts)
    options = dict(zip(string.ascii_lowercase, texts, strict=False))
    letters = {option: letter for letter, option in options.items()}

    def reader(answer: Any) -> str:
        letter = typed.choice_of(str(answer), options, text)
        if letter is None:
            raise ValueError(f"Which choice is that? Give its letter ({', '.join(options)}), in quotation marks.")
        return letter

    mistakes = [Mistake(option, message, _giving(letters[option])) for option, message in wrong.items()]
    return Question(
        *(number, title, text, _giving(letters[right])),
        reader=reader, typed=letters[right], mistakes=mistakes, hint=hint, options=options,
    )  # fmt: skip


def predict(
    number: str, title: str, code: str, *, wrong: dict[Any, str], hint: str, text: str = "", rounded: Any = None
) -> Question:
    """Ask what the last line of some code gives; `wrong` holds wrong predictions, each with what to say to it.

    `rounded` is the right number with fewer digits than are asked for elsewhere.
    """
    code = textwrap.dedent(code).strip()
    asked = f"{text or 'What does the last line give?'}\n\n{textwrap.indent(code, '    ')}\n"
    mistakes = [Mistake(f"says {value}", message, _giving(value)) for value, message in wrong.items()]
    value = value_of(code)

    def reader(answer: Any) -> Any:
        if isinstance(value, str):
            return typed.text_of(answer)
        read = typed.value_of(answer, several=np.ndim(value) > 0)
        return value if isinstance(read, float) and read == rounded else read

    return Question(
        *(number, title, asked, _giving(value)),
        reader=reader,
        typed=str(value.tolist() if isinstance(value, np.ndarray) else value),
        mistakes=mistakes, hint=hint, tolerance=0.006,
    )  # fmt: skip


def finish(
    number: str, title: str, text: str, code: str, *, right: str, wrong: dict[str, str], inputs: list[tuple], hint: str
) -> Question:
    """Ask for the code that is missing at `GAP` in a function; whatever gives the right results is right."""
    code = textwrap.dedent(code).strip()

    def reader(answer: Any) -> Callable:
        if not isinstance(answer, str):
            raise ValueError(f"Answer with the code that belongs in place of {GAP}, as a text in quotation marks.")
        return function_of(typed.filled(code, answer))

    return Question(
        *(number, title, f"{text}\n\n{textwrap.indent(code, '    ')}\n", reader(right)),
        reader=reader, typed=right, inputs=inputs, hint=hint,
        mistakes=[Mistake(line, message, reader(line)) for line, message in wrong.items()],
    )  # fmt: skip


def order(
    number: str, title: str, text: str, code: str, *, wrong: dict[str, str], inputs: list[tuple], hint: str
) -> Question:
    """Ask for the order of the lines of a function; every order that gives the right results is right.

    `wrong` holds wrong orders of the lines as they stand in `code`, such as ``"1324"``, with what to say to each.
    """
    lines = textwrap.dedent(code).strip().splitlines()
    places, chance = list(range(len(lines))), random.Random(number)
    while places == sorted(places):
        chance.shuffle(places)
    letters = {place: string.ascii_uppercase[rank] for rank, place in enumerate(places)}
    asked = "\n".join(f"    {letters[place]}  {lines[place]}" for place in places)

    def reader(answer: Any) -> Callable:
        said = "".join(map(str, answer)) if isinstance(answer, (list, tuple)) else str(answer)
        said = unicodedata.normalize("NFKC", said)  # Ｄ becomes D
        apart = "".join(re.findall(r"\b[A-Z]\b", said.upper()))  # in D, then B, then A
        given = apart if sorted(apart) == sorted(letters.values()) else re.sub(r"[^A-Z]", "", said.upper())
        if sorted(given) != sorted(letters.values()):
            raise ValueError(f"Answer with the letters {', '.join(sorted(letters.values()))} in order, each once.")
        if lines[next(place for place in letters if letters[place] == given[0])].startswith(" "):
            raise ValueError(
                f"Line {given[0]} is indented, so it belongs below another. Begin with the one that is not."
            )
        return function_of("\n".join(lines[place] for letter in given for place in letters if letters[place] == letter))

    def typed(numbers: str) -> str:
        return "".join(letters[int(number) - 1] for number in numbers)

    right = typed("".join(str(place + 1) for place in range(len(lines))))
    form = "".join(sorted(letters.values()))
    return Question(
        *(number, title, f"{text} Put the lines in order, and answer with their letters, as in {form}.\n\n{asked}\n"),
        reader(right), reader=reader, typed=right, inputs=inputs, hint=hint,
        mistakes=[Mistake(numbers, message, reader(typed(numbers))) for numbers, message in wrong.items()],
    )  # fmt: skip


def find_bug(
    number: str, title: str, code: str, *, line: int, fixed: str, shown: str, wrong: dict[int, str], hint: str
) -> Question:
    """Ask for the line that holds the bug; `wrong` says of other lines why they are right.

    `fixed` is the line without the bug, and `shown` a call that gives something else with it.
    """
    lines = textwrap.dedent(code).strip().splitlines()
    mended = [*lines[: line - 1], fixed, *lines[line:]]
    gives, right = (value_of("\n".join([*program, "", shown])) for program in (lines, mended))
    numbered = "\n".join(f"    {place}  {text}" for place, text in enumerate(lines, start=1))
    return Question(
        *(number, title, f"`{shown}` gives {gives}; it should give {right}. Which line holds the bug?\n\n{numbered}\n"),
        _giving(line), typed=str(line), hint=hint,
        reader=functools.partial(typed.line_of, lines=lines, line=line, fixed=fixed),
        mistakes=[Mistake(f"line {place}", message, _giving(place)) for place, message in wrong.items()],
    )  # fmt: skip


class Quiz:
    """A few questions, shown in one cell: a field and an answer for each, or all of them as text.

    Parameters
    ----------
    name : str
        What it is called in the notebooks: ``"opening"`` or ``"closing"``.
    heading : str
        A line above the questions.
    questions : sequence of Question
    """

    def __init__(self, name: str, heading: str, questions: Sequence[Question]):
        self.name, self.heading, self.questions = name, heading, list(questions)

    def check(self, *answers: Any) -> None:
        """Say of each answer, in the order of the questions, whether it is right. They may stand in one list."""
        if len(answers) == 1 and isinstance(answers[0], (list, tuple)) and len(answers[0]) == len(self.questions):
            answers = tuple(answers[0])
        for question, answer in zip(self.questions, [*answers, *[...] * len(self.questions)], strict=False):
            print(question.examine(answer))

    def hint(self) -> None:
        """Print a hint for each question."""
        for question in self.questions:
            print(f"{question.number}  {question.hints[0]}")

    def solution(self) -> None:
        """Print the right answers, as they are typed."""
        for question in self.questions:
            print(f"{question.number}  {question.typed}")

    def __repr__(self) -> str:
        blanks = ", ".join('"..."' for _ in self.questions)
        plain = f"Answer in the fields, or in plain text: ex.{self.name}.check({blanks})"
        return "\n\n".join([self.heading, *(str(question).rstrip() for question in self.questions), plain])

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        return {**self._form()._repr_mimebundle_(**kwargs), "text/plain": repr(self)}

    def _form(self) -> Any:
        """Make the widget: for each question its text, a field, and what the check says."""
        import ipywidgets

        parts = [ipywidgets.HTML(f"<b>{html.escape(self.heading)}</b>")]
        for question in self.questions:
            parts += _fields(question, ipywidgets)
        return ipywidgets.VBox(parts)


def _fields(question: Question, ipywidgets: Any) -> list:
    """The widgets of one question."""
    lines = html.escape(f"{question.number}  {question.text}".rstrip()).splitlines()
    shown = "\n".join(f"<code>{line}</code>" if line.startswith("    ") else line for line in lines)
    text = ipywidgets.HTML(f'<div style="white-space:pre-wrap;line-height:1.4">{shown}</div>')
    label = {"description": f"Answer {question.number}", "style": {"description_width": "initial"}}
    if question.options:
        options = [(f"{letter}) {option}", letter) for letter, option in question.options.items()]
        field = ipywidgets.RadioButtons(options=options, value=None, **label)
    else:
        field = ipywidgets.Text(placeholder="your answer, then Enter", continuous_update=False, **label)
    field.layout.width = "min(48em, 98%)"
    said = ipywidgets.HTML()

    def on_change(change: dict) -> None:
        said.value = question.examine(change["new"])._repr_html_()

    field.observe(on_change, names="value")
    return [text, field, said]


def value_of(code: str) -> Any:
    """Run code, and give the value of its last line."""
    *body, last = ast.parse(code).body
    if not isinstance(last, ast.Expr):
        raise ValueError(f"the last line of this code gives no value: {code}")
    namespace: dict = {}
    exec(compile(ast.Module(body, []), "question", "exec"), namespace)
    return settle(eval(compile(ast.Expression(last.value), "question", "eval"), namespace))


def function_of(code: str) -> Callable:
    """The function that code defines, made when it is called, so that its errors are the check's to tell."""

    def made(*arguments: Any) -> Any:
        namespace: dict = {"math": math, "np": np, "pd": pd}  # as in a notebook
        linecache.cache[MADE] = (len(code), None, code.splitlines(keepends=True), MADE)  # so that errors can show it
        exec(compile(code, MADE, "exec"), namespace)
        functions = [value for value in namespace.values() if _is_made(value)]
        return functions[-1](*arguments)

    return made


def _only_one(answer: Any) -> Any:
    """What stands alone in a list."""
    while isinstance(answer, (list, tuple, set, np.ndarray)) and len(answer) == 1:
        answer = next(iter(answer))
    return answer


def _is_made(value: Any) -> bool:
    """Whether a value is a function that a learner's code defined, not one that it imported."""
    return inspect.isfunction(value) and value.__code__.co_filename == MADE


def _giving(value: Any) -> Callable[[], Any]:
    """A function that gives a value."""
    return lambda: value
