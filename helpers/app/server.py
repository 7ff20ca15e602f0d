"""The app's server: Voila, kept to this machine and to a few copies of the app."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import datetime
import logging
import shutil
import signal
import socket
import sys
import threading
import webbrowser
from pathlib import Path
from typing import Any

import psutil
from jupyter_server import DEFAULT_STATIC_FILES_PATH
from jupyter_server.services.kernels.kernelmanager import AsyncMappingKernelManager
from tornado.httpserver import HTTPServer
from tornado.ioloop import IOLoop
from tornado.routing import AnyMatches, HostMatches
from tornado.web import HTTPError, RequestHandler
from traitlets import Bool, Integer, List, Unicode
from traitlets.config import Config
from voila.app import Voila
from voila.tornado.handler import TornadoVoilaHandler

HERE = "127.0.0.1"
LOCAL_NAMES = r"(localhost|127(\.\d+){3}|\[::1\])$"  # what a browser on this machine calls this machine
PORTS = 100  # that are tried, from the wanted one on
MOST_COPIES = 6  # of the app at once: each is a kernel of half a gigabyte
PREPARE = "from helpers.app.view import prepared; prepared()"  # what a kernel does while it waits for a visitor
STARTED: contextvars.ContextVar[list[str]] = contextvars.ContextVar("STARTED")  # the kernels of a request
TEMPLATES = Path(__file__).with_name("templates")

SETTINGS = Config(
    {
        # A tab that is closed ends its kernel itself. These seconds are for what cannot: a browser that was killed, a
        # page that was asked for and never shown. They are long, so that no page is too slow for them.
        "MappingKernelManager": {"cull_idle_timeout": 600, "cull_interval": 30, "transport_encryption": "auto"},
        "VoilaConfiguration": {
            "allow_template_override": "NO",
            "extension_allowlist": [  # the others serve JupyterLab
                "@jupyter-widgets/jupyterlab-manager",
                "@voila-dashboards/widgets-manager8",
                "anywidget",
            ],
            "multi_kernel_manager_class": f"{__name__}.Copies",
        },
        "Voila": {
            "log_level": "ERROR",
            "tornado_settings": {"log_function": lambda handler: None},
        },
    }
)


class Copies(AsyncMappingKernelManager):
    """The kernels: one for each copy of the app, and no more than the machine can hold.

    While there is room, one more waits with everything loaded, so that the next page need not wait for it.
    """

    most = Integer(MOST_COPIES, min=1, config=True, help="how many copies of the app there may be at once")
    waits = Bool(True, config=True, help="whether a kernel waits for the next page")

    def __init__(self, **settings: Any):
        super().__init__(**settings)
        self._one_at_a_time = asyncio.Lock()  # so that two requests at once never take one place
        self._leaving: set[str] = set()  # told to end: a page that is loaded again may have their place
        self._ready: str | None = None  # the kernel that waits for a page

    async def start_kernel(self, **options: Any) -> str:
        """Give the kernel that waits, or start one, or answer that there are too many."""
        async with self._one_at_a_time:
            kernel_id, self._ready = self._ready or "", None
            if kernel_id in self:
                self.get_kernel(kernel_id).last_activity = datetime.datetime.now(datetime.UTC)
            elif self._is_full():
                copies = "1 copy" if self.most == 1 else f"{self.most} copies"
                message = f"This machine already runs {copies} of the app, and each needs half a gigabyte of memory. "
                message += "Close a tab of the app, and it opens here on its own."
                raise HTTPError(503, message, reason="Too many copies of the app are open")
            else:
                kernel_id = await super().start_kernel(**options)
            STARTED.get([]).append(kernel_id)
        self.prepare_one()
        return kernel_id

    def prepare_one(self) -> None:
        """Start a kernel for the next page, beside everything else."""
        self._preparing = asyncio.ensure_future(self._prepare_one())

    async def _prepare_one(self) -> None:
        async with self._one_at_a_time:
            if self.waits and self._ready not in self and not self._is_full():
                arguments = [f"--IPKernelApp.exec_lines={PREPARE}"]
                self._ready = await super().start_kernel(kernel_name="python3", extra_arguments=arguments)

    def _is_full(self) -> bool:
        return len(self) - len(self._leaving) >= self.most

    async def cull_kernel_if_idle(self, kernel_id: str) -> None:
        """End a kernel that nobody uses any more; the one that waits may."""
        if kernel_id != self._ready:
            await super().cull_kernel_if_idle(kernel_id)

    async def shutdown_kernel(self, kernel_id: str, **options: Any) -> None:
        """End a kernel, once, however often that is asked for."""
        if kernel_id not in self or kernel_id in self._leaving:
            return
        self._leaving.add(kernel_id)
        try:
            await super().shutdown_kernel(kernel_id, **options)
        finally:
            self._leaving.discard(kernel_id)


class Page(TornadoVoilaHandler):
    """The app's page."""

    left = False  # before it was whole

    def on_connection_close(self) -> None:
        """Note that nobody waits for the page any more."""
        self.left = True
        super().on_connection_close()

    async def get(self, path: str | None = None) -> None:
        """Give the page, with the cookie by which it ends its kernel when it is left, and end it if it is left now."""
        _ = self.xsrf_token  # asking for it is what sets the cookie
        kernels: list[str] = []
        STARTED.set(kernels)
        await super().get(path)
        for kernel in kernels if self.left else []:
            await self.kernel_manager.shutdown_kernel(kernel, now=True)


class Refused(RequestHandler):
    """The answer to whoever calls this machine by a foreign name.

    A page from elsewhere could have its own name lead to this machine (DNS rebinding), and then use a kernel.
    """

    def prepare(self) -> None:
        """Refuse, whatever was asked."""
        self.set_status(403)
        self.finish(f"The app answers to this machine alone: open http://{HERE}:{self.settings['port']}/\n")


class Server(Voila):
    """Voila on this machine alone; it says where it listens once it does."""

    config_file_paths = List(Unicode(), [])  # somebody's settings for other uses of Voila are not for this one
    classes = [*Voila.classes, Copies]
    aliases = {**Voila.aliases, "max-kernels": "Copies.most"}
    port: int

    def setup_template_dirs(self) -> None:
        """Look for templates among ours first: they ask no other host for anything."""
        super().setup_template_dirs()
        self.template_paths.insert(0, str(TEMPLATES))

    def init_handlers(self) -> list:
        """Answer under this machine's own names alone."""
        handlers = [
            (pattern, Page if handler is TornadoVoilaHandler else handler, *rest)
            for pattern, handler, *rest in super().init_handlers()
        ]
        return [(HostMatches(LOCAL_NAMES), handlers), (AnyMatches(), Refused)]

    def listen(self) -> None:
        """Listen, say where, and serve until somebody ends it."""
        logging.getLogger("tornado.general").setLevel(logging.ERROR)  # it warns of pages that are left, and of pings
        listening = bound(self.port)
        port = listening.getsockname()[1]
        if port != self.port:
            print(f"Port {self.port} is taken; using {port}.", file=sys.stderr)
        self.port = self.app.settings["port"] = port
        self.app.settings["static_path"] = DEFAULT_STATIC_FILES_PATH  # jupyter_server's page of errors asks for it
        self.ioloop = IOLoop.current()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._handle_signal_stop)
        HTTPServer(self.app).add_socket(listening)
        address = f"http://{HERE}:{port}/"
        print(f"The demo: {address} (Ctrl-C ends it)", file=sys.stderr, flush=True)
        if self.open_browser:
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        self.ioloop.add_callback(self.kernel_manager.prepare_one)
        self.ioloop.start()
        self.stop()

    def stop(self) -> None:
        """End the kernels at once, also those that are just starting: to ask them politely may wait forever."""
        logging.disable(logging.CRITICAL)  # pages that were waiting for them need not complain
        for kernel in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                kernel.kill()
        shutil.rmtree(self.connection_dir, ignore_errors=True)


def bound(wanted: int) -> socket.socket:
    """Listen on a port of this machine: the wanted one, or the next that nobody else has."""
    for port in range(wanted, min(wanted + PORTS, 65536)):
        with contextlib.suppress(OSError):
            listening = socket.create_server((HERE, port), backlog=128)
            listening.setblocking(False)
            return listening
    sys.exit(f"no port from {wanted} on is free; name another one with --port.")
