"""Execute notebooks in order on fresh kernels and normalize them, so that a second run changes no byte.

    python tools/run_notebooks.py [notebooks/02_collect_and_dedupe.ipynb ...]

Stored are: sources, stable cell ids, execution counts 1 to n, outputs without standard error, timings and
widget state. Cells tagged ``machine-output`` show figures of the machine that ran them (times, sizes): their stored
output is kept from the first run, unless --renew is given. With --times, how long each notebook took and how much
memory is written into its metadata; the maps of the course and its glossary are brought up to date at the end.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import tempfile
import time
from pathlib import Path

import nbformat
from nbclient import NotebookClient

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tools")]
import course_map  # noqa: E402
import glossary  # noqa: E402

from helpers.data import write_whole  # noqa: E402

METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
MACHINE = "machine-output"
PEAK_MEMORY = "import resource, sys; print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"  # KB on Linux


def cell_id(number: int, cell) -> str:
    """An id that stays when a notebook is executed or edited: the one it has, or its place if it has none."""
    return cell.get("id") or f"cell-{number:02}"


def clean_output(output) -> nbformat.NotebookNode:
    """Drop what differs from run to run: the widgets' random ids and transient data."""
    output.pop("transient", None)
    if "data" in output and "application/vnd.jupyter.widget-view+json" in output.data:
        del output.data["application/vnd.jupyter.widget-view+json"]
    for media in ("text/html", "text/plain"):
        if "data" in output and isinstance(output.data.get(media), str):
            output.data[media] = output.data[media].replace("\r\n", "\n")
    return output


def normalize(notebook, before) -> None:
    """Bring an executed notebook into the form in which it is stored."""
    kept = {cell.get("id"): cell for cell in before.cells if cell.cell_type == "code" and cell.get("outputs")}
    notebook.metadata = nbformat.from_dict(
        dict(METADATA, **{k: v for k, v in notebook.metadata.items() if k == "course"})
    )
    notebook.nbformat_minor = 5
    count = 0
    for number, cell in enumerate(notebook.cells):
        tags = sorted(cell.metadata.get("tags", []))
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        cell.id = cell_id(number, cell)
        if cell.cell_type != "code":
            cell.pop("attachments", None)
            continue
        count += 1
        cell.execution_count = count
        outputs = [clean_output(output) for output in cell.outputs if output.get("name") != "stderr"]
        if MACHINE in tags and cell.id in kept and kept[cell.id].source == cell.source:
            outputs = kept[cell.id].outputs
        for output in outputs:
            if "execution_count" in output:
                output.execution_count = count
        cell.outputs = outputs


def execute(path: Path, renew: bool = False, times: bool = False) -> bool:
    """Execute and normalize one notebook in place; tell whether its file changed."""
    text = path.read_text(encoding="utf-8")
    before, notebook = nbformat.reads(text, as_version=4), nbformat.reads(text, as_version=4)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    notebook.cells.append(nbformat.v4.new_code_cell(PEAK_MEMORY))
    client = NotebookClient(
        notebook,
        timeout=600,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        coalesce_streams=True,  # else it depends on the machine's speed into how many parts a printed text falls
    )
    begin = time.perf_counter()
    client.execute()
    seconds = time.perf_counter() - begin
    memory = int(notebook.cells.pop().outputs[0].text) / 1024
    if times:
        notebook.metadata.setdefault("course", {}).update(
            seconds=5 * math.ceil(seconds / 5), megabytes=50 * math.ceil(memory / 50)
        )
    normalize(notebook, nbformat.v4.new_notebook() if renew else before)
    nbformat.validate(notebook)
    written = nbformat.writes(notebook) + "\n"
    if written != text:
        with write_whole(path) as temporary:
            temporary.write_text(written, encoding="utf-8", newline="\n")
    return written != text


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, default=sorted((ROOT / "notebooks").glob("*.ipynb")))
    parser.add_argument("--renew", action="store_true", help="store new outputs of machine-dependent cells, too")
    parser.add_argument("--times", action="store_true", help="write run time and memory into the metadata, too")
    options = parser.parse_args()
    os.environ["COURSE_HOME"] = tempfile.mkdtemp()
    os.environ["COURSE_FAST"] = "0"  # as in the tests: a compiled encoder's figures differ between processors
    os.environ["PYTHONPATH"] = os.pathsep.join(
        [str(ROOT / "helpers" / "course" / "path"), os.environ.get("PYTHONPATH", "")]
    ).rstrip(os.pathsep)
    for path in options.notebooks:
        print(path.name, "changed" if execute(path, options.renew, options.times) else "as it was", flush=True)
    course_map.main()
    glossary.main()


if __name__ == "__main__":
    main()
