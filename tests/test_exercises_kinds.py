"""Short questions: choose, predict, finish, order, find the bug. They answer as the longer exercises do."""

import json
import re
from pathlib import Path

import nbformat
import numpy as np
import pandas as pd
import pytest
from test_exercises import CHAPTERS, NOTEBOOKS

from helpers.exercises import kinds
from helpers.exercises.kinds import GAP, Quiz

QUIZZES = [quiz for chapter in CHAPTERS.values() for quiz in (chapter.opening, chapter.closing)]
QUESTIONS = [question for quiz in QUIZZES for question in quiz.questions]
CODE = [question for question in QUESTIONS if "\n    " in question.text]
every_question = pytest.mark.parametrize("question", QUESTIONS, ids=lambda question: question.number)


def mistaken(question, mistake):
    return mistake.answer if question.wants_function else mistake.answer()


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_notebook_opens_with_two_questions_and_closes_with_three(name):
    questions = [*CHAPTERS[name].opening.questions, *CHAPTERS[name].closing.questions]
    assert [len(CHAPTERS[name].opening.questions), len(CHAPTERS[name].closing.questions)] == [2, 3]
    assert [question.number for question in questions] == [f"{int(name[2:])}.{letter}" for letter in "ABCDE"]
    assert sum(question in CODE for question in questions) >= 2
    assert (CHAPTERS[name].opening.name, CHAPTERS[name].closing.name) == ("opening", "closing")


@every_question
def test_the_right_answer_is_right_as_it_is_typed(question):
    assert question.examine(question.typed).state == "correct"
    assert question.examine(question.answer()).state == "correct"
    assert question.typed in question.solution_code()


@every_question
def test_a_blank_is_not_attempted(question):
    assert {question.examine(blank).state for blank in (..., None, "", "  ", "...")} == {"blank"}


@every_question
def test_every_usual_mistake_is_recognized_and_told_from_the_others(question):
    assert len({mistake.message for mistake in question.mistakes}) == len(question.mistakes) >= 2
    for mistake in question.mistakes:
        feedback = question.examine(mistaken(question, mistake))
        assert (feedback.state, feedback.message) == ("wrong", mistake.message)
        assert question.typed not in mistake.message or len(question.typed) < 4, "a message gives nothing away"


@every_question
def test_nothing_that_is_given_raises_and_a_wrong_answer_gets_a_word(question):
    nonsense = [
        [],
        {},
        -1,
        np.nan,
        "zz",
        "import os",
        "___",
        pd.DataFrame(),
        object(),
        {1, 2},
        lambda: 1 / 0,
        "(",
        b"x",
    ]
    for answer in nonsense:
        feedback = question.examine(answer)
        assert feedback.state == "wrong" and feedback.message, answer
        assert len(repr(feedback)) < 1000


@every_question
def test_what_is_shown_does_not_hold_the_answer_as_typed(question):
    shown = str(question)
    assert question.number in shown and GAP not in question.typed
    if not question.options and len(question.typed) > 2:
        assert question.typed not in shown


def test_right_choices_stand_at_every_place():
    places = [question.typed for question in QUESTIONS if question.options]
    assert len(places) >= 15
    assert max(map(places.count, "abc")) <= 0.6 * len(places)


def test_half_of_the_questions_are_about_code_and_each_kind_occurs():
    assert len(CODE) >= 20
    texts = [question.text for question in CODE]
    for words in ("last line give", GAP, "Put the lines in order", "Which line holds the bug?"):
        assert sum(words in text for text in texts) >= 2, words


@pytest.mark.parametrize("question", [one for one in QUESTIONS if "Put the lines in order" in one.text], ids=str)
def test_lines_are_shown_in_an_order_that_does_not_work(question):
    letters = "".join(re.findall(r"^    ([A-Z])  ", question.text, flags=re.MULTILINE))
    assert question.examine(letters).state == "wrong"
    assert question.examine(", ".join(question.typed.lower())).state == "correct"
    assert "each once" in question.examine(letters[1:]).message


def test_every_order_that_works_is_right():
    question = kinds.order(
        *("9.A", "Sum", "Add."),
        "def f(a, b):\n    x = a\n    y = b\n    return x - y",
        wrong={"1342": "Too early."},
        inputs=[(3, 1)],
        hint="Think.",
    )
    letters = dict(re.findall(r"^    ([A-Z])  (.*)$", question.text, flags=re.MULTILINE))
    place = {line.strip(): letter for letter, line in letters.items()}
    swapped = [place[line] for line in ("def f(a, b):", "y = b", "x = a", "return x - y")]
    assert question.examine(swapped).state == "correct"


def test_code_that_is_written_in_another_way_is_right_and_code_that_never_ends_is_stopped(monkeypatch):
    from helpers.exercises import running

    monkeypatch.setattr(running, "PATIENCE", 0.2)
    question = kinds.finish(
        *("9.A", "Twice", "Replace ___."),
        "def twice(x):\n    return ___",
        right="2 * x",
        wrong={"x * x": "That is the square."},
        inputs=[(3,), (0.5,)],
        hint="x and x.",
    )
    assert question.examine("x + x").state == "correct"
    assert question.examine(" `2*x` ").state == "correct"
    assert question.examine("x ** 2").message == "That is the square."
    assert "x and x." in question.examine("y").message
    assert "has not come back" in question.examine("[0 for _ in iter(int, 1)]").message


def test_answers_are_read_as_people_type_them(capsys):
    by_number = {question.number: question for question in QUESTIONS}
    for typed in (4, "4", "line 4", "Line 4.", "line no. 4"):
        assert by_number["0.E"].examine(typed).state == "correct"
    assert "number of the line" in by_number["0.E"].examine("somewhere near the end").message
    assert by_number["0.C"].examine("the synopses").state == "correct"
    assert "in quotation marks" in by_number["0.C"].examine("the").message  # several begin like this
    share = kinds.predict("9.A", "Share", "3 / 4", wrong={75: "A share.", 1: "No."}, hint="Divide.")
    assert {share.examine(typed).state for typed in (0.75, "3/4", " 6 / 8 ")} == {"correct"}
    assert "is one number" in share.examine("3/0").message
    quiz = Quiz("closing", "Three", [by_number["0.E"], share])
    quiz.hint()
    quiz.solution()
    assert capsys.readouterr().out.splitlines()[1:3] == ["9.A  Divide.", "0.E  4"]


def test_an_error_in_typed_code_is_shown_with_the_typed_line():
    question = next(question for question in QUESTIONS if question.number == "0.D")
    assert "in the line `total += a[i] * b[i]`" in question.examine("total += a[i] * b[i]").message
    assert "exec(" not in question.examine("total +=").message
    assert "not with a sentence" in question.examine("multiply left by right and add").message
    assert len(question.examine(f"total += left * nothing * {' + '.join(['right'] * 60)}").message) < 400


def test_a_bug_shows_and_the_other_line_mends_it():
    shown = [
        re.search(r"gives (.*); (?:right is|it should give) (.*)\. Which line holds the bug", question.text)
        for question in QUESTIONS
    ]
    assert any(shown)
    for found in filter(None, shown):
        assert found[1] != found[2], found[0]


def test_a_choice_may_be_given_by_its_letter_or_its_text():
    question = next(question for question in QUESTIONS if question.options)
    text = question.options[question.typed]
    for typed in (question.typed, question.typed.upper() + ")", text, f" {text} "):
        assert question.examine(typed).state == "correct"


TYPED = json.loads((Path(__file__).parent / "typed_answers.json").read_text(encoding="utf-8"))  # written by hand


@every_question
def test_an_answer_may_be_typed_as_people_write_it(question):
    refused = [typed for typed in TYPED[question.number]["right"] if question.examine(typed).state != "correct"]
    assert not refused
    assert len(TYPED[question.number]["right"]) >= 5


@every_question
def test_what_is_wrong_nearly_right_or_copied_is_wrong_however_it_is_typed(question):
    other = next(other for other in QUESTIONS if other.title != question.title and other.typed != question.typed)
    tried = [
        *TYPED[question.number]["wrong"],
        question.text,
        str(question),
        f"{question.title} " * 5,
        [other.typed] * 2,
    ]
    assert not [typed for typed in tried if question.examine(typed).state != "wrong"]
    assert len(tried) >= 12


def test_the_fields_and_the_plain_way_say_the_same(capsys):
    quiz = QUIZZES[0]
    fields = [part for part in quiz._form().children if part.__class__.__name__ in ("Text", "RadioButtons")]
    said = [part for part in quiz._form().children if part.__class__.__name__ == "HTML"]
    assert len(fields) == len(quiz.questions) and len(said) == 1 + 2 * len(quiz.questions)
    form = quiz._form().children
    assert [field.description for field in fields] == ["Answer 0.A", "Answer 0.B"]  # what screen readers say
    form[2].value = "3"
    assert quiz.questions[0].mistakes[0].message in form[3].value
    form[2].value = "2"
    assert "correct" in form[3].value
    quiz.check(["two", "c) the row whose index is 5"])  # as one list
    assert capsys.readouterr().out.count("correct") == 2
    quiz.check(3)
    printed = capsys.readouterr().out
    assert quiz.questions[0].mistakes[0].message in printed and "not attempted yet" in printed


def test_what_data_says_is_escaped_in_the_form():
    question = kinds.choose("9.A", "Title", "<img src=x>?", right="a", wrong={"b": "No.", "c": "Nor."}, hint="a")
    assert "<img" not in Quiz("opening", "<img>", [question])._form().children[1].value


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_shows_both_quizzes_once_and_in_place(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for name, places in (("opening", code[:3]), ("closing", code[-2:])):
        shown = re.compile(rf"^(ex\.{name}|display\(ex\.{name}\))$", re.MULTILINE)
        assert sum(len(shown.findall(source)) for source in code) == 1
        assert sum(len(shown.findall(source)) for source in places) == 1
