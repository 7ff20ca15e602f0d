"""The app in a real browser, served by Voila: as a visitor would use it, on the course's films and on a foreign CSV."""

import contextlib
import json
import socket
import threading

import pytest
from browser import PICTURES, Visitor, chromium, launch, needs_chromium, run_notebook, serve

from helpers.app.state import FORMAT

pytestmark = pytest.mark.usefixtures("_chromium_is_there")
HOSTILE = ['<img src=x onerror="alert(1)">', "</script><script>alert(2)</script>", '" onmouseover="alert(3)', "a & b"]


@pytest.fixture(scope="module")
def _chromium_is_there():
    needs_chromium()


@pytest.fixture(scope="module")
def browser(_chromium_is_there):
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(_chromium_is_there):
    with serve("demo", "--port", 18866) as (_, found):
        yield found


@pytest.fixture(scope="module")
def dark_address(_chromium_is_there):
    with serve("demo", "--port", 18876, "--theme", "dark") as (_, found):
        yield found


@pytest.fixture(scope="module")
def foreign_address(tmp_path_factory, _chromium_is_there):
    path = tmp_path_factory.mktemp("foreign") / "<b>shop<b>.csv"
    rows = [f'"{name.replace(chr(34), chr(34) * 2)}";"{name.replace(chr(34), chr(34) * 2)} Text."' for name in HOSTILE]
    rows += [f"Lamp {number};A lamp number {number} for reading at night in bed." for number in range(12)]
    path.write_text("name;about\n" + "\n".join(rows) + "\n", encoding="utf-8")
    with serve("demo", "--port", 18886, "--csv", path, "--title-column", "name", "--text-column", "about") as (
        _,
        found,
    ):
        yield found


@pytest.fixture
def visitor(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 900}, accept_downloads=True)
    made = Visitor(context)
    yield made
    made.leave()
    assert made.wrong == []
    assert made.dialogs == []
    assert made.elsewhere == []


def test_a_visit_from_a_typo_to_a_taste_that_is_saved_and_loaded_again(visitor, address, tmp_path):
    page = visitor.open(address).page
    visitor.picture("voila-1-begin")
    visitor.box.press_sequentially("Avengrs")
    visitor.suggestion("The Avengers (2012)").wait_for()
    visitor.picture("voila-2-suggestions")
    visitor.box.press("Enter")
    visitor.heading("Films like The Avengers (2012)")
    page.get_by_role("status").filter(has_text="Did you mean").wait_for()
    visitor.button("Avengers: Endgame (2019)").wait_for()
    page.get_by_title("Like Iron Man (2008)", exact=True).click()
    page.get_by_title("Like Mystery Men (1999)", exact=True).click()
    visitor.button("For me (2)").click()
    visitor.heading("For you, from 2 films")
    before = visitor.titles()
    assert len(before) == 9
    assert not {"Iron Man (2008)", "Mystery Men (1999)"} & set(before)
    page.locator(".rv-why mark").first.wait_for()
    visitor.picture("voila-3-for-me")
    assert visitor.weak_contrasts() == []

    page.get_by_label("To year").fill("1999")
    page.get_by_label("To year").press("Tab")
    page.wait_for_function(
        "[...document.querySelectorAll('.rv-card h3')].every(h => +h.innerText.slice(-5, -1) < 2000)"
    )
    assert visitor.titles() != before

    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save my taste").click()
    saved = tmp_path / "taste.json"
    waiting.value.save_as(saved)
    assert [film["title"] for film in json.loads(saved.read_text("utf-8"))["likes"]] == ["Iron Man", "Mystery Men"]

    visitor.open(address)
    page.get_by_role("button", name="For me (0)").wait_for()
    visitor.load(saved)
    visitor.heading("For you, from 2 films")
    assert visitor.titles() == before


def test_two_tabs_do_not_see_each_others_taste(browser, visitor, address):
    visitor.open(address)
    other = Visitor(browser.new_context()).open(address)
    visitor.page.locator(".rv-card").first.get_by_role("button", name="Like", exact=True).click()
    visitor.button("For me (1)").wait_for()
    other.button("For me (0)").wait_for()
    other.page.locator(".rv-card").nth(3).get_by_role("button", name="Dislike").click()
    other.button("For me (1)").wait_for()
    assert visitor.page.get_by_role("button", name="♥").count() == 1
    assert visitor.page.get_by_role("button", name="✗").count() == 0
    assert other.page.get_by_role("button", name="♥").count() == 0
    other.leave()


def test_the_keyboard_alone_is_enough(visitor, address):
    page = visitor.open(address).page

    def tab_to(text):
        for _ in range(120):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(e => [e.innerText, e.title, e.id && document.querySelector(`label[for='${e.id}']`)?.innerText,"
                " e.getAttribute('role')].join(' '))(document.activeElement)"
            )
            if text in focused:
                return
        raise AssertionError(f"Tab never reaches {text}")

    page.keyboard.press("Tab")
    tab_to("Find") if not page.evaluate("document.activeElement.tagName == 'INPUT'") else None
    page.keyboard.type("jaws")
    page.keyboard.press("Enter")
    visitor.heading("Films like Jaws (1975)")
    tab_to("Like ")
    page.keyboard.press("Space")
    visitor.button("For me (1)").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Disliked ✓").wait_for()
    tab_to("slider")
    page.keyboard.press("ArrowRight")
    page.locator(".widget-readout", has_text="0.1").wait_for()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_a_description_is_searched_by_meaning_once_the_encoder_is_there(visitor, address):
    page = visitor.open(address).page
    visitor.box.fill("a shark attacks bathers at an island resort")
    visitor.button("Search in the texts").click()
    visitor.heading("Films near")
    assert visitor.titles()[0] == "Jaws (1975)"
    page.get_by_text("Your words").first.wait_for()
    visitor.picture("voila-4-description")
    assert visitor.weak_contrasts() == []


def test_learned_vectors_and_an_empty_list(visitor, address):
    page = visitor.open(address).find("Alien").page
    visitor.heading("Films like Alien (1979)")
    before = visitor.titles()
    visitor.button("Learned vectors").click()
    page.get_by_text("Liked by those who like").first.wait_for()
    assert visitor.titles() != before
    page.get_by_label("From year").fill("2024")
    page.get_by_label("From year").press("Tab")
    page.get_by_label("Genres").select_option("Western")
    page.get_by_text("No film fits").wait_for()
    visitor.picture("voila-5-nothing-found")
    assert visitor.weak_contrasts() == []


def test_a_file_that_is_no_taste_is_refused_in_one_line(visitor, address, tmp_path):
    page = visitor.open(address).page
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"format": FORMAT, "version": HOSTILE[0]}), encoding="utf-8")
    visitor.load(bad)
    page.get_by_text("Not loaded").wait_for()
    visitor.picture("voila-6-bad-file")
    assert visitor.weak_contrasts() == []


def test_rapid_clicks_end_with_the_list_of_the_last_one(visitor, address):
    page = visitor.open(address).page
    clicks = """() => {
        const likes = [...document.querySelectorAll(".rv-card button[title^='Like ']")];
        [...likes, ...likes.slice(1)].forEach((button) => button.click());
    }"""
    page.evaluate(clicks)  # each click likes or takes a like back: an odd number leaves one or more
    page.get_by_label("How many").fill("4")  # what comes last is heard last
    page.get_by_label("How many").press("Tab")
    page.wait_for_function("document.querySelectorAll('.rv-card').length === 4")
    liked = page.get_by_role("button", name="♥").count()
    assert liked >= 1
    visitor.button(f"For me ({liked})").wait_for()
    assert f"For you, from {liked} film" in page.locator(".rv-app h2").first.inner_text()


@pytest.mark.parametrize("width", [400, 1600])
def test_it_fits_narrow_and_wide_screens(visitor, address, width):
    visitor.page.set_viewport_size({"width": width, "height": 900})
    page = visitor.open(address).find("Avengrs").page
    visitor.heading("Films like The Avengers (2012)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    columns = page.evaluate(
        "getComputedStyle(document.querySelector('.rv-cards')).gridTemplateColumns.split(' ').length"
    )
    assert columns == {400: 1, 1600: 3}[width]
    page.locator(".rv-why mark").first.wait_for()
    visitor.picture(f"voila-7-{width}")


def test_the_dark_theme_is_as_readable(visitor, dark_address):
    page = visitor.open(dark_address).find("Avengrs").page
    visitor.heading("Films like The Avengers (2012)")
    page.get_by_title("Like Iron Man (2008)", exact=True).click()
    page.locator(".rv-why mark").first.wait_for()
    visitor.picture("voila-8-dark")
    assert visitor.weak_contrasts() == []


def test_hostile_strings_of_a_foreign_catalogue_show_as_text(visitor, foreign_address):
    page = visitor.open(foreign_address).page
    assert page.locator("h1").inner_text() == "<b>shop<b>.csv"
    assert set(HOSTILE) <= set(visitor.titles())
    for name in HOSTILE:
        visitor.find(name)
        visitor.heading(f"Titles like {name}")
    visitor.box.fill("img src onerror")
    visitor.suggestion(HOSTILE[0]).wait_for()
    assert page.locator(".rv-app img, .rv-app script").count() == 0
    visitor.box.press("Escape")
    for number in range(3):
        page.locator(".rv-card").nth(number).get_by_role("button", name="Like", exact=True).click()
    visitor.button("For me (3)").click()
    visitor.heading("For you, from 3 titles")
    page.locator(".rv-map circle").first.hover(force=True)
    visitor.picture("voila-9-hostile")
    assert page.locator(".rv-app img, .rv-app script").count() == 0


class Mute:
    """A server that takes every connection and never says a word, as some firewalls do; it keeps what it is told."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.taken, self.told = self.listening.getsockname()[1], [], []
        threading.Thread(target=self._take, daemon=True).start()

    def _take(self):
        with contextlib.suppress(OSError):
            while True:
                self.taken.append(self.listening.accept()[0])
                threading.Thread(target=self._hear, args=[self.taken[-1]], daemon=True).start()

    def _hear(self, connection):
        with contextlib.suppress(OSError):
            self.told.append(connection.recv(10_000))

    def close(self):
        for one in [self.listening, *self.taken]:
            one.close()


@pytest.fixture
def mute():
    made = Mute()
    yield made
    made.close()


@contextlib.contextmanager
def visit(playwright, address, rule):
    """Use the app in a browser to which all other hosts are as a rule says."""
    with launch(playwright, f"--host-resolver-rules=MAP * {rule}, EXCLUDE 127.0.0.1") as browser:
        visitor = Visitor(browser.new_context()).open(address).find("Avengrs")
        visitor.heading("Films like The Avengers (2012)")
        visitor.page.locator(".rv-why mark").first.wait_for()
        yield visitor
        visitor.leave()


def test_the_app_works_where_every_other_host_is_refused(browser, address):
    with visit(browser.playwright, address, "~NOTFOUND") as visitor:
        assert (visitor.wrong, visitor.elsewhere) == ([], [])
        visitor.page.evaluate("fetch('http://other.example/').catch(() => null)")
        assert visitor.elsewhere == ["http://other.example/"]  # so such a request would have been seen


def test_the_app_works_where_every_other_host_takes_connections_and_is_mute(browser, address, mute):
    with visit(browser.playwright, address, f"127.0.0.1:{mute.port}") as visitor:
        assert (visitor.wrong, visitor.elsewhere) == ([], [])
        visitor.page.evaluate("void fetch('http://other.example/').catch(() => null)")
        while not any(b"Host: other.example" in words for words in mute.told):  # so such a host is mute indeed
            visitor.page.evaluate("1")
        assert visitor.elsewhere == ["http://other.example/"]


def test_the_kernel_of_a_tab_ends_when_the_tab_is_closed(visitor):
    with serve("demo", "--max-kernels", 1) as (_, address):
        for _ in range(3):
            one = Visitor(visitor.page.context.browser.new_context()).open(address)
            one.open(address)  # a page that is loaded again, too, needs the place of the kernel that it leaves
            one.leave()


@pytest.fixture(scope="module")
def lab_address(tmp_path_factory, _chromium_is_there):
    folder = tmp_path_factory.mktemp("lab")
    with serve("start", "--port", 18916, JUPYTERLAB_WORKSPACES_DIR=str(folder)) as (_, found):
        yield found


def test_the_app_works_in_jupyterlab_as_the_first_cell_of_its_notebook(visitor, lab_address, tmp_path):
    page = run_notebook(visitor, lab_address, "08_demo.ipynb", "demo")
    visitor.box.scroll_into_view_if_needed()
    visitor.box.press_sequentially("Avengrs")
    visitor.suggestion("Avengers: Endgame (2019)").wait_for()
    page.screenshot(path=PICTURES / "lab-1-suggestions.png")
    visitor.box.press("ArrowDown")
    visitor.box.press("Escape")
    assert visitor.box.input_value() == "Avengrs"
    visitor.box.press("Enter")
    visitor.heading("Films like The Avengers (2012)")
    page.get_by_title("Like Iron Man (2008)", exact=True).click()
    page.get_by_title("Like Mystery Men (1999)", exact=True).click()
    visitor.button("For me (2)").click()
    visitor.heading("For you, from 2 films")
    before = visitor.titles()
    assert len(before) == 9
    page.get_by_label("To year").fill("1999")
    page.get_by_label("To year").press("Tab")
    page.wait_for_function(
        "[...document.querySelectorAll('.rv-card h3')].every(h => +h.innerText.slice(-5, -1) < 2000)"
    )
    with page.expect_download() as waiting:
        page.get_by_role("link", name="Save my taste").click()
    saved = tmp_path / "taste.json"
    waiting.value.save_as(saved)
    page.get_by_role("button", name="Clear").first.click()
    visitor.button("For me (0)").wait_for()
    visitor.load(saved)
    visitor.button("For me (2)").wait_for()
    assert visitor.weak_contrasts() == []
    page.screenshot(path=PICTURES / "lab-2-app.png")
