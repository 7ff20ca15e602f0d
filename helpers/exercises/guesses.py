"""Guesses before results: asked in one cell, kept in a file, and compared in the cell that computes the result."""

from __future__ import annotations

import html
import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from helpers.exercises.checker import keep_in
from helpers.exercises.texts import in_digits, ungrouped
from helpers.exercises.typed import quoted, value_of
from helpers.home import course_home

CLOSE = 0.05  # share of the result within which a guess is called very close
SHARE = re.compile(r"%|percent|/|\b(of|in)\b|hal(f|ves)|third|fourth|quarter|fifth|tenth")  # a part of the whole
NONE = {"none": "0", "nothing": "0"}
TIMES = {**NONE, "once": "1", "twice": "2", "double": "2", "triple": "3", "tenfold": "10"}
LIMITS = re.compile(  # what a question says of its answer: from 0 to 1, of 100 lists, how many of the eight, what share
    r"from (?P<low>\d+) to (?P<high>\d+)|^(?:out )?of (?:the |every )?(?P<some>[\d,]+) |how many of the (?P<of>\d+) "
    r"|(?P<share>what share)|what is .*ndcg|(?<!by )(?P<many>how many)"
)


class Guess:
    """A question that is asked before its result is shown. As the last value of a cell, it shows a field to answer in.

    Parameters
    ----------
    question : str
        The question, which also identifies the guess among those that are kept.
    unit : str
        Unit of a number, such as ``"%"`` or ``"stars"``.
    choices : sequence of str, optional
        Given, the guess is one of them; otherwise it is a number.
    """

    def __init__(self, question: str, unit: str = "", choices: Sequence[str] | None = None):
        self.question, self.unit, self.choices = question, unit, list(choices or [])

    @property
    def value(self) -> float | str | None:
        """The guess that is kept, or None."""
        return _kept(self.question).get("guess")

    def keep(self, value: Any) -> str:
        """Keep a guess until its result is shown; say in a line what was kept, or why nothing was."""
        guess = self._understood(value)
        if guess is None:
            asked = f"one of: {', '.join(self.choices)}" if self.choices else "one number, such as 12 or 3.5"
            return f"Not kept: the guess should be {asked}."
        impossible = self._impossible(guess)
        if impossible is not None:
            return f"Not kept: {self._with_unit(guess)} can't be. {impossible} Guess again."
        kept = _kept(self.question)
        if kept.get("shown") and kept.get("guess") is not None:
            return f"You have seen the result; your guess stays {self._with_unit(kept['guess'])}."
        trouble = _append({"question": self.question, "guess": guess, "shown": False, "late": bool(kept.get("shown"))})
        meant = ""
        if self._whole == 100 and isinstance(guess, float) and 0 < abs(guess) < 1 and "%" not in str(value):
            meant = f" If you meant {_short(100 * guess)}%, enter {_short(100 * guess)}."
        return trouble or f"Kept: {self._with_unit(guess)}.{meant} Run the next cells."

    def compare(self, result: float | str) -> None:
        """Print the result of the question, and how far off the guess was.

        Raises
        ------
        ValueError
            If the question offers choices and the result is not one of them.
        """
        if self.choices and result not in self.choices:
            raise ValueError(f"{result!r} is not one of the choices: {', '.join(self.choices)}")
        if result != result:  # nan: no row was left to take the answer from, say
            print("There is no result to compare your guess with.")
            return
        kept = _kept(self.question)
        guess = kept.get("guess")
        if not kept.get("shown"):
            _append({"question": self.question, "guess": guess, "shown": True, "late": bool(kept.get("late"))})
        if guess is None:
            print(f"No guess this time. The answer: {self._with_unit(result)}.")
            return
        late = " (after the result was shown)" if kept.get("late") else ""
        answer = f"The answer: {self._with_unit(result)}. {self._verdict(guess, result)}"
        print(f"You guessed {self._with_unit(guess)}{late}. {answer}")

    def _understood(self, value: Any) -> float | str | None:
        """The guess in what somebody typed or chose; None if there is none."""
        text = str(value).strip()
        if self.choices:
            begun = [
                choice for choice in self.choices if len(text) > 2 and choice.casefold().startswith(text.casefold())
            ]
            return begun[0] if len(begun) == 1 else quoted(text, {choice: choice for choice in self.choices}, "")
        whole = self.unit not in ("", "%", "stars")
        if isinstance(value, str):
            text = (NONE if self.unit else TIMES).get(text.casefold().strip(" .!?"), text)
        number = value_of(ungrouped(text) if whole else text, several=False)
        if isinstance(number, bool) or not isinstance(number, (int, float)) or not math.isfinite(number):
            return None
        if not SHARE.search(text.casefold()):
            return float(number)
        if self._whole is not None and (number <= 1 or self._whole == 100):  # 9 of 12, but not two and a half
            return round(self._whole * number, 9)
        return float(number) if self.unit == "" else None

    @property
    def limits(self) -> tuple[float, float]:
        """The least and the most that the answer can be, as far as the question says."""
        says = LIMITS.search(in_digits(self.question.casefold()))
        if says is None:
            return -math.inf, math.inf
        low, high = float(says["low"] or 0), says["high"] or says["some"] or says["of"]
        if high is not None:
            return low, float(high.replace(",", ""))
        return low, 100.0 if says["share"] and self.unit == "%" else math.inf if says["many"] else 1.0

    def _impossible(self, guess: float | str) -> str | None:
        """Say which answers are possible, where a guess is none of them."""
        low, high = self.limits
        if isinstance(guess, str) or low <= guess <= high:
            return None
        return f"It's {_short(low)} or more." if high == math.inf else f"It's from {_short(low)} to {_short(high)}."

    @property
    def _whole(self) -> float | None:
        """What the answer is a part of, as far as the question says."""
        says = LIMITS.search(in_digits(self.question.casefold()))
        some = says and (says["some"] or says["of"])
        return 100.0 if self.unit == "%" else float(some.replace(",", "")) if some else None

    def _verdict(self, guess: float | str, result: float | str) -> str:
        if isinstance(guess, str) or isinstance(result, str):
            return "You were right." if guess == result else "Why is it not what you expected?"
        off = guess - result
        if abs(off) <= CLOSE * abs(result):
            return "Very close."
        side = "high" if off > 0 else "low"
        if guess * result > 0 and max(guess / result, result / guess) >= 2:
            return f"Too {side}, by a factor of {_short(max(guess / result, result / guess))}."
        by = f"{_short(abs(off))} percentage points" if self.unit == "%" else self._with_unit(abs(off))
        return f"Too {side}, by {by}."

    def _with_unit(self, value: float | str) -> str:
        if isinstance(value, str):
            return value
        unit = self.unit.removesuffix("s") if value == 1 else self.unit
        return _short(value) + (unit if unit == "%" else f" {unit}".rstrip())

    def __repr__(self) -> str:
        asked = ", ".join(self.choices) if self.choices else f"a number{f', in {self.unit}' * bool(self.unit)}"
        return f"Your guess: {self.question}\n  ({asked}; if you don't see a field, write ask(..., guess=...))"

    def _repr_mimebundle_(self, **kwargs: Any) -> dict:
        """Give a field to answer in, and the question as text wherever widgets do not run."""
        return {**self._field()._repr_mimebundle_(**kwargs), "text/plain": repr(self)}

    def _field(self) -> Any:
        """Make the widget: the question, a box or buttons, and a line that says what was kept."""
        import ipywidgets

        kept = _kept(self.question)
        guess = kept.get("guess")
        done = bool(kept.get("shown")) and guess is not None
        if self.choices:
            control = ipywidgets.RadioButtons(options=self.choices, value=guess, disabled=done, description="Guess")
        else:
            shown = "" if guess is None else _short(guess)
            hint = f"a number{f', in {self.unit}' * bool(self.unit)}"
            control = ipywidgets.Text(
                shown, placeholder=hint, continuous_update=False, disabled=done, description="Guess"
            )
        control.layout.width = "min(36em, 98%)"
        said = ipywidgets.HTML("" if guess is None else f"Your guess: {html.escape(self._with_unit(guess))}.")

        def on_change(change: dict) -> None:
            said.value = html.escape(self.keep(change["new"])) if change["new"] not in ("", None) else ""

        control.observe(on_change, names="value")
        question = ipywidgets.HTML(f"<b>Your guess:</b> {html.escape(self.question)}")
        return ipywidgets.VBox([question, control, said])


def ask(
    question: str, guess: float | str | None = None, *, unit: str = "", choices: Sequence[str] | None = None
) -> Guess:
    """Ask for a guess before the result is computed.

    Parameters
    ----------
    question : str
        What to guess; no two guesses of the course ask the same.
    guess : float or str, optional
        The guess itself, for notebooks that are read without widgets.
    unit : str
        Unit of a number, such as ``"%"`` or ``"stars"``.
    choices : sequence of str, optional
        Given, the guess is one of them; otherwise it is a number.

    Returns
    -------
    Guess
        As the last value of a cell, it shows a field to answer in. ``.compare(result)`` says how far off the guess was.
    """
    asked = Guess(question, unit, choices)
    if guess is not None:
        print(asked.keep(guess))
    return asked


def guesses_file() -> Path:
    """Where guesses are kept, on this machine only: a line of JSON for each change."""
    return course_home() / "guesses.jsonl"


def _kept(question: str) -> dict:
    """The last readable line about a question; nothing if there is none."""
    try:
        lines = guesses_file().read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    found: dict = {}
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:  # cut by a kill: the guess before it counts
            continue
        if isinstance(entry, dict) and entry.get("question") == question:
            found = entry
    return found


def _append(entry: dict) -> str | None:
    """Add a line to the file of guesses; say why where that is not possible. Lines stay: a kill costs one at most."""
    file = guesses_file()

    def add() -> None:
        with file.open("a", encoding="utf-8") as lines:
            lines.write(f"\n{json.dumps(entry, ensure_ascii=False)}")

    return keep_in(file, "guess", add)


def _short(number: float) -> str:
    """A number with three digits that count, and commas."""
    rounded = float(f"{number:.3g}")
    if abs(number) >= 100 or rounded == int(rounded):
        return f"{round(number):,}"
    return f"{rounded:,.10g}"
