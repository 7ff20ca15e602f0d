"""Write what every notebook says about the course: its place, its minutes, what comes next; and the maps of it.

The README's map of `helpers` is made from what each room says of itself in its first line.

    python tools/course_map.py

Everything comes from the notebooks themselves: the number from the file's name, the title from its heading, the
question, the gain and the run time from its metadata `course`. Minutes are computed from what a notebook holds
(`held_in`); the run time is measured by `tools/run_notebooks.py --times`.
"""

from __future__ import annotations

import ast
import itertools
import math
import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from helpers.data import write_whole  # noqa: E402

WORDS_A_MINUTE, SECONDS_A_LINE_OF_CODE, MINUTES_A_LOOK = 150, 10, 2
MINUTES_A_FUNCTION, MINUTES_AN_ANSWER = 12, 5  # exercises: a whole function to write, anything else
FURTHER = "10"  # the first chapter behind the course itself
LEARNER, MISS = 0.12, 0.09  # by which learners differ, and by which the formula misses a single notebook
STRETCH = "★ *Stretch, optional.*"  # marks an exercise that the minutes leave out
COMPUTED = "How are the minutes computed? "
HEADER, NEXT, TABLE = "**About ", "Next: ", "| notebook | question | what you'll have | minutes |"
UNREAD = re.compile(  # formulas (they are looks), lines about the course, its maps, addresses, HTML
    rf"\$\$[\s\S]*?\$\$|^(?:{re.escape(HEADER)}|{re.escape(NEXT)}|{re.escape(COMPUTED)}|\*\*Read more).*$"
    rf"|{re.escape(TABLE)}(?:\n\|.*)*|(?<=\])\([^)]*\)|<[^<>]+>",
    re.MULTILINE,
)
ROOMS = [  # of `helpers`: each imports only from those before it
    "home", "files", "data", "titles", "encoding", "search", "evaluation", "recommenders", "plots", "scale", "widgets",
    "exercises", "app", "course",
]  # fmt: skip
ROOM_TABLE = "| part of `helpers/` | what it holds |"
LAST_WORDS = "That's the end of the course. Build something of your own with it, and show it to somebody."


class Held(NamedTuple):
    """What takes a learner's time in a notebook: `held_in` counts it."""

    words: int
    lines: int
    looks: int
    functions: int
    answers: int

    @property
    def minutes(self) -> float:
        return (
            self.words / WORDS_A_MINUTE
            + self.lines * SECONDS_A_LINE_OF_CODE / 60
            + self.looks * MINUTES_A_LOOK
            + self.functions * MINUTES_A_FUNCTION
            + self.answers * MINUTES_AN_ANSWER
        )


# The only measured times: minutes of the first learners for 00, 01 and 02, as the text was then. Five constants cannot
# be told from three times, so these are round numbers that come near: 58, 93 and 103, a miss of 9% (root mean square).
KNOWN = {Held(1137, 67, 6, 1, 3): 50, Held(1492, 107, 13, 2, 3): 95, Held(1469, 112, 11, 4, 1): 100}


class Lesson(NamedTuple):
    """What the maps say about one notebook."""

    path: Path
    number: str
    title: str
    question: str
    gain: str
    minutes: float
    stretch: float
    seconds: int | None


def held_in(notebook) -> tuple[Held, Held]:
    """Count what a learner reads, does and looks at, and apart from that what the stretch exercises add.

    A look is one at a figure or a formula, a guess, or a short question (two open a notebook, three close it).
    """
    text = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")
    sources = [cell.source for cell in notebook.cells if cell.cell_type == "code"]
    code = "\n".join(sources)
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    figures = sum("image/png" in output.get("data", {}) for output in outputs)
    guesses = len(re.findall(r"\bask\(", code))
    looks = figures + text.count("$$") // 2 + guesses + 2 * ("ex.opening" in code) + 3 * ("ex.closing" in code)
    kinds = {False: [0, 0], True: [0, 0]}  # whether it is a stretch: whole functions, anything else
    for before, cell in itertools.pairwise(notebook.cells):
        if ".check(" in cell.source and cell.cell_type == "code":
            kinds[STRETCH in before.source][not _asks_whole_function(cell.source)] += 1
    lines = sum(bool(line.strip()) for line in code.splitlines())
    return Held(words_read(text), lines, looks, *kinds[False]), Held(0, 0, 0, *kinds[True])


def words_read(text: str) -> int:
    """Count the words of a notebook's text that are read at reading speed."""
    return len(re.findall(r"\S*\w\S*", UNREAD.sub("", text)))


def _asks_whole_function(source: str) -> bool:
    """Whether an exercise gives a function's first line only, and not a part of its body."""
    return re.search(r"(?m)^def .*:\n    return \.\.\.$", source) is not None


def how_computed() -> str:
    """The sentences that say how the minutes come about."""
    return (
        f"{COMPUTED}The formula assumes that you read {WORDS_A_MINUTE} words per minute, and take "
        f"{SECONDS_A_LINE_OF_CODE} seconds for a line of code. Each figure, formula, guess, and short question takes "
        f"{MINUTES_A_LOOK} minutes. An exercise takes {MINUTES_A_FUNCTION} minutes if it asks for a whole function, "
        f"and {MINUTES_AN_ANSWER} if not. Stretch exercises (★) aren't counted. The range is plus or "
        f"minus {within(1):.0%}."
    )


def within(notebooks: int) -> float:
    """By which share the sum over some notebooks may be off: a quick learner is quick in all, misses even out."""
    return math.hypot(LEARNER, MISS / math.sqrt(notebooks))


def spread(minutes: float, unit: int = 5, notebooks: int = 1) -> str:
    """A range around an estimate, in steps of `unit`: ``"50 to 70"``."""
    off = within(notebooks)
    low, high = (unit * round(minutes * factor / unit) for factor in (1 - off, 1 + off))
    return f"{low} to {high}"


def read_lesson(path: Path) -> Lesson:
    """Read what a notebook says about itself."""
    notebook = nbformat.read(path, as_version=4)
    course = notebook.metadata["course"]
    title = notebook.cells[0].source.splitlines()[0].removeprefix("# ")
    needed, stretch = (held.minutes for held in held_in(notebook))
    return Lesson(
        path, path.stem[:2], title, course["question"], course["gain"], needed, stretch, course.get("seconds")
    )


def link(lesson: Lesson, text: str, folder: str = "") -> str:
    return f"[{text}]({folder}{lesson.path.name})"


def header(here: Lesson, lessons: list[Lesson]) -> str:
    """The line under a notebook's title."""
    before = [lesson for lesson in lessons if lesson.number < here.number]
    builds_on = link(before[-1], f"{before[-1].number} {before[-1].title}") if before else "a little Python and pandas"
    way = " → ".join(
        f"**{here.number} {here.title}**" if lesson.number == here.number else link(lesson, lesson.number)
        for lesson in lessons
    )
    runs = f" · its cells run in about {here.seconds} seconds" if here.seconds else ""
    return f"{HEADER}{spread(here.minutes)} minutes**{runs} · builds on: {builds_on} · you are here: {way}"


def next_line(here: Lesson, lessons: list[Lesson]) -> str:
    """The last line of a notebook."""
    after = [lesson for lesson in lessons if lesson.number > here.number]
    if not after:
        return LAST_WORDS
    return f"{NEXT}{link(after[0], f'{after[0].number} {after[0].title}')}: {after[0].question}"


def table(lessons: list[Lesson], folder: str = "", here: Lesson | None = None) -> str:
    """The map of the course as a table."""
    rows = [TABLE, "|---|---|---|---|"]
    for lesson in lessons:
        if lesson.number == FURTHER:
            rows.append("| *further chapters* | | | |")
        name = f"{lesson.number} {lesson.title}"
        name = f"**{name}**" if here and lesson.number == here.number else link(lesson, name, folder)
        rows.append(f"| {name} | {lesson.question} | {lesson.gain} | {spread(lesson.minutes)} |")
    course = [lesson for lesson in lessons if lesson.number < FURTHER]
    rows.append(_total("the course: 00 to 09", course))
    if len(course) < len(lessons):
        rows.append(_total("with the further chapters", lessons))
    stretched = [lesson for lesson in lessons if lesson.stretch]
    if stretched:
        numbers = ", ".join(lesson.number for lesson in stretched)
        more = 5 * round(sum(lesson.stretch for lesson in stretched) / 5)
        rows.append(f"| ★ stretch exercises, optional: one each in {numbers} | | | about {more} minutes more |")
    return "\n".join(rows)


def _total(name: str, lessons: list[Lesson]) -> str:
    hours = sum(lesson.minutes for lesson in lessons) / 60
    return f"| {name} | | | {spread(hours, 1, len(lessons))} hours |"


def room_table() -> str:
    """The map of `helpers`, a row per room, from the first lines of their docstrings."""
    rows = [ROOM_TABLE, "|---|---|"]
    for room in ROOMS:
        folder = ROOT / "helpers" / room
        source = folder / "__init__.py" if folder.is_dir() else folder.with_suffix(".py")
        says = ast.get_docstring(ast.parse(source.read_text(encoding="utf-8"))).splitlines()[0]
        name = f"{room}/" if folder.is_dir() else f"{room}.py"
        rows.append(f"| [{name}](helpers/{name}) | {says} |")
    return "\n".join(rows)


def replace_table(text: str, new: str) -> str:
    """Put a new table in the place of the one with the same first line."""
    return re.sub(re.escape(new.splitlines()[0]) + r"(\n\|.*)*", lambda _: new, text)


def mapped(lesson: Lesson, lessons: list[Lesson]) -> str:
    """The text of a notebook's file with its place in the course brought up to date."""
    notebook = nbformat.read(lesson.path, as_version=4)
    first, last = notebook.cells[0], notebook.cells[-1]
    first.source = re.sub(rf"^{re.escape(HEADER)}.*$", lambda _: header(lesson, lessons), first.source, flags=re.M)
    ending = rf"^({re.escape(NEXT)}|{re.escape(LAST_WORDS)}).*$"
    last.source = re.sub(ending, lambda _: next_line(lesson, lessons), last.source, flags=re.M)
    for cell in notebook.cells:
        if cell.cell_type == "markdown":
            cell.source = replace_table(cell.source, table(lessons, here=lesson))
            cell.source = re.sub(rf"{re.escape(COMPUTED)}.*?%\.", how_computed(), cell.source)
    return nbformat.writes(notebook) + "\n"


def every_file() -> dict[Path, str]:
    """What each notebook and the README should hold."""
    lessons = [read_lesson(path) for path in sorted((ROOT / "notebooks").glob("*.ipynb"))]
    files = {lesson.path: mapped(lesson, lessons) for lesson in lessons}
    readme = ROOT / "README.md"
    text = replace_table(readme.read_text(encoding="utf-8"), table(lessons, folder="notebooks/"))
    files[readme] = replace_table(text, room_table())
    return files


def main() -> None:
    for path, text in every_file().items():
        if path.read_text(encoding="utf-8") != text:
            with write_whole(path) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")
            print(path.name, "brought up to date")


if __name__ == "__main__":
    main()
