import base64
import dis
import html
import inspect
import os
import re
import statistics
import subprocess
import sys
from collections import Counter

import nbclient
import nbformat
import pytest
import run_notebooks
import setup_cell

from helpers import plots
from helpers.app.view import STILL
from helpers.course.bootstrap import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def read(path):
    return nbformat.read(path, as_version=4)


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def source_lines(cell):
    return [line for line in cell.source.removeprefix(setup_cell.SETUP).splitlines() if line.strip()]


@every_notebook
def test_it_is_stored_executed_in_order(path):
    counts = [cell.execution_count for cell in code_cells(read(path))]
    assert counts == list(range(1, len(counts) + 1))


@every_notebook
def test_it_is_valid_and_its_cells_have_stable_ids(path):
    notebook = read(path)
    nbformat.validate(notebook)
    ids = [cell.id for cell in notebook.cells]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z0-9-]{3,40}", identifier) for identifier in ids)


@every_notebook
def test_it_stores_no_stderr_no_error_no_empty_cell_and_no_metadata_of_a_run(path):
    notebook = read(path)
    assert all(cell.source.strip() for cell in notebook.cells)
    assert set(notebook.metadata) <= {"kernelspec", "language_info", "course"}
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags"}
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr"
            assert output.output_type != "error" or "raises-exception" in cell.metadata.get("tags", [])


@every_notebook
def test_every_picture_has_an_alternative_text(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            if "image/png" in output.get("data", {}):
                alt = output.metadata["image/png"]["alt"]
                assert len(alt) > 30
                assert output.data["text/html"].startswith(f'<img alt="{html.escape(alt)}"')
                measured = "machine-output" in cell.metadata.get("tags", [])
                app = base64.b64decode(output.data["image/png"]) == STILL.read_bytes()
                assert app or measured or output.data[plots.DATA].startswith("title: ")  # what nbval compares
            assert "image/svg+xml" not in output.get("data", {})


@every_notebook
def test_no_output_names_a_place_of_one_machine(path):
    for cell in code_cells(read(path)):
        for output in cell.outputs:
            text = output.get("text", "") + "".join(
                str(value) for kind, value in output.get("data", {}).items() if "text" in kind
            )
            assert not re.search(r"/home/|/root/|/tmp/|/work/|C:\\|0x[0-9a-f]{6,}", text)


@every_notebook
def test_it_stands_in_the_band(path):
    notebook = read(path)
    code = code_cells(notebook)
    lengths = sorted(len(source_lines(cell)) for cell in code)  # of what is taught
    kinds = [cell.cell_type for cell in notebook.cells]
    behind_code = sum(a == b == "code" for a, b in zip(kinds, kinds[1:], strict=False))
    figures = sum("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)
    assert 20 <= len(notebook.cells) <= 45
    assert 1.1 <= (len(notebook.cells) - len(code)) / len(code) <= 1.4
    assert 2 <= statistics.median(lengths) <= 5
    assert lengths[int(0.9 * (len(lengths) - 1))] <= 12
    assert lengths[-1] <= 25
    assert behind_code <= 0.15 * len(code)
    assert figures >= 2


def names_of(code):
    """The names that a cell takes from other cells, and those that it gives."""
    taken, given = set(), set()
    for step in dis.get_instructions(code):
        if step.opname == "STORE_NAME":
            given.add(step.argval)
        elif step.opname == "LOAD_NAME" and step.argval not in given:
            taken.add(step.argval)
    inner = [part for part in code.co_consts if inspect.iscode(part)]
    while inner:
        function = inner.pop()
        inner += [part for part in function.co_consts if inspect.iscode(part)]
        taken |= {step.argval for step in dis.get_instructions(function) if step.opname == "LOAD_GLOBAL"} - given
    return taken, given


@every_notebook
def test_a_cell_can_be_run_again_after_any_other(path):
    """What it takes from another cell was given by one cell only, so no other has changed it meanwhile."""
    sources = (re.sub("^!.*", "", cell.source.removeprefix(setup_cell.SETUP)) for cell in code_cells(read(path)))
    names = [names_of(compile(source, "cell", "exec")) for source in sources]
    givers = Counter(name for _, given in names for name in given)
    assert not {name for taken, _ in names for name in taken if givers[name] > 1}


@every_notebook
def test_links_between_files_lead_somewhere(path):
    for cell in read(path).cells:
        if cell.cell_type == "markdown":
            for target in re.findall(r"\]\((?!https?://|#)([^)#]+)", cell.source):
                assert (path.parent / target).exists(), target


def test_a_cell_that_is_not_compared_is_one_that_shows_the_machine():
    for path in NOTEBOOKS:
        for cell in code_cells(read(path)):
            assert set(cell.metadata.get("tags", [])) <= {"machine-output", "raises-exception"}, path.name


def test_running_the_tool_twice_changes_no_byte(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("# A"),
        nbformat.v4.new_code_cell("import sys; print(1, file=sys.stderr); 1 + 1"),
        nbformat.v4.new_code_cell("for i in range(3): print(i); sys.stdout.flush()"),
        nbformat.v4.new_code_cell("import time; time.time()", metadata={"tags": ["machine-output"], "collapsed": True}),
    ]
    path = tmp_path / "a.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    assert run_notebooks.execute(path) is True
    first = path.read_bytes()
    assert run_notebooks.execute(path) is False
    assert path.read_bytes() == first
    assert [cell.execution_count for cell in code_cells(read(path))] == [1, 2, 3]
    assert [output.text for output in code_cells(read(path))[1].outputs] == ["0\n1\n2\n"]
    assert b'"name": "stderr"' not in first


@every_notebook
def test_its_first_code_begins_with_the_set_up_for_colab_once(path):
    notebook = read(path)
    source = setup_cell.first_code_cell(notebook).source
    assert source == setup_cell.with_setup(source)
    assert sum(setup_cell.END.strip() in cell.source for cell in code_cells(notebook)) == 1


def test_the_course_has_one_address():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert setup_cell.REPOSITORY in readme
    assert set(re.findall(r"github\.com/(\S+?/recommend-with-vectors)", readme)) == {setup_cell.REPOSITORY[19:]}
    assert f"mybinder.org/v2/gh/{setup_cell.REPOSITORY[19:]}/HEAD" in readme


def test_an_editor_whose_python_has_the_packages_finds_the_course(tmp_path):
    """In the notebooks' folder, as VS Code and plain Jupyter start kernels, with nothing set."""
    code = "from helpers import data, home; print(home.ROOT, len(data.load_movies()))"
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT / "notebooks", env=variables, capture_output=True, text=True
    )
    assert done.stdout.split() == [str(ROOT), "1050"], done.stderr


COLAB = """
import os, sys, types
sys.modules["google"] = types.ModuleType("google")
sys.modules["google.colab"] = types.ModuleType("google.colab")
"""


@pytest.mark.skipif(os.name == "nt", reason="Colab is Linux")
def test_on_colab_the_first_cell_fetches_and_installs_the_course(tmp_path):
    """A kernel in an empty folder that lacks a package and does not know the course: no restart is needed."""
    elsewhere = tmp_path / "content"
    (elsewhere / "bin").mkdir(parents=True)
    clone = f"for last; do :; done\nmkdir $last && ln -s {ROOT}/helpers {ROOT}/data {ROOT}/pyproject.toml $last/\n"
    (elsewhere / "bin" / "git").write_text("#!/bin/sh\n" + clone)
    (elsewhere / "bin" / "git").chmod(0o755)
    check = """
import helpers.course.colab, pathlib, subprocess
asked = []
helpers.course.colab.bootstrap.unmet = lambda needs: {"voyager>=2.1,<3": None, "numpy>=9": "2.0"}

def run(command, check):
    asked.append((command, pathlib.Path(command[command.index("--constraint") + 1]).read_text()))
    return types.SimpleNamespace(returncode=0)


helpers.course.colab.subprocess = types.SimpleNamespace(run=run)
import numpy
helpers.course.colab.install()
(command, kept), = asked
assert command[-1] == "voyager>=2.1,<3" and "numpy>=9" not in command, command
assert f"numpy=={numpy.__version__}" in kept.splitlines(), kept
print("course", pathlib.Path(helpers.course.colab.__file__).parents[2].name)
"""
    cells = [COLAB + "os.environ['PATH'] = os.getcwd() + '/bin:' + os.environ['PATH']", setup_cell.SETUP, check]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    client = nbclient.NotebookClient(
        notebook, kernel_name="python3", timeout=None, resources={"metadata": {"path": str(elsewhere)}}
    )
    client.execute(env=variables)
    assert "course course" in "".join(output.get("text", "") for output in notebook.cells[2].outputs)
