"""Measure how fast the app is in a browser: p50 and p95 over some loads of its page.

    python tools/measure_browser.py [--loads 10] [--pause 25] [--checkout FOLDER] [--json]

``--checkout`` names another working copy of the course, such as an older commit's, so that one program measures two
editions on one machine; it is run by its own ``.venv``, or else by this Python. Each load is a new visitor, who waits
for the first card, likes it, asks for a title with a typo and for a description, and looks why its first film is there.
Between two visitors lies a pause, in which the app makes the next kernel ready; without it, editions that differ in how
long a visitor stays can't be compared.
Needs Chromium and the packages of the tests. A figure that an edition lacks is left out.

| figure | from | until |
|---|---|---|
| first paint, first card | the page is asked for | anything, or a film, is shown |
| like | the click | the bar of the taste names the film |
| for me, enter, description | the click or the Enter key | the heading of another list is shown |
| first reason | the click on "Why?", or on the film of the description | words of the nearest sentences are marked |
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, Error, Page, sync_playwright

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 25_000  # milliseconds for what may never come: an older edition lacks some of it
CHROMIUM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome", "chrome"])), None)
DESCRIPTION = "a shark attacks bathers at an island resort"
WATCH = """
    window.shown = (selector) => [...document.querySelectorAll(selector)].filter((one) => one.getClientRects().length);
    window.sign = () => shown("h2").map((one) => one.textContent).join("|");
    window.now = (test) => new Promise((resolve) => {  // when the test holds, after it is painted
        const look = () => {
            if (!test()) return false;
            watcher.disconnect();
            requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
            return true;
        };
        const watcher = new MutationObserver(look);
        setTimeout(() => { watcher.disconnect(); resolve(NaN); }, PATIENCE);
        watcher.observe(document, { subtree: true, childList: true, characterData: true, attributes: true });
        look();
    });
    window.hasCard = () => shown(".rv-card, .rv-bar").length > 0;
    window.hasReason = () => shown(".rv-reason mark, .rv-why mark, mark").length > 0;
    now(hasCard).then((time) => { window.firstCard = performance.timeOrigin + time; });
    new PerformanceObserver((list) => {  // a page on a busy machine loads itself again: its first paint counts
        sessionStorage.painted ??= performance.timeOrigin + list.getEntries()[0].startTime;
    }).observe({ type: "paint", buffered: true });
    for (const kind of ["click", "keydown"]) addEventListener(kind, () => { window.begun = performance.now(); }, true);
""".replace("PATIENCE", str(PATIENCE))


@contextlib.contextmanager
def served(checkout: Path) -> Iterator[str]:
    """Serve the app of a working copy, and give its address."""
    pythons = [checkout / ".venv" / "bin" / "python", checkout / ".venv" / "Scripts" / "python.exe"]
    own = next(filter(Path.exists, pythons), sys.executable)
    command = [str(own), "-m", "helpers", "demo", "--no-browser"]
    process = subprocess.Popen(command, cwd=checkout, stderr=subprocess.PIPE, text=True, env=dict(os.environ))
    try:
        said = []
        for line in process.stderr or ():
            said.append(line)
            found = re.search(r"http://127\.0\.0\.1:\d+/", line)
            if found:
                threading.Thread(target=(process.stderr or sys.stdin).read, daemon=True).start()  # lest the pipe fills
                yield found[0]
                return
        raise SystemExit(f"the app of {checkout} did not start: {''.join(said)}")
    finally:
        process.terminate()
        process.wait(60)


def until(page: Page, test: str, act: Any) -> float:
    """Milliseconds from the last click or key of an act until a test holds in the page; `s` are the headings before."""
    begin = "(test) => { const f = new Function('s', `return ${test}`), s = sign(); window.done = now(() => f(s)); }"
    page.evaluate(begin, test)
    act()
    return page.evaluate("async () => (await done) - begun")


def visit(browser: Browser, address: str) -> dict[str, float]:
    """What one visitor waits for, in milliseconds; without what this edition of the app has not."""
    page = browser.new_context(viewport={"width": 1280, "height": 800}).new_page()
    page.set_default_timeout(PATIENCE)
    page.add_init_script(WATCH)
    begun = 1000 * time.time()
    page.goto(address)
    page.wait_for_function("window.firstCard")
    box = page.locator(".rv-app input[type=text]").first
    like = page.locator("button:visible").filter(has_text=re.compile(r"^\W*Like$")).first
    changed = "sign() !== s && hasCard()"
    shown = {"first paint": "Number(sessionStorage.painted)", "first card": "firstCard"}
    found = {name: page.evaluate(moment) - begun for name, moment in shown.items()}

    def enter(text: str) -> None:
        box.fill(text)
        box.press("Enter")

    def ask_why() -> None:
        whys = page.locator("[data-do=why]:visible")  # an older edition says why beside the film that is opened
        (whys if whys.count() else page.locator(".rv-title, .rv-card h3")).first.click()

    steps = {
        "like": ("shown('.rv-chip').length > 0", like.click),
        "for me": (changed, page.locator(".rv-mine").click),
        "enter": (changed, lambda: enter("Alein")),
        "description": (changed, lambda: enter(DESCRIPTION)),
        "first reason": ("hasReason()", ask_why),
    }
    for name, (test, act) in steps.items():
        with contextlib.suppress(Error):
            found[name] = until(page, test, act)
    page.goto("about:blank")  # so that its kernel ends
    page.context.close()
    return found


def main() -> None:
    """Measure, and print a table or JSON."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loads", type=int, default=10, help="how many visitors (default: 10)")
    parser.add_argument("--pause", type=float, default=25, help="seconds before each of them (default: 25)")
    parser.add_argument("--checkout", type=Path, default=ROOT, help="working copy whose app is measured")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    launch = {"executable_path": CHROMIUM} if CHROMIUM else {"channel": "chrome"}
    with (
        served(options.checkout.resolve()) as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(**launch, args=["--no-sandbox"]) as browser,
    ):
        visits = []
        for _ in range(options.loads):
            time.sleep(options.pause)
            visits.append(visit(browser, address))
    names = dict.fromkeys(name for one in visits for name in one)
    figures = {name: [one[name] for one in visits if one.get(name, np.nan) > 0] for name in names}
    table = {
        name: {"p50": round(float(np.median(some))), "p95": round(float(np.quantile(some, 0.95))), "loads": len(some)}
        for name, some in figures.items()
        if some
    }
    if options.json:
        print(json.dumps({"loads": options.loads, "milliseconds": table}))
        return
    for name, row in table.items():
        print(f"{name:14} p50 {row['p50']:6,} ms   p95 {row['p95']:6,} ms   ({row['loads']} of {options.loads} loads)")


if __name__ == "__main__":
    main()
