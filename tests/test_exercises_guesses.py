"""A guess is kept before its result is shown, and never lost; the cell with the result says how far off it was."""

import json
import re
import subprocess
import sys

import nbformat
import pytest
from test_exercises import NOTEBOOKS

from helpers.course.bootstrap import ROOT
from helpers.exercises import ask, guesses
from helpers.exercises.guesses import Guess

ROUNDS = 20
KEEP = """
import sys
from helpers.exercises import ask
for number in range(int(sys.argv[2])):
    ask(f"{sys.argv[1]} {number}?", guess=number)
"""
NO_GUESS = re.compile(r"^No guess this time\. The answer: (.+)\.$", re.MULTILINE)


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_HOME", str(tmp_path))
    return tmp_path


def told(capsys, guess, result):
    capsys.readouterr()
    guess.compare(result)
    return capsys.readouterr().out.strip()


@pytest.mark.parametrize(
    ("typed", "unit", "result", "said"),
    [
        ("45", "%", 41.64, "You guessed 45%. The answer: 41.6%. Too high, by 3.36 percentage points."),
        ("45 %", "%", 45.5, "You guessed 45%. The answer: 45.5%. Very close."),
        ("45 percent", "%", 45.5, "You guessed 45%. The answer: 45.5%. Very close."),
        ("9,600", "viewers", 9600, "You guessed 9,600 viewers. The answer: 9,600 viewers. Very close."),
        ("10k", "pairs", 107_014, "You guessed 10,000 pairs. The answer: 107,014 pairs. Too low, by a factor of 10.7."),
        ("-0.5", "", 0.1, "You guessed -0.5. The answer: 0.1. Too low, by 0.6."),
        ("9.600", "viewers", 9600, "You guessed 9,600 viewers. The answer: 9,600 viewers. Very close."),
        ("a quarter", "%", 26.5, "You guessed 25%. The answer: 26.5%. Too low, by 1.5 percentage points."),
        ("1 in 4", "%", 25, "You guessed 25%. The answer: 25%. Very close."),
        ("40%", "", 0.3, "You guessed 0.4. The answer: 0.3. Too high, by 0.1."),
        ("0,4 or so", "", 0.3, "You guessed 0.4. The answer: 0.3. Too high, by 0.1."),
        ("Two.", "requests", 1, "You guessed 2 requests. The answer: 1 request. Too high, by a factor of 2."),
        ("twice", "", 2.1, "You guessed 2. The answer: 2.1. Very close."),
        ("None.", "requests", 2, "You guessed 0 requests. The answer: 2 requests. Too low, by 2 requests."),
        (4, "stars", 4.96, "You guessed 4 stars. The answer: 4.96 stars. Too low, by 0.96 stars."),
    ],
)
def test_a_number_is_read_as_people_write_it_and_compared_in_words(capsys, typed, unit, result, said):
    assert told(capsys, ask("How much?", unit=unit, guess=typed), result) == said


def test_the_guess_may_follow_the_question_and_a_share_for_percent_is_asked_about(capsys):
    assert ask("How many?", 3).value == 3
    assert ask("Who?", "Finn", choices=["Finn", "Dan"]).value == "Finn"
    assert "If you meant 20%, enter 20." in ask("What share?", unit="%").keep(0.2)
    assert "meant" not in ask("What share?", unit="%").keep("0.2%") + ask("What share?", unit="%").keep(2)
    assert ask("Of 100 lists, how many hit?", "40%", unit="lists").value == 40
    assert "If you meant 40%, enter 40." in ask("Of 100 lists, how many hit?", unit="lists").keep(0.4)
    assert "Not kept" in ask("How many rows?", unit="rows").keep("75%")
    unread = ask("Out of every 100 tokens, how many are lost?", unit="tokens")
    assert unread.keep("30%").startswith("Kept: 30 tokens") and "If you meant 30%" in unread.keep(0.3)


@pytest.mark.parametrize("typed", ["9 of 12", "9 of the 12", "nine out of twelve", "9/12"])
def test_so_many_of_all_is_a_count_where_a_count_is_asked_for(typed):
    assert ask("From how many of the twelve other models does it differ?", typed).value == 9
    assert ask("How many of the twelve films stay?", typed, unit="films").value == 9
    assert ask("What is its NDCG@10 then?", typed).value == 0.75


def test_a_choice_is_one_of_those_offered(capsys):
    guess = ask("Who?", choices=["Finn", "Dan"])
    assert "one of: Finn, Dan" in guess.keep("Eve")
    assert all("Not kept" in guess.keep(typed) for typed in ("Finn or Dan", "not Finn", "F", 5, ""))
    assert all("Kept: Finn" in guess.keep(typed) for typed in ("I think Finn.", "fin", ["Finn"]))
    guess.keep("finn")
    assert told(capsys, guess, "Finn").endswith("You were right.")
    with pytest.raises(ValueError, match="Eve"):
        guess.compare("Eve")


@pytest.mark.parametrize(
    "typed", ["", "many", "3 or 4", "3-4", "less than 3", None, [], "...", True, "nan", "inf", "1e999", "all but one"]
)
def test_what_is_no_number_is_not_kept(typed):
    guess = ask("How many?")
    assert "Not kept" in guess.keep(typed) and "Not kept" in ask("What percentage is added?", unit="%").keep("double")
    assert guess.value is None


@pytest.mark.parametrize(
    ("question", "unit", "impossible", "possible"),
    [
        ("What share of the films has a gap?", "%", ["140", "-3", "300 percent"], ["0", "100", "a half"]),
        ("Of 100 lists, how many have a hit?", "lists", ["101", "-1", "250%"], ["100", "12"]),
        ("Out of every 100 tokens, how many are lost?", "tokens", ["101", "-1", "250%"], ["100", "30%"]),
        ("Of the 1,327 listings, how many will be left?", "rows", ["1,328", "-1"], ["1,327", "one thousand"]),
        ("How many of the eight nearest films stay?", "", ["9", "-0.5"], ["8", "two and a half"]),
        ("How many columns does it need?", "columns", ["-1"], ["0", "10 million"]),
        ("How alike are they, from 0 to 1?", "", ["1.2", "-0.1", "120%"], ["1", "0.3", "30%"]),
        ("What is its NDCG@10 then?", "", ["2", "-1"], ["0.9"]),
        ("What percentage does it add?", "%", [], ["-20", "140"]),
    ],
)
def test_a_guess_that_cannot_be_is_not_kept_and_may_be_mended(question, unit, impossible, possible):
    guess = ask(question, unit=unit)
    for typed in impossible:
        said = guess.keep(typed)
        assert "can't be" in said and "Guess again" in said and guess.value is None
    assert all(guess.keep(typed).startswith("Kept") for typed in possible)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_answer_is_within_what_its_question_allows(path):
    asked = None
    for cell in nbformat.read(path, as_version=4).cells:
        for output in cell.get("outputs", []):
            for answer in NO_GUESS.findall(output.get("text", "")):
                number = re.match(r"-?[\d,.]*\d", answer)
                assert number is None or asked._impossible(float(number[0].replace(",", ""))) is None, asked.question
        found = re.search(r'= ask\(\s*"(.*?)"(?:,\s*unit="(.*?)")?', cell.source)
        asked = Guess(found[1], found[2] or "") if found else asked


def test_without_a_guess_the_answer_is_said_and_nothing_else(capsys):
    assert told(capsys, ask("How many?", unit="%"), 41.64) == "No guess this time. The answer: 41.6%."


def test_a_missing_result_is_said_and_stops_nothing(capsys):
    assert told(capsys, ask("How many?", guess=3), float("nan")) == "There is no result to compare your guess with."


def test_a_guess_stays_as_it_was_before_the_result_was_shown(capsys):
    guess = ask("How many?", guess=3)
    guess.keep(4)
    guess.compare(7)
    assert "stays 4" in guess.keep(7)
    assert told(capsys, ask("How many?"), 7).startswith("You guessed 4.")  # in the next session, too


def test_a_guess_after_the_result_is_called_so(capsys):
    guess = ask("How many?")
    guess.compare(7)
    guess.keep(7)
    assert "after the result was shown" in told(capsys, guess, 7)


def test_the_field_keeps_what_is_typed_and_is_closed_after_the_result():
    guess = ask("Is it <b>5</b>?", unit="stars")
    question, box, said = guess._field().children
    assert "&lt;b&gt;" in question.value and box.description == "Guess"  # what screen readers say
    box.value = "4.5"
    assert guess.value == 4.5 and "4.5 stars" in said.value
    box.value = "lots"
    assert guess.value == 4.5 and "Not kept" in said.value
    guess.compare(5)
    assert guess._field().children[1].disabled and guess._field().children[1].value == "4.5"
    choice = ask("Which?", choices=["a", "b"])
    choice._field().children[1].value = "b"
    assert choice.value == "b"


def test_where_widgets_do_not_run_the_question_and_the_plain_way_are_shown():
    shown = ask("How many?", unit="%")._repr_mimebundle_()
    assert repr(ask("How many?", unit="%")) == shown["text/plain"]
    assert "How many?" in shown["text/plain"] and "guess=" in shown["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_notebooks_at_once_never_lose_each_others_guesses():
    runs = [subprocess.Popen([sys.executable, "-c", KEEP, name, str(ROUNDS)], cwd=ROOT) for name in "ab"]
    assert [run.wait() for run in runs] == [0, 0]
    assert [ask(f"{name} {number}?").value for name in "ab" for number in range(ROUNDS)] == [*range(ROUNDS)] * 2


def test_a_kill_while_a_guess_is_written_costs_no_other_guess():
    ask("First?", guess=1)
    with guesses.guesses_file().open("a") as file:
        file.write('\n{"question": "First?", "gue')
    ask("Second?", guess=2)
    assert (ask("First?").value, ask("Second?").value) == (1, 2)
    assert sum(line.startswith("{") for line in guesses.guesses_file().read_text().splitlines()) == 3


def test_a_guess_that_cannot_be_kept_does_not_stop_the_lesson(home, monkeypatch, capsys):
    (home / "file").write_text("")
    monkeypatch.setenv("COURSE_HOME", str(home / "file"))
    ask("How many?", guess=3).compare(4)
    assert "COURSE_HOME" in capsys.readouterr().out


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_notebook_gives_a_guess_away(path):
    """The answer stands in the result's output alone: not in the source there, nor in the text on either side."""
    cells = nbformat.read(path, as_version=4).cells
    for place, cell in enumerate(cells):
        for output in cell.get("outputs", []):
            for answer in NO_GUESS.findall(output.get("text", "")):
                number = re.match(r"-?[\d,.]*\d", answer)
                if number:
                    around = [other.source for other in cells[place - 1 : place + 2] if other.cell_type == "markdown"]
                    texts, said = [cell.source, *around], number[0]
                else:  # a name may stand in the code and the text, as one of several, but not in what a figure says
                    texts, said = re.findall(r'(?:title|alt)=f?"(.*?)"', cell.source), answer
                leak = rf"(?<![\w.,]){re.escape(said)}(?!\w|[.,]\d)"
                assert len(said) == 1 or not any(re.search(leak, text) for text in texts), f"{cell.id}: {answer}"


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_every_guess_is_compared_with_its_result_later_in_the_notebook(path):
    code = [cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code"]
    for place, source in enumerate(code):
        for name in re.findall(r"^(\w+) = ask\(", source, re.MULTILINE):
            assert source.rstrip().splitlines()[-1] == name, "the guess is the last value of its cell, and shows itself"
            assert any(f"{name}.compare(" in later for later in code[place + 1 :]), name


def test_no_question_is_asked_twice():
    code = "\n".join(
        cell.source
        for path in NOTEBOOKS
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "code"
    )
    asked = re.findall(r"ask\(\s*(\".*?\")", code)
    assert len(asked) == len(set(map(json.loads, asked))) == code.count("= ask(")
