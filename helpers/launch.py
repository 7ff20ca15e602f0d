"""Start what the course runs as programs of their own: JupyterLab, the app's server, the tests; and end them again."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path

from helpers import bootstrap, guard


def start_course(options) -> int:
    """Open JupyterLab on the first notebook.

    Its settings in ``helpers/jupyter`` leave out the question about news, and keep the messages of widgets in order:
    on threads of their own, as JupyterLab sends them by default, a later one may overtake an earlier one while cells
    run (JupyterLab's issue 19719).
    """
    command = [sys.executable, "-m", "jupyterlab", f"--port={options.port}", "--notebook-dir=."]
    command += ["--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb"]
    command += ["--no-browser"] if options.no_browser else []
    if hasattr(os, "geteuid") and os.geteuid() == 0:  # in containers
        command.append("--allow-root")
    return run_child(command, JUPYTER_CONFIG_PATH=str(bootstrap.ROOT / "helpers" / "jupyter"))


def open_demo(options) -> int:
    """Serve the app by Voila on this machine alone, until Ctrl-C."""
    source = None
    if options.csv:
        from helpers.demo.catalogue import csv_catalogue

        names = ["csv", "title_column", "text_column", "genre_column", "year_column", "encoding"]
        source = {name: getattr(options, name) for name in names if getattr(options, name)}
        source["csv"] = str(Path(options.csv).resolve())
        csv_catalogue(**source)  # whatever is wrong with the file is said now, and its texts are encoded only once
    port = free_port(options.port)
    if port != options.port:
        print(f"Port {options.port} is taken; using {port}.", file=sys.stderr)
    print(f"The demo: http://127.0.0.1:{port}/ (Ctrl-C ends it)", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", "voila", str(Path("helpers", "demo", "recommender.ipynb")), f"--port={port}"]
    command += ["--Voila.ip=127.0.0.1", "--Voila.log_level=ERROR", f"--theme={options.theme}"]
    # A closed tab asks for its kernel to end, but Voila 0.5 refuses (its request lacks the token): kernels without a
    # tab end after a minute instead.
    command += ["--MappingKernelManager.cull_idle_timeout=60", "--MappingKernelManager.cull_interval=10"]
    command += ["--no-browser"] if options.no_browser else []
    return run_child(command, patience=10, COURSE_DEMO_CATALOGUE=json.dumps(source))


def free_port(wanted: int) -> int:
    """The wanted port of this machine, or the next one that nobody listens on."""
    for port in range(wanted, min(wanted + 100, 65536)):
        with socket.socket() as trial:
            if os.name != "nt":
                trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                trial.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port from {wanted} on is free; name another one with --port.")


def run_tests(options) -> int:
    """Run pytest on tests/ and notebooks/, one process a core."""
    command = [sys.executable, "-m", "pytest", "-n", "auto", "-v" if options.verbose else "-q"]
    return run_child(command, serves=False)


def run_child(command: list, patience: float = guard.PATIENCE, serves: bool = True, **variables) -> int:
    """Run a module in the course's folder, as ``python -m`` does, and pass its exit status on.

    It ends with this process, however that ends: Ctrl-C, a signal, SIGKILL; kernels end with their server.

    Parameters
    ----------
    command : list of str
        A Python, ``"-m"``, the module's name and its arguments.
    patience : float
        Seconds that the program has for ending by itself once it is told to.
    serves : bool
        Whether it runs until somebody ends it, so that Ctrl-C is no failure.
    **variables
        Environment variables.
    """
    python, option, *module = command
    if option != "-m":
        raise ValueError(f"a module is to be run, not {option}")
    environment = dict(bootstrap.child_environment(), **variables)
    with guard.signals_as_exit():
        process = guard.start(python, module, quiet=serves, patience=patience, cwd=bootstrap.ROOT, env=environment)
        try:
            return process.wait()
        except KeyboardInterrupt:
            if not serves:
                raise
            print("ended; no server is left", file=sys.stderr)
            return 0
        finally:
            guard.end(process)
