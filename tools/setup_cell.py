"""Write what every notebook's first code cell begins with: on Colab, it fetches and installs the course.

    python tools/setup_cell.py

The address of the course is the one in pyproject.toml. Nothing is executed, and no output changes.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from helpers.data import write_whole  # noqa: E402

REPOSITORY = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["urls"]["Repository"]
END = "    %run -m helpers.course.colab\n\n"
SETUP = f"""\
import sys

if "google.colab" in sys.modules:  # Google Colab gives every notebook an empty machine of its own
    !test -d course || git clone --quiet --depth 1 {REPOSITORY} course
    sys.path.insert(0, "course")
{END}"""


def with_setup(source: str) -> str:
    """Source of a first code cell that begins with `SETUP`, once."""
    return SETUP + source.rpartition(END)[2]


def first_code_cell(notebook):
    """The cell that fetches the course before anything else runs."""
    return next(cell for cell in notebook.cells if cell.cell_type == "code")


def main() -> None:
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        text = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(text, as_version=4)
        cell = first_code_cell(notebook)
        cell.source = with_setup(cell.source)
        written = nbformat.writes(notebook) + "\n"
        if written != text:
            with write_whole(path) as temporary:
                temporary.write_text(written, encoding="utf-8", newline="\n")
            print(path.name)


if __name__ == "__main__":
    main()
