"""A real browser for the tests: servers of the course's commands, pages, pictures, and what a console may say."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from helpers import bootstrap

PICTURES = bootstrap.ROOT / "build" / "screenshots"
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])), None)
# Voila asks a network for a font of icons and does without it, names versions of JupyterLab's modules, and refuses its
# own request to end the kernel of a page that is left.
KNOWN = re.compile(r"403 \(Forbidden\)|ERR_NAME_NOT_RESOLVED|ERR_INTERNET_DISCONNECTED|ERR_CONNECTION|atisf\w+ version")
CONTRAST = (Path(__file__).parent / "contrast.js").read_text(encoding="utf-8")


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
        address = announced(process)
        wait_for(address)
        yield process, address
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL) if hasattr(os, "killpg") else process.kill()
        process.wait(60)


def listen(process):
    """Keep what a server says as long as anybody holds its pipe, so that it never waits for a full one."""
    with process.stderr as lines:
        process.said.extend(lines)


def announced(process, seconds=180):
    """Wait for the address that a server prints."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ended = process.poll() is not None
        found = re.search(r"http://127\.0\.0\.1:\d+/\S*(?=\s)", "".join(process.said))
        if found:
            return found[0]
        if ended:
            break
        time.sleep(0.1)
    raise RuntimeError(f"no address was announced: {''.join(process.said)}")


def wait_for(address, seconds=60):
    """Wait until a server answers."""
    import urllib.error
    import urllib.request

    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with contextlib.suppress(OSError):
            urllib.request.urlopen(address.split("?")[0].rsplit("/", 1)[0] + "/static/", timeout=2)
        try:
            urllib.request.urlopen(address, timeout=30)
            return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(address)


class Visitor:
    """A page, with what went wrong in it."""

    def __init__(self, context):
        self.page = context.new_page()
        self.wrong, self.dialogs = [], []
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", lambda dialog: (self.dialogs.append(dialog.message), dialog.dismiss()))

    def _console(self, message):
        if message.type in ("error", "warning") and not KNOWN.search(message.text):
            self.wrong.append(message.text)

    def open(self, address):
        """Open the app and wait until it can be used."""
        self.page.goto(address)
        self.page.get_by_label("Find").wait_for(timeout=90_000)
        return self

    def find(self, text):
        """Type into the search box and press Enter."""
        box = self.page.get_by_label("Find")
        box.fill("")
        box.press_sequentially(text)
        box.press("Enter")
        return self

    def heading(self, text):
        """Wait for a heading that contains a text."""
        self.page.get_by_role("heading", name=text).wait_for(timeout=60_000)

    def button(self, name):
        return self.page.get_by_role("button", name=name)

    def load(self, path):
        """Choose a file of a taste."""
        with self.page.expect_file_chooser() as waiting:
            self.button("Load a taste").click()
        waiting.value.set_files(path)

    def titles(self):
        """Titles of the cards."""
        return self.page.locator(".rv-card h3").all_inner_texts()

    def picture(self, name):
        """Keep a picture of the whole app."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        size = self.page.viewport_size
        height = self.page.evaluate("document.querySelector('.rv-app')?.scrollHeight ?? 900") + 80
        self.page.set_viewport_size({"width": size["width"], "height": min(max(height, 600), 4000)})
        self.page.screenshot(path=PICTURES / f"{name}.png")
        self.page.set_viewport_size(size)

    def weak_contrasts(self):
        """Texts of the app whose contrast with what is behind them is below 4.5, with their ratio."""
        return self.page.evaluate(CONTRAST)


@contextlib.contextmanager
def chromium():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        which = {"executable_path": CHROMIUM} if CHROMIUM else {"channel": "chrome"}
        browser = playwright.chromium.launch(**which, args=["--no-sandbox"])
        yield browser
        browser.close()


def run_notebook(visitor, address, name, folder):
    """Open a notebook in JupyterLab, run it to its end, and give the page."""
    page = visitor.page
    token = address.partition("?")[2]
    page.goto(f"{address.split('/lab')[0]}/lab/workspaces/{folder}/tree/notebooks/{name}?{token}")
    page.locator(".jp-Notebook").first.wait_for(timeout=90_000)
    page.get_by_text("| Idle").first.wait_for(timeout=90_000)
    page.get_by_role("menuitem", name="Run", exact=True).first.click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
    return page
