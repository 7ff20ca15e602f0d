"""Ctrl-C prints one line, wherever it strikes. Imports next to nothing, because it may strike meanwhile."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False  # what `typing` calls so, which takes a while to import
if TYPE_CHECKING:
    from types import FrameType, TracebackType
    from typing import Any, NoReturn

INTERRUPTED = "interrupted; nothing was left half-written"


def one_line_for_interrupts() -> None:
    """Let Ctrl-C print one line at most, also before the command line has been read."""
    usual, unraisable = sys.excepthook, getattr(sys, "unraisablehook", None)
    pressed: list[int] = []

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if pressed or issubclass(kind, KeyboardInterrupt):  # a library may have made an error of its own of it
            print(INTERRUPTED, file=sys.stderr)
            if "--json" in sys.argv:
                print('{"error": "' + INTERRUPTED + '"}')
        else:
            usual(kind, error, trace)

    def hook_of_callbacks(failure: Any) -> None:  # where Python would print the interruption and go on
        if isinstance(failure.exc_value, KeyboardInterrupt):
            print(INTERRUPTED, file=sys.stderr, flush=True)
            os._exit(1)
        if unraisable:
            unraisable(failure)

    def interrupt(number: int, frame: FrameType | None) -> NoReturn:
        pressed.append(number)
        raise KeyboardInterrupt

    sys.excepthook, sys.unraisablehook = hook, hook_of_callbacks
    import signal

    if signal.getsignal(signal.SIGINT) == signal.default_int_handler:
        signal.signal(signal.SIGINT, interrupt)
    if hasattr(signal, "pthread_sigmask"):  # `bootstrap.hand_over` holds it back while one Python follows the other
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
