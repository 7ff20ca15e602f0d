"""Work beside the kernel, so that it can go on listening; of several requests only the newest counts."""

from __future__ import annotations

import asyncio
import functools
import threading
from collections.abc import Callable
from typing import Any

Work = Callable[[], Callable[[], Any]]  # does what takes long, and gives what then happens in the kernel


class Latest:
    """Does one request at a time. While one is at work, only the newest of the others waits; the rest are dropped.

    What a request found is dropped as well when a newer one has come meanwhile. So clicks never pile up, and results
    never mix. Without a running event loop, as in a script or a test, everything happens at once.
    """

    def __init__(self) -> None:
        self._busy = False
        self._waiting: Work | None = None

    def ask(self, work: Callable[[], Any], show: Callable[[Any], Any], failed: Callable[[Exception], Any]) -> None:
        """Do some work beside the kernel, and in it `show` what was found, or tell that the work has `failed`."""

        def found() -> Callable[[], Any]:
            try:
                return functools.partial(show, work())
            except Exception as error:
                return functools.partial(failed, error)

        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            found()()
            return
        if self._busy:
            self._waiting = found
        else:
            self._start(found, loop)

    def _start(self, work: Work, loop: asyncio.AbstractEventLoop) -> None:
        def beside() -> None:
            tell = work()
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._ended, tell, loop)

        self._busy = True
        threading.Thread(target=beside, daemon=True).start()

    def _ended(self, tell: Callable[[], Any], loop: asyncio.AbstractEventLoop) -> None:
        newest, self._busy, self._waiting = self._waiting, False, None
        if newest is None:
            tell()
        else:
            self._start(newest, loop)
