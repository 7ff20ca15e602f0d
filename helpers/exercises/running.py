"""Run what a learner wrote: it may loop without end, print a flood, change its arguments, or raise anything.

It runs in a thread of its own. So `KeyboardInterrupt` from inside is the learner's and a press on *Stop* is the
user's, and a function that does not come back can be left behind. A loop in compiled code that never lets another
thread run, such as ``list(itertools.count())`` written by the learner, is out of reach of any Python program. The one
that learners do write, a power of whole numbers with billions of digits, is found with floats, which overflow at once.
"""

from __future__ import annotations

import contextlib
import copy
import ctypes
import inspect
import io
import re
import sys
import sysconfig
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import helpers
from helpers.exercises.values import Unreadable, settle, unchanged

PATIENCE = 20.0  # seconds for one call; right answers take milliseconds, so that a slow machine is not refused
IMPORTS = 10  # times as long as that for what a call imports: a slow disk needs minutes for the first torch
MOST_BLOCKS = 5_000_000  # pieces of memory for one call, half a gigabyte: a loop that appends without end takes more
LARGE = 1000  # from here on, a whole number as a power may make too many digits
PRINTED = 1000  # characters of what an answer prints that are shown
SAID = 200  # characters of an error's message that are shown
LINE = 100  # characters of the line that raised it
NOT_THE_LEARNERS = (str(Path(helpers.__file__).parent), *map(sysconfig.get_path, ("stdlib", "purelib", "platlib")))
CURES = {  # what is added to an error whose message this pattern finds
    "maximum recursion depth": "The function calls itself without end.",
    "name 'math' is not defined": "Write `import math` in a line above the function.",
    "name 'np' is not defined": "Write `import numpy as np` in a line above the function.",
    "name '(sqrt|log|log2|log10|exp)' is not defined": r"It lives in a module: math.\1, or np.\1 for arrays.",
    "name '[a-z](_[a-z])?' is not defined": "Is it a letter of the formula? Use the argument that stands for it, or "
    "compute it: a length is len(...).",
    "name 'mean' is not defined": "It belongs to the array: a.mean().",
    "The truth value of a": "For arrays, write & for and, | for or, ~ for not, with parentheses around each side. What "
    "if, min or max looks at has to be a single value.",
    "for &: 'list' and 'list'": "Sets support &: set(a) & set(b).",
    "boolean index did not match": "A mask must be as long as what it picks from.",
    "only integer scalar arrays": "An array of several numbers is not a position in a list.",
    r"for \^: 'float'": "Python writes a power with **.",
    r"(invalid syntax|unterminated string.*) \(your code": "Replace the gap with Python, not with a sentence.",
    "(no attribute|name) 'ln'": "Python calls the natural logarithm math.log, and NumPy np.log.",
    r"broadcast together .* (\((\d+),\d+\) \(\2,\)|\((\d+),\) \(\3,\d+\))": "One number per row has to be in a "
    "column: keepdims=True keeps one, and rows[:, None] makes one. One number per column comes from axis=0.",
    r"broadcast together .* \(\d+,\) \(\d+,\)": "They differ in length: is a place missing in one, "
    "or one too many in the other?",
    "(Quantiles|Percentiles) must be in": "np.quantile takes shares, such as 0.025; np.percentile takes percent: 2.5.",
    r"\(34, '": "Something is raised to a power that makes it far too large. Is it to be multiplied?",
    "can only concatenate str": "Make the other one a text first: str(...).",
    r"split\(\) takes at most": "split takes one separator: replace the others by it first.",
    "'list' object has no attribute '(split|strip|lower|replace|casefold)'": "That is for one text, and this is a list "
    "of texts: go through it with a loop, or do it before you split.",
    "for /: '(set|list)'": r"How many a \1 holds is len(...).",
    "for [-*]+: 'list'|'list' object has no attribute '(mean|sum|std|min|max|argsort|shape|dot|T|astype)'": "A list "
    "cannot do that, and an array can: np.array(...) makes one.",
    "string index out of range": "Positions start at 0, so the last one is len(...) - 1, and letter i is text[i - 1].",
    "(list|tuple) index out of range": "Positions start at 0, so the last one is len(...) - 1.",
    "indices must be integers|only integers, slices": "Is it a value, and not a position? for x in a gives the values; "
    "for i in range(len(a)) gives the positions.",
    "unhashable type: 'list'": "A set cannot hold a list. Of what the list holds, set(a) makes a set.",
    "'bool' object is not iterable": "Between two sets or lists, == gives a single True or False; between arrays, one "
    "for each value.",
    "for axis 0 with size 0": "That array is empty: nothing is left in it.",
    r"sort\w*\(\) got .* '(reverse|ascending|descending)'": "NumPy sorts in ascending order only, and [::-1] turns it "
    "around; pandas takes ascending=False.",
    r"can only concatenate tuple \(not": "A tuple of one has a comma: (one,).",
    r"can only concatenate list \(not": "Put it into a list of its own first: [one], or list(...).",
    "'bitwise_(and|or)' not supported|for [&|]: '(float|int)": "Put parentheses around each side of & and |, which "
    "come before <, >=, and ==.",
}
POLL = 0.1  # seconds between looks, so that a press on Stop is noticed on every system


class Stopped(BaseException):
    """Raised inside code that has not come back in time."""


class WrongArgumentsError(Exception):
    """A function cannot be called with the arguments of its exercise."""


class Outcome(NamedTuple):
    """What a call gave: the value in plain types, as it was, or what went wrong, in words.

    `changed` is the place of the first argument that is no longer what it was, counted from 0.
    """

    value: Any = None
    raw: Any = None
    trouble: str | None = None
    hung: bool = False
    changed: int | None = None


class _Kept(io.TextIOBase):
    """Takes every print, and keeps the beginning."""

    def __init__(self):
        self.text, self.more, self.outside = "", False, sys.stdout

    def write(self, text: str) -> int:
        room = PRINTED - len(self.text)
        self.text, self.more = self.text + text[:room], self.more or len(text) > room
        return len(text)

    def __str__(self) -> str:
        return self.text + ("\n... (more was printed, and is left out)\n" if self.more else "")


def aloud(text: str) -> None:
    """Print within `quiet`: what the check, not the answer, has to say before it is done."""
    kept = sys.stdout
    print(text, file=kept.outside if isinstance(kept, _Kept) else kept, flush=True)


@contextlib.contextmanager
def quiet() -> Iterator[_Kept]:
    """Keep prints, warnings and figures of an answer out of the notebook; give what was printed."""
    kept, before = _Kept(), _figures()
    with warnings.catch_warnings(), contextlib.redirect_stdout(kept), contextlib.redirect_stderr(io.StringIO()):
        warnings.simplefilter("ignore")
        yield kept
    for number in _figures() - before:
        sys.modules["matplotlib.pyplot"].close(number)


def call(function: Callable, arguments: tuple) -> Outcome:
    """Call a learner's function on copies of the arguments."""

    def work() -> Any:
        _see_that_it_can_be_called(function, arguments)
        _see_that_no_power_is_endless(function, arguments)
        return function(*copied)

    copied = _anew(arguments)
    outcome = _attempt(work, "your function")
    places = range(len(arguments) if outcome.trouble is None else 0)
    return outcome._replace(changed=next((n for n in places if not unchanged(arguments[n], copied[n])), None))


def _anew(value: Any) -> Any:
    """A copy in which equal numbers and texts are other objects, as in a table: `is` does not tell that they agree."""
    if type(value) in (list, tuple, set):
        return type(value)(map(_anew, value))
    if type(value) is dict:
        return {_anew(key): _anew(part) for key, part in value.items()}
    if type(value) is str:
        return "".join([*value])
    return type(value)(str(value)) if type(value) in (int, float) else copy.deepcopy(value)


def read(answer: Any) -> Outcome:
    """Bring an answer into plain types."""
    return _attempt(lambda: answer, "reading your answer")


def _attempt(work: Callable, name: str) -> Outcome:
    """Do something in a thread of its own, and bring what it gives into plain types; wait for it with a limit."""
    outcomes: list[Outcome] = []

    def target() -> None:
        with contextlib.suppress(Stopped):  # `_stop` may raise it once more, just before that is known
            try:
                raw = work()
                outcomes.append(Outcome(settle(raw), raw))
            except BaseException as error:  # whatever it is: it is the learner's, and stays in this thread
                outcomes.append(Outcome())  # at once, so that `_stop` knows
                outcomes[0] = Outcome(trouble=_in_words(error))

    thread = threading.Thread(target=target, daemon=True)
    most = sys.getallocatedblocks() + MOST_BLOCKS
    thread.start()
    try:
        _join(thread, PATIENCE, most)
        hung, full = thread.is_alive(), sys.getallocatedblocks() > most
    finally:
        stopped = _stop(thread, outcomes)
    if not hung and outcomes:
        return outcomes[0]
    rest = "" if stopped else " It is still running: restart the kernel (Kernel > Restart) to get rid of it."
    kept = "keeps filling the memory" if full else f"has not come back after {PATIENCE:g} seconds"
    text = f"{name} {kept}. Is there a loop that never ends?{rest}"
    return Outcome(trouble=text[0].upper() + text[1:], hung=True)


def _join(thread: threading.Thread, seconds: float, most: float = float("inf")) -> None:
    """Wait for a thread in short steps, since not every system lets a long wait be interrupted.

    Python holding more than so many pieces of memory ends the wait, too.
    """
    while thread.is_alive() and seconds > 0 and sys.getallocatedblocks() <= most:
        thread.join(min(POLL, seconds))
        seconds -= POLL / IMPORTS if _imports(thread) else POLL


def _imports(thread: threading.Thread) -> bool:
    """Whether a thread is importing a module at this moment."""
    frame = sys._current_frames().get(thread.ident or 0)  # None where it has ended
    while frame is not None and not frame.f_code.co_filename.startswith("<frozen importlib"):
        frame = frame.f_back
    return frame is not None


def _stop(thread: threading.Thread, outcomes: list) -> bool:
    """Raise `Stopped` in a thread until it ends or has an outcome, a few times; tell whether it did."""
    for _ in range(5):
        if outcomes or not thread.is_alive():  # with an outcome, it only gives its memory back
            return True
        ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident or 0), ctypes.py_object(Stopped))
        _join(thread, POLL)
    return bool(outcomes) or not thread.is_alive()


def _see_that_it_can_be_called(function: Callable, arguments: tuple) -> None:
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # some functions of compiled code do not tell
        return
    try:
        signature.bind(*arguments)
    except TypeError:
        wanted = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'}"
        raise WrongArgumentsError(
            f"it is called with {wanted}, and yours is written for {signature}. Keep the first line of the cell."
        ) from None


def _see_that_no_power_is_endless(function: Callable, arguments: tuple) -> None:
    """Call a function with floats in place of large whole numbers, and raise what overflows; all else may differ."""
    if not any(type(argument) is int and argument >= LARGE for argument in arguments):
        return
    given = (float(part) if type(part) is int else copy.deepcopy(part) for part in arguments)
    try:
        function(*given)
    except OverflowError:
        raise
    except Exception:
        return


def _in_words(error: BaseException) -> str:
    """Say what was raised, and in which line of the learner's."""
    try:
        said = " ".join(str(error)[: SAID + 1].split())
    except BaseException:  # an error of the learner's own may fail to say what it is
        said = ""
    said = said if len(said) <= SAID else said[:SAID] + "..."
    if isinstance(error, (WrongArgumentsError, Unreadable)):
        return said
    frames = traceback.extract_tb(error.__traceback__, limit=-50)
    lines = [frame.line for frame in frames if frame.line and not _is_ours(frame.filename)]
    line = lines[-1] if lines else ""
    where = f" in the line `{line[:LINE]}{'...' * (len(line) > LINE)}`" if line else ""
    found = ((re.search(pattern, said), cure) for pattern, cure in CURES.items())
    more = next((f" {match.expand(cure)}" for match, cure in found if match), "")
    said = said.removesuffix("." if not where else "")
    return f"{type(error).__name__}{': ' + said if said else ''}{where}.{more}"


def _is_ours(filename: str) -> bool:
    """Whether a file is the course's, Python's or a library's: learners look for their own line."""
    return filename.startswith(NOT_THE_LEARNERS)


def _figures() -> set[int]:
    pyplot = sys.modules.get("matplotlib.pyplot")
    return set(pyplot.get_fignums()) if pyplot else set()
