"""What a check accepts, the notebook can go on with: every accepted answer, followed through the cells that use it.

Only the cells are run that an exercise needs or feeds: a cell needs the last cell before it that writes a name which it
reads. The walk with the exercises left blank comes first; what its cells write is what the other walks start from.
"""

import ast
import warnings

import nbformat
import pytest
import solve_notebooks
from alternatives import ALTERNATIVES
from test_exercises import NOTEBOOKS, given

STORE = (ast.Store, ast.Del)


class Cell:
    """A cell of code: its tree, and the names that it reads and writes."""

    def __init__(self, source):
        self.tree = ast.parse(source)
        self.asked = solve_notebooks.CHECK.findall(source)
        nodes = list(ast.walk(self.tree))
        names = [node for node in nodes if isinstance(node, ast.Name)]
        self.reads = {node.id for node in names if not isinstance(node.ctx, STORE)}
        self.writes = {node.id for node in names if isinstance(node.ctx, STORE)}
        self.writes |= {node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))}
        for node in nodes:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                self.writes |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}
            if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, STORE):
                self.writes |= {part.id for part in ast.walk(node.value) if isinstance(part, ast.Name)}

    def run(self, namespace):
        exec(compile(self.tree, "cell", "exec"), namespace)

    def without_stub(self):
        """The same cell, whose answer stands in the namespace already."""
        ((_, name),) = self.asked
        stub = next(part for part in self.tree.body if name in solve_notebooks._names_defined(part))
        cell = Cell("")
        cell.tree = ast.Module([part for part in self.tree.body if part is not stub], [])
        return cell


def needed_by_exercises(cells):
    """Places of the cells that exercises need or feed, with all that those need."""
    wanted = {place for place, cell in enumerate(cells) if cell.asked}
    wanted |= {later for place in wanted for later in fed_by(cells, place)}
    for place in range(len(cells) - 1, -1, -1):
        if place in wanted:
            for name in cells[place].reads:
                before = [other for other in range(place) if name in cells[other].writes]
                wanted |= set(before[-1:]) | {other for other in before if name in cells[other].reads}
    return sorted(wanted)


def fed_by(cells, place):
    """Places of the cells that read, directly or not, what an exercise's cell hands on."""
    fed, names = [], {name for name in cells[place].writes if name != "ex"}
    for later in range(place + 1, len(cells)):
        if cells[later].reads & names and not (cells[later].asked and not handed_on(cells[later], names)):
            fed.append(later)
            names |= cells[later].writes
        else:
            names -= cells[later].writes
    return fed


def handed_on(cell, names):
    """Whether the cell of another exercise reads a name that it does not give a new value itself."""
    return bool((cell.reads - {name for _, name in cell.asked}) & names)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_goes_on_with_whatever_a_check_accepts(path, capsys, monkeypatch):
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    chapter, notebook = solve_notebooks.chapter_of(path), nbformat.read(path, as_version=4)
    cells = [Cell(cell.source) for cell in notebook.cells if cell.cell_type == "code"]
    places = needed_by_exercises(cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        namespace, before, wrote = {"__name__": "__main__"}, {}, {}
        for place in places:
            before[place] = dict(namespace)
            cells[place].run(namespace)
            wrote[place] = {name: namespace[name] for name in cells[place].writes if name in namespace}
        for place in (place for place in places if cells[place].asked):
            ((number, name),) = cells[place].asked
            exercise = getattr(chapter, number)
            for alternative in [exercise.reference, *ALTERNATIVES[exercise.number]]:
                namespace = dict(before[place]) | {name: given(exercise, alternative)}
                capsys.readouterr()
                cells[place].without_stub().run(namespace)
                assert f"Exercise {exercise.number}: correct" in capsys.readouterr().out
                for later in (later for later in places if later > place):
                    if later in fed_by(cells, place):
                        cells[later].run(namespace)
                    else:
                        namespace.update(wrote[later])
    import matplotlib.pyplot

    matplotlib.pyplot.close("all")
