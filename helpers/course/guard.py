"""Programs that end when the one that started them ends, however that happens: by Ctrl-C, a signal, or SIGKILL.

`program` runs a module (``pip``, ``jupyterlab``) by this very file, in a session of its own, with a pipe for standard
input. Nothing is ever sent through the pipe. Whoever started the program closes it to end the program, and the
operating system closes it when he dies: either way a thread in the program reads the end of the pipe and ends it, with
all that it has started. This works alike on Linux, macOS and Windows. Uses the standard library alone.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import runpy
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from types import FrameType
from typing import IO, Any, Iterator, NoReturn, Sequence, cast

PATIENCE = 20  # seconds that a program has for ending by itself, with its kernels


@contextlib.contextmanager
def program(
    python: Path | str, arguments: Sequence[object], *, quiet: bool = True, **options: Any
) -> Iterator[subprocess.Popen]:
    """Run ``python -m *arguments*`` as a program that has ended when the block is left; `options` are those of `Popen`.

    If `quiet`, it says nothing more once it has been told to end. It then has `PATIENCE` before it is ended by force;
    who presses Ctrl-C meanwhile ends it at once. A request to terminate, or the end of the terminal, leaves the
    block by `SystemExit`. Ctrl-C waits until the program that is being started can be ended.
    """
    if sys.platform == "win32":  # Ctrl-C reaches the one that started it, who closes the pipe
        options["creationflags"] = subprocess.CREATE_NEW_PROCESS_GROUP
    else:
        options["start_new_session"] = True
    command = [str(python), "-P", __file__, "quiet" if quiet else "loud", str(PATIENCE), *map(str, arguments)]
    pressed: list = []

    def leave(number: int, frame: FrameType | None) -> NoReturn:
        raise SystemExit(128 + number)

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    heeded = [number for number in numbers if signal.getsignal(number) != signal.SIG_IGN]  # nohup lets one be ignored
    before: dict = {number: signal.signal(number, leave) for number in heeded}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, lambda number, frame: pressed.append(number))
    try:
        with subprocess.Popen(command, stdin=subprocess.PIPE, **options) as process:
            try:
                signal.signal(signal.SIGINT, before[signal.SIGINT])
                if pressed and before[signal.SIGINT] != signal.SIG_IGN:
                    raise KeyboardInterrupt
                yield process
            finally:
                _end(process)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _end(process: subprocess.Popen) -> None:
    with contextlib.suppress(OSError):
        cast(IO, process.stdin).close()
    while process.poll() is None:
        try:
            process.wait()
        except KeyboardInterrupt:
            process.kill()


def offspring() -> list:
    """Processes that this one has started, directly or not; empty without psutil, as while pip installs."""
    try:
        import psutil

        return psutil.Process().children(recursive=True)
    except Exception:  # whatever ails psutil, the rest of the end must come
        return []


def end_with_starter(pipe: int, quiet: bool, patience: float) -> None:
    """Wait for the pipe's end, then end this program: first politely, after `patience` seconds by force."""
    while os.read(pipe, 1):
        pass
    atexit.register(end_by_force, offspring())
    if quiet:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
    polite = signal.SIGINT if signal.getsignal(signal.SIGTERM) == signal.SIG_DFL else signal.SIGTERM
    if os.name == "nt":
        signal.raise_signal(polite)
    else:
        os.kill(os.getpid(), polite)
    time.sleep(patience)
    end_by_force(offspring())


def end_by_force(processes: list) -> None:
    """End processes, those in this one's session, and this one."""
    for process in processes + offspring():
        with contextlib.suppress(Exception):  # it has ended
            process.kill()
    if os.name != "nt":
        os.killpg(0, signal.SIGKILL)
    os._exit(1)


def main() -> None:
    """Run a module as ``python -m`` does, under guard."""
    quiet, patience, module = sys.argv[1:4]
    pipe = os.dup(0)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    threading.Thread(target=end_with_starter, args=(pipe, quiet == "quiet", float(patience)), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell may let what it starts by `&` ignore it
    del sys.argv[:3]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except KeyboardInterrupt:
        sys.exit(1)


if __name__ == "__main__":
    main()
