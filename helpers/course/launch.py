"""Start what the course runs as programs of their own: JupyterLab, the app's server, the tests; and end them again."""

from __future__ import annotations

import json
import os
import sys
from argparse import Namespace
from pathlib import Path
from typing import Any

from helpers.course import bootstrap, console, guard

CATALOGUE = {  # options that describe a catalogue, as `helpers.data.catalogue.Description` calls them
    "title_column": "its column of titles; a column that is not named is guessed, and shown",
    "text_column": "its column of texts",
    "genre_column": "its column of genres, if it has one",
    "year_column": "its column of years or dates, if it has one",
    "people_column": "its column of people (authors, cast), if it has one",
    "id_column": "its column of ids, if it has one",
    "encoding": "of the file, if it is not detected correctly",
    "delimiter": "between the cells of a CSV file, if it is not detected correctly",
    "language": "of its texts, such as fr",
    "encoder": "of the texts, such as all-mpnet-base-v2 or tfidf+all-MiniLM-L6-v2, or the folder of a model",
}


def start_course(options: Namespace) -> int:
    """Open the course in JupyterLab, with your own copy of the first notebook, or of another.

    Its settings in ``helpers/course/jupyter`` leave out the question about news, and keep the messages of widgets in
    order: on threads of their own, as JupyterLab sends them by default, a later one may overtake an earlier one while
    cells run (JupyterLab's issue 19719).
    """
    from helpers.course import own_copy

    opened, *renewed = own_copy.named([options.notebook or (options.renew or ["00"])[0], *(options.renew or [])])
    for original in renewed:
        if options.yes or may_renew(original):
            own_copy.renew(original)
    outdated = own_copy.bring_up_to_date()
    if outdated:
        console.say(
            f"The course has a newer version of {', '.join(outdated)}. Yours stays as it is; to take the new one and "
            f"keep yours beside it: python3 -m helpers start --renew {' '.join(outdated)}",
            error=True,
        )
    folder = own_copy.folder()
    top = bootstrap.ROOT if folder.parent == bootstrap.ROOT / "my_course" else folder.parent
    command = ["jupyterlab", f"--port={options.port or 8888}", f"--notebook-dir={top}"]
    command += [f"--LabApp.default_url=/lab/tree/{folder.relative_to(top).as_posix()}/{opened.name}"]
    if options.no_browser:
        command.append("--no-browser")
        console.say(f"Your copy of the notebooks is in {folder}. Open the address below; Ctrl-C ends it.", error=True)
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in containers
        command.append("--allow-root")
    return run_child(command, JUPYTER_CONFIG_PATH=str(bootstrap.ROOT / "helpers" / "course" / "jupyter"))


def may_renew(original: Path) -> bool:
    """Ask whether a learner's notebook may make way for a fresh copy; where nobody can answer, `ValueError`."""
    from helpers.course import own_copy

    own = own_copy.folder() / original.name
    if not own.exists():
        return True
    kept = own_copy.kept_as(own).name
    if not sys.stdin or not sys.stdin.isatty():
        raise ValueError(f"start --renew asks before {own.name} becomes {kept}; where nobody can answer, add --yes")
    print(f"A fresh {own.name}? Yours is kept as {kept}. [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def open_demo(options: Namespace) -> int:
    """Open the final app: find films, say what you like, see why. Voila serves it, on this machine alone."""
    from helpers.app.view import app_maker
    from helpers.encoding.models import canonical_name

    source = {name: getattr(options, name) for name in ["csv", *CATALOGUE] if getattr(options, name)} or None
    app_maker(source)  # whatever is wrong with the data is said now, and texts are encoded only once
    if source:
        if Path(source.get("csv", "")).is_file():  # the app runs in another folder
            source["csv"] = str(Path(source["csv"]).resolve())
        if source.get("encoder"):
            source["encoder"] = canonical_name(source["encoder"])
    command = ["helpers.app", str(Path("helpers", "app", "recommender.ipynb"))]
    command += [f"--port={options.port or 8866}", f"--theme={options.theme}", f"--max-kernels={options.max_kernels}"]
    command += ["--no-browser"] if options.no_browser else []
    return run_child(command, COURSE_DEMO_CATALOGUE=json.dumps(source))


def run_tests(options: Namespace) -> int:
    """Run every test, the notebooks included: a process per core, and one more, as tests of servers and pages wait."""
    workers = str((os.cpu_count() or 1) + 1)
    return run_child(["pytest", "-n", workers, "-v" if options.verbose else "-q"], serves=False)


def run_child(command: list, serves: bool = True, **variables: str) -> int:
    """Run a module in the course's folder, as ``python -m`` does, and pass its exit status on.

    It ends with this process, however that ends: Ctrl-C, a signal, SIGKILL; kernels end with their server. If it
    `serves`, it runs until somebody ends it, so that Ctrl-C is no failure. `variables` are those of its environment.
    """
    place: Any = {"cwd": bootstrap.ROOT, "env": dict(bootstrap.child_environment(), **variables)}
    try:
        with guard.program(sys.executable, command, quiet=serves, **place) as process:
            return process.wait()
    except KeyboardInterrupt:
        if not serves:
            raise
        console.say("stopped; no server is left running", error=True)
        return 0
