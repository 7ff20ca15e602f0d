"""A real browser for the tests: servers of the course's commands, pages, pictures, and what a console may say."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest

from helpers.course import bootstrap

PICTURES = bootstrap.ROOT / "build" / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])), None)
KNOWN = re.compile(  # old versions of modules, which serve; a slow machine, where the page loads itself again
    r"atisf\w+ version|ms to activate|too long to activate|did not appear within \d+ ms|widget model not found"
    r"|Failed to initialize model"
)
TOLD = "#rv-skeleton p, .rv-under, .rv-head, .rv-note, .rv-lost, .rv-taste, .rv-detail h2"
PATIENCE = 550_000  # milliseconds, less than a test has: what never happens fails with the words of the browser


def needs_chromium():
    """Skip where there is neither Chromium nor Chrome; fail on CI, where it has to be."""
    from playwright.sync_api import Error

    try:
        with chromium():
            pass
    except Error as error:
        if os.environ.get("CI"):
            pytest.fail(f"Chromium is missing on CI: {error}")
        pytest.skip("no Chromium or Chrome here")


@contextlib.contextmanager
def serve(*arguments, **variables):
    """Run a command of the course that serves something, give the process and its first address, end it by Ctrl-C."""
    command = [sys.executable, "-m", "helpers", *map(str, arguments), "--no-browser"]
    process = subprocess.Popen(
        command, cwd=bootstrap.ROOT, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env=dict(os.environ, **variables), start_new_session=True,
    )  # fmt: skip
    process.said = []
    threading.Thread(target=listen, args=[process], daemon=True).start()
    try:
        yield process, announced(process)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait(60)


def listen(process):
    """Keep what a server says as long as anybody holds its pipe, so that it never waits for a full one."""
    with process.stderr as lines:
        process.said.extend(lines)


def announced(process):
    """Wait for the address that a server prints, until it answers there."""
    while True:
        ended = process.poll() is not None
        found = re.search(r"http://127\.0\.0\.1:(\d+)/\S*(?=\s)", "".join(process.said))
        with contextlib.suppress(OSError):
            if found:
                socket.create_connection(("127.0.0.1", int(found[1]))).close()
                return found[0]
        if ended:
            raise RuntimeError(f"no address was announced: {''.join(process.said)}")
        time.sleep(0.1)


class Visitor:
    """A page, with what went wrong in it."""

    present: list["Visitor"] = []  # whose pages are open

    def __init__(self, context):
        context.set_default_timeout(PATIENCE)
        self.page = context.new_page()
        self.present.append(self)
        self.page.once("close", lambda _: self.present.remove(self))
        self.wrong, self.dialogs, self.elsewhere = [], [], []
        self.page.on("request", lambda request: self._asked(request.url))
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", self._asks)

    def _console(self, message):
        if message.type in ("error", "warning") and not KNOWN.search(message.text):
            self.wrong.append(message.text)

    def _asks(self, dialog):
        if dialog.type == "beforeunload":  # JupyterLab asks whether to leave a notebook that ran
            dialog.accept()
        else:
            self.dialogs.append(dialog.message)
            dialog.dismiss()

    def _asked(self, url):
        if urlsplit(url).scheme not in ("data", "blob", "about") and urlsplit(url).hostname != "127.0.0.1":
            self.elsewhere.append(url)

    def open(self, address):
        """Open the app and wait until it can be used."""
        self.page.goto(address)
        self.box.wait_for()
        self.page.locator(".rv-card").first.wait_for()
        return self

    def leave(self):
        """Leave the page as somebody does who closes its tab, so that its kernel ends."""
        self.page.goto("about:blank")
        self.page.context.close()

    def shown(self):
        """What the page says now, in a few lines."""
        parts = self.page.locator(TOLD).evaluate_all("all => all.map((one) => `${one.className}: ${one.innerText}`)")
        return "\n".join([self.page.url, *(" ".join(part.split()) for part in parts), *self.wrong])

    @property
    def box(self):
        """The search box."""
        return self.page.locator(".rv-app").get_by_role("combobox")

    def option(self, name):
        """A reading under the search box."""
        return self.page.get_by_role("option", name=name)

    def find(self, text):
        """Type into the search box and press Enter."""
        self.box.fill(text)
        self.box.press("Enter")
        return self

    def heading(self, text):
        """Wait for a heading that contains a text."""
        self.page.get_by_role("heading", name=text).first.wait_for()

    def button(self, name):
        return self.page.get_by_role("button", name=name, exact=True)

    def share(self, what):
        """Choose from the menu of what can be taken away."""
        self.button("Save or share").click()
        self.button(what).click()

    def load(self, path):
        """Choose a file of a taste."""
        with self.page.expect_file_chooser() as waiting:
            self.share("Load a taste …")
        waiting.value.set_files(path)

    def save(self, what, path):
        """Take something away as a file."""
        with self.page.expect_download() as waiting:
            self.share(what)
        waiting.value.save_as(path)
        return path

    def titles(self):
        """Titles of the cards."""
        return self.page.locator(".rv-card:not(.rv-asked) h3").all_inner_texts()

    @contextlib.contextmanager
    def whole(self):
        """Make the window as high as the app, so that nothing in it is hidden."""
        size = self.page.viewport_size
        height = self.page.evaluate("document.querySelector('.rv-app')?.scrollHeight ?? 900") + 80
        self.page.set_viewport_size({"width": size["width"], "height": min(max(height, 600), 6000)})
        yield
        self.page.set_viewport_size(size)

    def picture(self, name):
        """Keep a picture of the whole app."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        with self.whole():
            self.page.screenshot(path=PICTURES / f"{name}.png")

    def faults(self, where=None):
        """Rules of accessibility that the page, or what a selector names in it, breaks, as axe sees it."""
        from axe_playwright_python.sync_playwright import Axe

        options = {"resultTypes": ["violations"], "rules": {"target-size": {"enabled": True}}}
        with self.whole():
            found = Axe().run(self.page, where, options).response["violations"]
        return [(rule["id"], one["html"]) for rule in found for one in rule["nodes"]]


def launch(playwright, *arguments):
    """Start a browser, with some arguments of its own."""
    which = {"executable_path": CHROMIUM} if CHROMIUM else {"channel": "chrome"}
    return playwright.chromium.launch(**which, args=["--no-sandbox", *arguments])


@contextlib.contextmanager
def chromium():
    """Start what starts browsers, and a browser; one at a time in a process."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright, launch(playwright) as browser:
        browser.playwright = playwright
        yield browser


def run_notebook(visitor, address, name, folder):
    """Open a notebook in JupyterLab, run it to its end, and give the page."""
    page = visitor.page
    token = address.partition("?")[2]
    page.goto(f"{address.split('/lab')[0]}/lab/workspaces/{folder}/tree/notebooks/{name}?{token}")
    page.locator(".jp-Notebook").first.wait_for()
    page.get_by_text("| Idle").first.wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).first.click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    return page
