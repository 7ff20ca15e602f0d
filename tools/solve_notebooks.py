"""Write the notebooks with every exercise answered, for teachers and for the tests.

    python tools/solve_notebooks.py FOLDER [notebooks/01_recommender_concepts.ipynb ...]

In place of each stub stands the code of the reference answer that the check itself uses, as `.solution()` shows it.
The stored outputs are those of the notebook, except that the checks say *correct*: what nbval then compares.
"""

from __future__ import annotations

import argparse
import ast
import importlib
import re
import sys
from pathlib import Path

import nbformat

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from helpers.exercises import checker  # noqa: E402

CHECK = re.compile(r"^ex\.(q\d+)\.check\((\w+)\)$", re.MULTILINE)
PROGRESS = "ex.progress()"


def chapter_of(path: Path):
    """The module with a notebook's exercises: ch02 for 02_collect_and_dedupe.ipynb."""
    return importlib.import_module(f"helpers.exercises.ch{path.stem[:2]}")


def solve(path: Path):
    """Read a notebook and answer its exercises."""
    notebook, chapter = nbformat.read(path, as_version=4), chapter_of(path)
    for cell in notebook.cells:
        if cell.cell_type != "code":
            continue
        checked = [getattr(chapter, name) for name, _ in CHECK.findall(cell.source)]
        if checked:
            cell.outputs = [*map(_output_of, checked), *_shown_by(cell)]
            cell.source = with_solution(cell.source, *checked)
        elif PROGRESS in cell.source:
            everything = {exercise.number for exercise in chapter.EXERCISES}
            text = checker.progress_of(chapter.EXERCISES, everything) + "\n"
            cell.outputs = [nbformat.v4.new_output("stream", name="stdout", text=text), *_shown_by(cell)]
    return notebook


def _shown_by(cell) -> list:
    """What a cell shows besides checks and prints: its last value."""
    return [output for output in cell.outputs if output.output_type == "execute_result"]


def with_solution(source: str, exercise) -> str:
    """Put the code of a solution where the stub of an exercise stands in its cell."""
    (name,) = [name for _, name in CHECK.findall(source)]
    stub = next(part for part in ast.parse(source).body if name in _names_defined(part))
    lines = source.splitlines()
    code = exercise.solution_code().strip().splitlines()
    before, after = lines[: stub.lineno - 1], lines[stub.end_lineno :]
    return "\n".join([*before, *code, *after])


def _names_defined(statement: ast.stmt) -> set[str]:
    """The names that a statement gives a function or a value to."""
    if isinstance(statement, ast.FunctionDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else []
    return {target.id for target in targets if isinstance(target, ast.Name)}


def _output_of(exercise):
    feedback = exercise.examine(exercise.answer())
    data = {"text/plain": repr(feedback), "text/html": feedback._repr_html_()}
    return nbformat.v4.new_output("display_data", data=data)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted((ROOT / "notebooks").glob("*.ipynb")))
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    for path in options.notebooks:
        nbformat.write(solve(path), options.folder / path.name)
        print(options.folder / path.name)


if __name__ == "__main__":
    main()
