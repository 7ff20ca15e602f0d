"""What a check accepts, the notebook can go on with: every accepted answer, followed through the cells that use it.

Only the cells are run that an exercise needs or feeds: a cell needs the last cell before it that writes a name which it
reads. All others run as in the notebook itself, whose exercises are blank, which nbval runs. The walk with every
solution pasted comes first; what its cells write is what the walks with other answers start from.
"""

import ast
import gc
import symtable
import warnings

import nbformat
import pytest
import solve_notebooks
from alternatives import ALTERNATIVES
from IPython.core.inputtransformer2 import TransformerManager
from test_exercises import NOTEBOOKS, given


class Cell:
    """A cell of code: its tree, and the names that it reads from and leaves to other cells."""

    def __init__(self, source):
        self.tree = ast.parse(TransformerManager().transform_cell(source))  # "!" and "%" are IPython's
        self.asked = solve_notebooks.CHECK.findall(source)
        self.reads, self.imports, self.binds, self.statements = set(), set(), set(), []
        for statement in self.tree.body:
            read, imported, bound = names_of(statement)
            self.statements.append((read, bound))
            self.reads |= read - self.imports - self.binds  # what the cell made itself comes from no other
            self.imports |= imported
            self.binds |= bound
        self.writes = self.imports | self.binds

    def hands_on(self):
        """The names of the answers that are checked here, and of what is made from them in this cell."""
        names = {name for _, name in self.asked}
        for read, bound in self.statements:
            names |= bound if read & names else set()
        return names

    def run(self, namespace):
        exec(compile(self.tree, "cell", "exec"), namespace)

    def without_stub(self):
        """The same cell, whose answer stands in the namespace already."""
        ((_, name),) = self.asked
        stub = next(part for part in self.tree.body if name in solve_notebooks._names_defined(part))
        cell = Cell("")
        cell.tree = ast.Module([part for part in self.tree.body if part is not stub], [])
        return cell


def names_of(statement):
    """The names that a statement reads from outside, imports, and gives values to (or changes by an index)."""
    table = symtable.symtable(ast.unparse(statement), "cell", "exec")
    outer = table.get_symbols()
    inner = [symbol for child in every_table(table) for symbol in child.get_symbols() if symbol.is_global()]
    changed = [
        node.value
        for node in ast.walk(statement)
        if isinstance(node, (ast.Subscript, ast.Attribute)) and isinstance(node.ctx, ast.Store)
    ]
    grown = {  # by `|=` and its like, which symtable does not count as reading
        node.target.id
        for node in ast.walk(statement)
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name)
    }
    bound = {symbol.get_name() for symbol in outer if symbol.is_assigned() and not symbol.is_imported()}
    loop = {symbol for symbol in bound if isinstance(statement, (ast.For, ast.With))}
    read = {symbol.get_name() for symbol in [*outer, *inner] if symbol.is_referenced()} - loop | grown
    imported = {symbol.get_name() for symbol in outer if symbol.is_imported()}
    return (
        read,
        imported,
        bound | {name.id for node in changed for name in ast.walk(node) if isinstance(name, ast.Name)},
    )


def every_table(table):
    """The scopes within a scope: functions, comprehensions."""
    return [inner for child in table.get_children() for inner in (child, *every_table(child))]


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
    fed, names = [], cells[place].hands_on()
    for later in range(place + 1, len(cells)):
        if cells[later].reads & names:
            fed.append(later)
            names |= cells[later].binds
        else:
            names -= cells[later].writes
    return fed


def asked(chapter, cell):
    """The exercises that a cell checks."""
    return [getattr(chapter, number) for number, _ in cell.asked]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_notebook_goes_on_with_whatever_a_check_accepts(path, capsys, monkeypatch):
    monkeypatch.chdir(path.parent)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    chapter, notebook = solve_notebooks.chapter_of(path), nbformat.read(path, as_version=4)
    cells, solved = (
        [Cell(cell.source) for cell in edition.cells if cell.cell_type == "code"]
        for edition in (notebook, solve_notebooks.solve(path))
    )
    places = needed_by_exercises(cells)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        namespace, before, wrote = {"__name__": "__main__", "display": print}, {}, {}  # as IPython gives it
        for place in places:
            before[place] = dict(namespace)
            capsys.readouterr()
            solved[place].run(namespace)
            says = capsys.readouterr().out
            assert all(f"Exercise {exercise.number}: correct" in says for exercise in asked(chapter, cells[place])), (
                says
            )
            wrote[place] = {name: namespace[name] for name in cells[place].writes if name in namespace}
        for place in (place for place in places if cells[place].asked):
            (exercise,), ((_, name),) = asked(chapter, cells[place]), cells[place].asked
            for alternative in ALTERNATIVES[exercise.number]:
                namespace = dict(before[place]) | {name: given(exercise, alternative)}
                capsys.readouterr()
                cells[place].without_stub().run(namespace)
                assert f"Exercise {exercise.number}: correct" in capsys.readouterr().out
                for later in (later for later in places if later > place):
                    if later in fed_by(cells, place):
                        cells[later].run(namespace)
                    else:
                        namespace.update(wrote[later])
        del namespace, before, wrote
        gc.collect()  # temporary folders of the cells go now, while nobody minds their warnings
    import matplotlib.pyplot

    matplotlib.pyplot.close("all")
