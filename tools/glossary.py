"""Write the glossary: every term that a notebook sets in bold, the sentence that defines it, and where it is taught.

    python tools/glossary.py

A bold term is a definition: its sentence says what it means, and no cell before it uses the word. Bold labels, which
end in a stop, a colon, or a number, are none; nor is "Guess first", nor bold in tables and exercises.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import NamedTuple

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
from helpers.data import write_whole  # noqa: E402

GLOSSARY = ROOT / "notebooks" / "GLOSSARY.md"
BOLD = re.compile(r"\*\*([^*\n]+?)\*\*")
END = re.compile(r"(?<=[.!?])(?<!et al\.)(?<!vs\.)(?<!e\.g\.)\)?\s+(?=[A-Z*`\"(])")
LABEL = re.compile(r"[.:?!\d]$|^Guess first$")
SKIPPED = re.compile(r"^(>|\||#|\*\*About|\*\*Read more)")  # exercises, tables, headings, generated lines
HEAD = """# Glossary

The course's terms, each in the sentence that introduces it. Made from the notebooks by `tools/glossary.py`.

| term | in a sentence | taught in |
|---|---|---|
"""


class Term(NamedTuple):
    """A term: its sentence, the notebook, and the place of its cell in the whole course."""

    name: str
    sentence: str
    path: Path
    place: int


def cells_of_the_course() -> list[tuple[Path, str]]:
    """The text of every markdown cell with its notebook, in the order of the course."""
    paths = sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    return [
        (path, cell.source)
        for path in paths
        for cell in nbformat.read(path, as_version=4).cells
        if cell.cell_type == "markdown"
    ]


def lines_of(text: str) -> list[str]:
    """The lines of a cell that may define something: no exercise, table, heading, or formula."""
    plain = re.sub(r"\$\$.*?\$\$", " ", text, flags=re.DOTALL)
    return [line for line in plain.splitlines() if not SKIPPED.match(line)]


def terms_of_the_course() -> list[Term]:
    """Every term where it is first set in bold, in the order of the course."""
    found: dict[str, Term] = {}
    for place, (path, text) in enumerate(cells_of_the_course()):
        for line in lines_of(text):
            for sentence in END.split(line.removeprefix("- ")):
                for name in BOLD.findall(sentence):
                    if not LABEL.search(name):
                        found.setdefault(name.casefold(), Term(name, plain(sentence), path, place))
    return list(found.values())


def plain(sentence: str) -> str:
    """A sentence without bold, with a capital at its beginning and a period at its end, even if a list follows."""
    text = re.sub(r"[,:;]$", ".", BOLD.sub(r"\1", sentence).strip()).replace("|", "\\|")
    return text[:1].upper() + text[1:]


def used_before(term: Term) -> str | None:
    """A line that uses a term in a cell before the one that defines it, or None. What a notebook promises is free."""
    word = re.compile(rf"(?<![\w-]){re.escape(term.name.casefold())}(?![\w-])")
    for place, (_, text) in enumerate(cells_of_the_course()[: term.place]):
        lines = [line for line in lines_of(text) if not text.startswith("# ")]
        used = [line for line in lines if word.search(line.casefold())]
        if used:
            return f"cell {place}: {used[0]}"
    return None


def glossary() -> str:
    """The page."""
    rows = [
        f"| {term.name} | {term.sentence} | [{term.path.stem[:2]}]({term.path.name}) |"
        for term in sorted(terms_of_the_course(), key=lambda term: term.name.casefold())
    ]
    return HEAD + "\n".join(rows) + "\n"


def main() -> None:
    if not GLOSSARY.exists() or GLOSSARY.read_text(encoding="utf-8") != glossary():
        with write_whole(GLOSSARY) as temporary:
            temporary.write_text(glossary(), encoding="utf-8", newline="\n")
        print(GLOSSARY.name, "brought up to date")


if __name__ == "__main__":
    main()
