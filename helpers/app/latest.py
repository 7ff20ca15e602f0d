"""Work beside the kernel, so that it can go on listening; of several requests only the newest counts."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import NamedTuple


class Request(NamedTuple):
    """Something to do beside the kernel, and what then happens in it: `show` its outcome, or tell that it `failed`."""

    work: Callable[[], object]
    show: Callable[[object], None]
    failed: Callable[[Exception], None]


class Latest:
    """Does one request at a time. While one is at work, only the newest of the others waits; the rest are dropped.

    What a request found is dropped as well when a newer one has come meanwhile. So clicks never pile up, and results
    never mix. Without a running event loop, as in a script or a test, everything happens at once.
    """

    def __init__(self):
        self._running = self._waiting = None

    def ask(self, work: Callable, show: Callable, failed: Callable) -> None:
        """Do some work; see `Request`."""
        request = Request(work, show, failed)
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._finish(request, *_outcome(request))
            return
        if self._running is None:
            self._start(request, loop)
        else:
            self._waiting = request

    def _start(self, request: Request, loop) -> None:
        def beside() -> None:
            outcome = _outcome(request)
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._finished, request, outcome, loop)

        self._running = request
        threading.Thread(target=beside, daemon=True).start()

    def _finished(self, request: Request, outcome: tuple, loop) -> None:
        self._running = None
        if self._waiting is None:
            self._finish(request, *outcome)
        else:
            newest, self._waiting = self._waiting, None
            self._start(newest, loop)

    def _finish(self, request: Request, value, error: Exception | None) -> None:
        if error is None:
            request.show(value)
        else:
            request.failed(error)


def _outcome(request: Request) -> tuple:
    try:
        return request.work(), None
    except Exception as error:
        return None, error
