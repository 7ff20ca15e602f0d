"""Take the picture of the app that the README shows, and that stands for the app where widgets cannot run.

    python tools/make_still.py

Needs Chromium and the packages of the tests. Run notebooks 08 and 09 afterwards (``tools/run_notebooks.py``): they
hold the picture.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path

from measure_browser import CHROMIUM, ROOT, served
from PIL import Image
from playwright.sync_api import sync_playwright

sys.path.insert(0, str(ROOT))
from helpers.app.view import STILL

COLORS = 128  # enough for the covers; a third of the bytes


def main() -> None:
    """Ask for a title with a typo, like a film of the list, and keep what is seen."""
    launch = {"executable_path": CHROMIUM} if CHROMIUM else {"channel": "chrome"}
    with (
        served(ROOT) as address,
        sync_playwright() as playwright,
        playwright.chromium.launch(**launch, args=["--no-sandbox"]) as browser,
    ):
        page = browser.new_context(viewport={"width": 1280, "height": 800}, device_scale_factor=0.875).new_page()
        page.set_default_timeout(300_000)
        page.goto(address)
        page.get_by_role("combobox").fill("Alein")
        page.get_by_role("combobox").press("Enter")
        page.get_by_role("button", name="Like Aliens (1986)", exact=True).click()
        page.get_by_role("button", name="Remove Aliens (1986)").wait_for()
        page.mouse.move(0, 0)
        page.evaluate("document.activeElement.blur()")
        shown = page.screenshot(animations="disabled")
        page.goto("about:blank")  # so that its kernel ends
    Image.open(io.BytesIO(shown)).convert("RGB").quantize(COLORS).save(Path(STILL), optimize=True)


if __name__ == "__main__":
    main()
