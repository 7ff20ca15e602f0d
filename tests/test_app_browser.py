"""The app in a real browser, served by Voila: as a visitor would use it, on the course's films and on a foreign CSV."""

import contextlib
import csv
import html
import json
import re
import signal
import socket
import threading
from urllib.parse import urlsplit

import psutil
import pytest
from browser import PICTURES, Visitor, chromium, launch, needs_chromium, run_notebook, serve
from processes import a_free_port

from helpers.app.state import FORMAT, MOST_BYTES

pytestmark = pytest.mark.usefixtures("_chromium_is_there")
HOSTILE = ['<img src=x onerror="alert(1)">', "</script><script>alert(2)</script>", '" onmouseover="alert(3)', "a & b"]
TOUCHED = ".rv-app :is(button, summary, label.rv-check, input:not([type=checkbox])):visible"
LOW = "all => all.filter((one) => one.getBoundingClientRect().height < 44).map((one) => one.outerHTML)"
SHIFTS = """let moved = 0;
const add = (some) => some.forEach((entry) => { if (!entry.hadRecentInput) moved += entry.value; });
const watching = new PerformanceObserver((list) => add(list.getEntries()));
watching.observe({ type: "layout-shift", buffered: true });
window.shifted = () => { add(watching.takeRecords()); return moved; };"""  # with what the observer was not told yet

SHUT_DOWN = """() => {
    const { baseUrl, kernelId } = JSON.parse(document.getElementById("jupyter-config-data").textContent);
    const form = new FormData();
    form.append("_xsrf", document.cookie.match(/\\b_xsrf=([^;]*)/)[1]);
    return fetch(`${baseUrl}voila/api/shutdown/${kernelId}`, { method: "POST", body: form });
}"""


@pytest.fixture(scope="module")
def _chromium_is_there():
    needs_chromium()


@pytest.fixture(scope="module")
def browser(_chromium_is_there):
    with chromium() as started:
        yield started


@pytest.fixture(scope="module")
def address(_chromium_is_there):
    with serve("demo", "--port", a_free_port()) as (_, found):
        yield found


@pytest.fixture(scope="module")
def foreign_address(tmp_path_factory, _chromium_is_there):
    path = tmp_path_factory.mktemp("foreign") / "<b>shop<b>.csv"
    escaped = [html.escape(name, quote=False).replace('"', '""') for name in HOSTILE]  # tags as such are left out
    rows = [f'"{name}";"{name} Text."' for name in escaped]
    rows += [f"Lamp {number};A lamp number {number} for reading at night in bed." for number in range(12)]
    path.write_text("name;about\n" + "\n".join(rows) + "\n", encoding="utf-8")
    columns = ("--title-column", "name", "--text-column", "about")
    with serve("demo", "--port", a_free_port(), "--csv", path, *columns, "--max-kernels", 1) as (_, found):
        yield found


def left(visitor):
    """Leave, and make sure that nothing went wrong."""
    visitor.leave()
    assert (visitor.wrong, visitor.dialogs, visitor.elsewhere) == ([], [], [])


@pytest.fixture
def visitor(browser):
    made = Visitor(browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True))
    yield made
    left(made)


@pytest.fixture(scope="module")
def regular(browser, address):
    """Somebody who stays: one page for all tests that can follow each other."""
    made = Visitor(browser.new_context(viewport={"width": 1280, "height": 800}, accept_downloads=True))
    yield made.open(address)
    left(made)


@pytest.fixture
def here(regular):
    """The page of `regular` as it begins, with nothing chosen, and with nothing on its way."""
    page = regular.page
    page.set_viewport_size({"width": 1280, "height": 800})
    regular.find("asdfghjkl").heading("Not in this catalog")  # lists come in order: those of the test before have come
    undone = "[data-do=clear], [data-do=drop], [data-value=text][aria-pressed=false]"
    page.locator(undone).evaluate_all("all => all.forEach((one) => one.click())")
    regular.button("Films for you").click()
    regular.heading("Films to begin with")
    page.locator(".rv-chips").wait_for(state="detached")
    page.get_by_role("button", name="Clear my taste").wait_for(state="detached")
    regular.wrong.clear()
    return regular


def test_a_visit_from_a_typo_to_a_taste_that_is_saved_and_loaded_again(visitor, address, tmp_path):
    page = visitor.page
    page.add_init_script(SHIFTS)
    visitor.open(address)
    assert page.title() == "Films for you"
    inside = page.locator(".rv-card").evaluate_all(
        "all => all.filter(one => one.getBoundingClientRect().bottom <= innerHeight).length"
    )
    assert inside >= 8
    visitor.picture("voila-1-begin")
    visitor.box.press_sequentially("Avengrs")
    visitor.option("The Avengers").wait_for()
    visitor.picture("voila-2-readings")
    visitor.box.press("Enter")
    visitor.heading("Films like The Avengers (2012)")
    page.get_by_text("“Avengrs” was understood as The Avengers (2012).").wait_for()
    visitor.button("Like Iron Man (2008)").click()
    visitor.button("Like Mystery Men (1999)").click()
    visitor.button("For me 2").click()
    visitor.heading("For you, from 2 films")
    before = visitor.titles()
    assert len(before) == 12
    assert not [title for title in before if title.startswith(("Iron Man 2008", "Mystery Men"))]
    visitor.picture("voila-3-for-me")
    assert visitor.faults() == []
    assert page.evaluate("shifted()") < 0.05
    saved = visitor.save("Save my taste (file)", tmp_path / "taste.json")
    assert [film["title"] for film in json.loads(saved.read_text("utf-8"))["likes"]] == ["Iron Man", "Mystery Men"]
    with visitor.save("This list as CSV", tmp_path / "list.csv").open(encoding="utf-8-sig", newline="") as table:
        assert len(list(csv.DictReader(table))) == 12

    visitor.open(address)  # the browser has kept it
    visitor.heading("For you, from 2 films")
    assert visitor.titles() == before
    visitor.button("Clear my taste").click()
    visitor.heading("Films to begin with")
    visitor.load(saved)
    visitor.heading("For you, from 2 films")
    assert visitor.titles() == before


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280, 1600])
def test_every_state_can_be_heard_reached_by_keys_and_read_and_nothing_moves(browser, address, width, scheme):
    size = {"width": width, "height": 800}
    made = Visitor(browser.new_context(viewport=size, color_scheme=scheme, reduced_motion="reduce"))
    page = made.page
    page.add_init_script(SHIFTS)
    made.open(address)

    def is_fine(state):
        assert (state, made.faults()) == (state, [])
        if width == 400:  # a finger hits whatever is pressed
            assert (state, page.locator(TOUCHED).evaluate_all(LOW)) == (state, [])
        page.screenshot(path=PICTURES / f"state-{width}-{scheme}-{state}.png")

    PICTURES.mkdir(parents=True, exist_ok=True)
    is_fine("1-begin")
    made.box.press_sequentially("Avengrs")
    made.option("The Avengers").wait_for()
    is_fine("2-readings")
    made.box.press("Enter")
    made.heading("Films like The Avengers (2012)")
    made.button("Like Iron Man (2008)").click()
    made.button("For me 1").wait_for()
    is_fine("3-list")
    page.locator(".rv-filters summary").click()
    is_fine("4-filters")
    page.keyboard.press("Escape")
    made.button("Save or share").click()
    is_fine("5-menu")
    page.keyboard.press("Escape")
    made.button("Why Iron Man (2008) is here").click()
    page.get_by_role("dialog").locator("mark").first.wait_for()
    is_fine("6-why")
    page.keyboard.press("Escape")
    assert page.evaluate("shifted()") < 0.05
    styles = page.locator(".rv-app *").evaluate_all(
        "all => all.map((one) => getComputedStyle(one)).map((one) => [one.transitionDuration, one.animationName])"
    )
    assert set(map(tuple, styles)) == {("0s", "none")}
    left(made)


def test_a_reload_and_back_still_say_how_words_were_understood(visitor, address):
    visitor.open(address).find("Avengrs").heading("Films like The Avengers (2012)")
    said = visitor.page.get_by_text("“Avengrs” was understood as The Avengers (2012).")
    said.wait_for()
    visitor.open(address).heading("Films like The Avengers (2012)")
    said.wait_for()
    assert visitor.box.input_value() == "Avengrs"
    visitor.find("jaws").heading("Films like Jaws (1975)")
    visitor.page.go_back()
    said.wait_for()
    assert visitor.box.input_value() == "Avengrs"


def test_the_skeleton_stands_before_the_program_that_answers(browser, address):
    made = Visitor(browser.new_context(viewport={"width": 400, "height": 800}))
    made.page.route("**/voila/static/voila.js", lambda route: route.abort())  # so that no widget ever comes
    made.page.goto(address)
    made.page.get_by_text("Loading the catalog").wait_for()
    made.leave()


def test_a_test_that_fails_can_tell_what_its_pages_show(browser, here):
    assert here in Visitor.present
    assert "rv-head: Films to begin with" in here.shown()
    assert "Nothing yet: press Like on a card." in here.shown()
    other = Visitor(browser.new_context())
    other.leave()
    assert other not in Visitor.present


def test_a_link_opens_the_same_state_and_two_tabs_do_not_see_each_others_taste(browser, here, address):
    here.find("Alien")
    here.heading("Films like Alien (1979)")
    here.page.evaluate("navigator.clipboard.writeText = (text) => { window.copied = text; return Promise.resolve(); }")
    here.page.locator(".rv-map").scroll_into_view_if_needed()
    here.share("Copy a link for this computer only")
    said = here.page.get_by_text("Copied. The link works on this computer only")
    said.wait_for()
    assert said.bounding_box()["y"] >= 0  # in sight, although the page is scrolled
    other = Visitor(browser.new_context()).open(here.page.evaluate("copied"))
    other.heading("Films like Alien (1979)")
    assert other.titles() == here.titles()
    assert "#" not in other.page.url
    other.button("Like Aliens (1986)").click()
    other.button("For me 1").wait_for()
    assert here.page.get_by_role("button", name="Remove").count() == 0
    left(other)


def test_back_leads_to_the_question_before_and_keeps_the_taste(here):
    page = here.find("Alien").page
    here.heading("Films like Alien (1979)")
    here.find("jaws").heading("Films like Jaws (1975)")
    here.button("Like Jaws (1975)").click()
    here.button("For me 1").wait_for()
    here.button("Details: Jaws (1975)").click()
    page.get_by_role("dialog").wait_for()
    page.go_back()
    page.get_by_role("dialog").wait_for(state="hidden")
    here.heading("Films like Jaws (1975)")
    page.go_back()
    here.heading("Films like Alien (1979)")
    assert here.box.input_value() == "Alien"  # the words of this list
    assert here.button("For me 1").is_visible()
    page.go_forward()
    here.heading("Films like Jaws (1975)")
    page.locator(".rv-filters summary").click()
    page.keyboard.press("Escape")
    page.locator(".rv-filters form").wait_for(state="hidden")
    here.button("Clear my taste").click()
    here.button("Films for you").click()
    here.heading("Films to begin with")


def test_a_film_that_is_liked_right_before_going_back_stays_liked(here):
    here.find("Alien").heading("Films like Alien (1979)")
    here.find("jaws").heading("Films like Jaws (1975)")
    here.page.evaluate("document.querySelector('[data-do=like]').click(); history.back()")
    here.heading("Films like Alien (1979)")
    assert here.button("For me 1").is_visible()


def test_the_keyboard_alone_is_enough(here):
    page = here.page
    here.box.focus()

    def tab_to(text):
        for _ in range(150):
            page.keyboard.press("Tab")
            focused = page.evaluate(
                "(e => [e.ariaLabel, e.innerText, e.name].join(' '))(document.activeElement)",
            )
            if text in focused:
                return
        raise AssertionError(f"Tab never reaches {text}")

    page.keyboard.press("Control+a")
    page.keyboard.type("jaws")
    page.keyboard.press("Enter")
    here.heading("Films like Jaws (1975)")
    tab_to("Filters")
    page.keyboard.press("Enter")
    tab_to("diversity")
    page.keyboard.press("ArrowRight")
    page.locator(".rv-chips").wait_for()  # with a new list, so no card changes under the keys
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    tab_to("Like Jaws (1975)")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Space")
    here.button("For me 1").wait_for()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Remove Jaws (1975), which you do not like").wait_for()
    tab_to("Details: Jaws")
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_text("The whole plot").wait_for()
    page.keyboard.press("Escape")
    page.get_by_role("dialog").wait_for(state="hidden")
    assert "Details: Jaws" in page.evaluate("document.activeElement.ariaLabel")


def test_a_film_is_explained_in_a_dialog_without_its_end(here):
    page = here.find("a shark attacks bathers at an island resort").page
    here.heading("Stories about")
    page.get_by_role("heading", name="Jaws 1975").get_by_role("button").click()
    dialog = page.get_by_role("dialog")
    dialog.locator("mark").first.wait_for()
    assert not dialog.locator("details p").is_visible()
    here.picture("voila-4-detail")
    assert here.faults() == []
    dialog.get_by_text("The whole plot").click()
    assert dialog.locator("details p").is_visible()
    dialog.get_by_role("button", name="Close").click()
    assert not page.get_by_role("group", name="Compare by").get_by_role("button").count()  # nothing to compare


@pytest.mark.parametrize("width", [400, 1280])
def test_why_shows_the_reason_first_and_the_sentences_that_come_move_nothing(here, width):
    page, sheet = here.page, here.page.get_by_role("dialog")
    page.set_viewport_size({"width": width, "height": 800})
    here.find("Alien").heading("Films like Alien (1979)")
    page.evaluate("""() => {  // where things are when the sheet opens, which waits for no sentence
        const sheet = document.querySelector("dialog");
        window.whereabouts = () => [sheet.scrollTop, ...[...sheet.querySelectorAll("h2, h3, .rv-director, .rv-actions")]
            .map((one) => one.getBoundingClientRect().top)];
        sheet.showModal = () => { HTMLDialogElement.prototype.showModal.call(sheet); window.opened = whereabouts(); };
    }""")
    here.button("Why Aliens (1986) is here").click()
    sheet.locator("mark").first.wait_for()
    assert page.evaluate("whereabouts()") == page.evaluate("opened")
    headings = sheet.get_by_role("heading")
    assert headings.all_inner_texts() == ["Aliens 1986", "Why it is here: near Alien (1979)", "Nearest stories"]
    end = page.locator(".rv-reason").bounding_box()
    assert end["y"] + end["height"] <= sheet.locator(".rv-director").bounding_box()["y"] <= 800
    page.keyboard.press("Escape")
    here.button("Aliens 1986").click()  # all about the film, and only then why
    sheet.locator("mark").first.wait_for()
    assert page.evaluate("whereabouts()") == page.evaluate("opened")
    assert sheet.locator(".rv-director").bounding_box()["y"] < sheet.locator(".rv-why").bounding_box()["y"]
    page.keyboard.press("Escape")
    page.set_viewport_size({"width": 1280, "height": 800})


def test_the_taste_stays_in_one_line_and_undo_says_what_it_takes_back_where_there_is_room(here):
    page, bar = here.page, here.page.get_by_role("region", name="My taste")
    for width, says in ((400, "Undo"), (1280, "Undo: liking Aliens (1986)")):
        page.set_viewport_size({"width": width, "height": 800})
        here.find("Alien").heading("Films like Alien (1979)")
        before = bar.bounding_box()["height"]
        here.button("Like Aliens (1986)").click()
        undo = here.button("Undo: liking Aliens (1986)")
        undo.wait_for()
        assert (bar.bounding_box()["height"], undo.inner_text()) == (before, says)
        remove = here.button("Remove Aliens (1986), which you like").bounding_box()
        assert remove["x"] + remove["width"] < undo.bounding_box()["x"]  # a whole film is in sight
        here.button("Clear my taste").click()
        here.button("Clear my taste").wait_for(state="detached")


def test_a_list_that_its_viewers_cannot_make_is_one_click_from_one_by_story(here):
    page = here.find("Rogue One").page
    here.heading("Films like Rogue One")
    here.button("By audience").click()
    page.get_by_text("Viewers gave this film only 1 like: too few to tell what else fits.").wait_for()
    here.button("See it by story").click()
    here.button("See it by story").wait_for(state="detached")
    assert here.button("By story").get_attribute("aria-pressed") == "true"


def test_audiences_are_simulated_and_say_so_and_filters_are_named(here):
    page = here.find("Alien").page
    here.heading("Films like Alien (1979)")
    before = here.titles()
    assert not page.locator(".rv-badge").is_visible()
    here.button("By audience").click()
    page.locator(".rv-cue", has_text="Liked by").first.wait_for()
    page.locator(".rv-badge").click()
    page.get_by_text("No real people: a program made up these viewers").wait_for()
    assert here.titles() != before
    page.get_by_text("Filters", exact=True).click()
    page.get_by_label("From year").fill("2024")
    page.get_by_label("From year").press("Tab")
    page.get_by_label("Western").check()
    page.get_by_text("No film fits").wait_for()
    here.picture("voila-5-nothing-found")
    assert here.faults() == []
    here.button("Done").click()
    page.locator(".rv-filters form").wait_for(state="hidden")
    assert page.evaluate("document.activeElement.textContent") == "Filters"
    page.get_by_role("button", name="Remove the filter from 2024").click()
    page.locator(".rv-card").nth(3).wait_for()
    assert page.get_by_role("button", name="Remove the filter Western").is_visible()


def test_a_file_that_is_no_taste_is_refused_before_it_is_sent(here, tmp_path):
    bad = tmp_path / "bad.json"
    for content, says in [("x" * (MOST_BYTES + 1), "1,000,001 bytes"), ("[]", "is not a saved taste")]:
        bad.write_text(content, encoding="utf-8")
        here.load(bad)
        here.page.locator(".rv-note", has_text=says).wait_for()
    bad.write_text(json.dumps({"format": FORMAT, "version": HOSTILE[0]}), encoding="utf-8")
    here.load(bad)
    note = here.page.locator(".rv-note", has_text="reads version 1")
    note.click()  # a message may lie over a button, so it goes where it is pressed
    note.wait_for(state="detached")
    assert here.faults() == []


def test_the_map_waits_for_the_list_and_no_short_list_brings_it_up(here):
    page = here.page
    unseen = """() => { const [cards, more] = document.querySelectorAll(".rv-cards, .rv-more"), kept = cards.innerHTML;
        cards.innerHTML = "";
        const seen = getComputedStyle(more).visibility;
        cards.innerHTML = kept;
        return [seen, getComputedStyle(more).visibility]; }"""
    assert page.evaluate(unseen) == ["hidden", "visible"]
    here.find("asdfghjkl").heading("Not in this catalog")
    bar = page.get_by_role("region", name="My taste").bounding_box()
    assert page.get_by_role("region", name="Map").bounding_box()["y"] > bar["y"]


def test_two_filters_that_are_removed_at_once_are_both_gone(here):
    page = here.page
    page.locator(".rv-filters summary").click()
    for genre in ("Western", "Comedy"):
        page.get_by_label(genre, exact=True).check()
        page.get_by_role("button", name=f"Remove the filter {genre}").wait_for()
    here.button("Done").click()
    page.evaluate("document.querySelectorAll('[data-do=drop]').forEach((button) => button.click())")
    page.locator(".rv-chips").wait_for(state="detached")
    assert page.locator("[name=genres]:checked").count() == 0


def test_a_film_that_is_refused_stays_where_it_is_grey_and_is_taken_back_by_the_same_button(here):
    page = here.page
    card = page.locator(".rv-card").nth(1)
    name, refuse = card.get_attribute("aria-label"), card.locator(".rv-dislike")
    looks = "one => [getComputedStyle(one).backgroundColor, getComputedStyle(one.querySelector('.rv-cover')).filter]"
    before, box = card.evaluate(looks), card.bounding_box()
    refuse.click()
    note = page.get_by_role("status").filter(has_text=f"Not for you: {name}")
    note.wait_for()
    assert card.get_attribute("aria-label") == name
    assert card.bounding_box() == box
    assert all(one != other for one, other in zip(before, card.evaluate(looks), strict=True))
    assert refuse.inner_text() == "Not for me · undo"
    assert here.faults() == []
    page.mouse.wheel(0, 1)  # a message may lie over a button, so it goes when somebody moves on
    note.wait_for(state="detached")
    refuse.click()
    here.button("Clear my taste").wait_for(state="detached")
    page.get_by_text("Taken out: ").wait_for()
    page.mouse.move(0, 0)
    assert card.evaluate(looks) == before


def test_rapid_clicks_end_with_the_list_of_the_last_one(here):
    page = here.page
    page.evaluate("[...document.querySelectorAll('.rv-card .rv-like')].slice(0, 7).forEach((button) => button.click())")
    page.get_by_role("button", name="Remove").nth(6).wait_for()
    here.button("For me 7").click()
    here.heading("For you, from 7 films")


def test_the_map_zooms_names_what_is_pointed_at_and_opens_it(here):
    page = here.page
    canvas = page.get_by_role("img", name="Map of all")
    canvas.scroll_into_view_if_needed()
    page.get_by_role("button", name="Zoom in").click()
    box, tip = canvas.bounding_box(), page.locator(".rv-tip")
    for step in range(400):  # somewhere near the middle is a dot
        page.mouse.move(box["x"] + box["width"] / 2 + (step % 20) * 9, box["y"] + box["height"] / 2 + (step // 20) * 9)
        if tip.is_visible():
            break
    page.wait_for_function("document.querySelector('.rv-tip').textContent.length > 1")
    name = tip.inner_text()
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("dialog").get_by_role("heading", name=name.rpartition(" (")[0], level=2).wait_for()
    page.keyboard.press("Escape")


def test_zooming_keeps_the_film_that_was_asked_for_in_sight(here):
    page = here.find("Toy Story").page
    here.heading("Films like Toy Story (1995)")
    page.get_by_role("img", name="Map of all: 1 chosen").scroll_into_view_if_needed()
    page.get_by_role("button", name="Show all of the map").click()
    for _ in range(4):
        page.get_by_role("button", name="Zoom in").click()
    chosen = """() => { const { width, height } = document.querySelector("canvas");
        const { data } = document.querySelector("canvas").getContext("2d").getImageData(0, 0, width, height);
        return data.some((red, i) => i % 4 === 0 && red === 179 && data[i + 1] === 38 && data[i + 2] === 30); }"""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert page.evaluate(chosen)
    page.get_by_role("button", name="Show all of the map").click()


def test_the_map_goes_from_film_to_film_by_the_keyboard(here):
    page = here.find("Alien").page
    here.heading("Films like Alien (1979)")
    page.get_by_role("img", name="Map of all: 1 chosen").focus()
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("ArrowRight")  # the first is the film that was asked for
    page.locator(".rv-tip", has_text="Alien (1979)").wait_for()
    seen = set()
    for key in ("ArrowLeft", "ArrowUp", "ArrowDown", "ArrowRight"):
        page.keyboard.press(key)
        page.wait_for_function("document.querySelector('.rv-tip').textContent.length > 1")
        seen.add(page.locator(".rv-tip").inner_text())
    assert len(seen) > 1
    name = page.locator(".rv-tip").inner_text()
    page.keyboard.press("Enter")
    page.get_by_role("dialog").get_by_role("heading", name=name.rpartition(" (")[0], level=2).wait_for()
    page.keyboard.press("Escape")


@pytest.mark.parametrize(("width", "columns"), [(400, 1), (1600, 5)])
def test_it_fits_narrow_and_wide_screens_and_the_taste_stays_in_sight(here, width, columns):
    page = here.page
    page.set_viewport_size({"width": width, "height": 800})
    here.find("Avengrs")
    here.heading("Films like The Avengers (2012)")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    wide = page.evaluate("getComputedStyle(document.querySelector('.rv-cards')).gridTemplateColumns.split(' ').length")
    assert wide == columns
    cut = "all => all.filter(one => one.scrollHeight > one.clientHeight + 1).map(one => one.textContent)"
    assert page.locator(".rv-cue > span").evaluate_all(cut) == []
    page.locator(".rv-card").nth(5).scroll_into_view_if_needed()
    bar = page.get_by_role("region", name="My taste").bounding_box()
    assert bar["y"] + bar["height"] == pytest.approx(800, abs=1)  # nothing shows beneath it
    assert (bar["x"], bar["width"]) == pytest.approx((0, width), abs=1)
    here.picture(f"voila-7-{width}")


def test_on_a_narrow_screen_what_is_said_above_the_list_never_moves_it(here):
    page, tops = here.page, {}
    page.set_viewport_size({"width": 400, "height": 800})
    here.button("Films for you").click()
    asks = {
        "Films to begin with": None, "Films like The Avengers": "Avengrs", "“a good cry”": "a good cry",
        "Comedy: films": "something funny", "Not in this catalog": "asdfghjkl",
        "no title or person here is called that": "ordinary people",
    }  # fmt: skip
    cut = "(one) => one.scrollHeight > one.clientHeight + 1"
    for heading, text in asks.items():
        if text:
            here.find(text)
        here.heading(heading)
        assert not page.locator(".rv-head h2").evaluate(cut), heading
        tops[heading] = page.locator(".rv-cards").bounding_box()["y"]
    assert set(tops.values()) == {tops["Comedy: films"]}, tops


@pytest.mark.parametrize("width", [400, 1280])
def test_nothing_moves_under_the_finger_that_likes_and_what_happened_is_in_sight(browser, address, width):
    made = Visitor(browser.new_context(viewport={"width": width, "height": 800}))
    page = made.page
    page.add_init_script(SHIFTS.replace("!entry.hadRecentInput", "true"))  # what moves after a click, too
    made.open(address)
    button = page.locator(".rv-card .rv-like").nth(4)
    button.scroll_into_view_if_needed()
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    before, titles = button.bounding_box(), made.titles()
    moved = page.evaluate("shifted()")
    button.click()
    said = page.get_by_role("status").filter(has_text="“For me” shows your new list.")
    said.wait_for()
    bar = page.get_by_role("region", name="My taste").bounding_box()
    assert 0 <= bar["y"] - said.bounding_box()["y"] - said.bounding_box()["height"] < 12  # just over it
    assert (button.bounding_box(), made.titles(), button.get_attribute("aria-pressed")) == (before, titles, "true")
    assert page.evaluate("shifted()") - moved < 0.05  # that of the bar
    made.button("For me 1").click()
    made.heading("For you, from 1 film")
    assert page.locator(".rv-head h2").bounding_box()["y"] >= 0
    left(made)


def test_on_a_narrow_screen_the_filters_stay_where_they_are_and_can_be_closed(browser, address):
    made = Visitor(browser.new_context(viewport={"width": 400, "height": 640}))
    page = made.open(address).page
    page.locator(".rv-filters summary").click()
    form, done = page.locator(".rv-filters form"), made.button("Done")

    def top():
        return form.evaluate(
            "form => form.getBoundingClientRect().top - document.querySelector('.rv-app').getBoundingClientRect().top"
        )

    page.wait_for_function("document.querySelector('.rv-filters form').style.maxHeight")  # it knows its room
    before = top()
    assert done.bounding_box()["y"] + done.bounding_box()["height"] <= 640
    for genre in ("Action", "Comedy", "Drama", "Family"):
        page.get_by_label(genre, exact=True).check()
        made.page.get_by_role("button", name=f"Remove the filter {genre}").wait_for()
        assert top() == before
    done.click()
    form.wait_for(state="hidden")
    left(made)


def test_a_double_click_is_one_click_and_each_tab_keeps_its_own(browser, address):
    context = browser.new_context()
    made = Visitor(context).open(address)
    names = [made.page.locator(".rv-card").nth(place).get_attribute("aria-label") for place in range(3)]
    for name in names:
        made.button(f"Like {name}").dblclick()
    made.button("For me 3").wait_for()
    made.button(f"Remove {names[0]}, which you like").dblclick()  # the next name comes under the pointer
    made.button("For me 2").wait_for()
    other = Visitor(context).open(address)  # begins with what was kept last
    other.button("For me 2").wait_for()
    other.button("Clear my taste").click()
    other.page.get_by_text("Your taste is empty").wait_for()
    other.heading("Films to begin with")
    undo = other.page.get_by_role("button", name="Undo: Clear")  # it may come under the finger that cleared
    undo.dispatch_event("click", {"detail": 2})
    other.button(f"Like {names[0]}").click()
    other.page.get_by_role("button", name=f"Undo: liking {names[0]}").wait_for()
    other.button("For me 1").wait_for()
    made.page.reload()
    made.button("For me 2").wait_for()
    other.page.goto("about:blank")
    left(made)


def test_undo_takes_back_a_way_a_filter_and_a_search_and_the_box_says_what_is_shown(visitor, address):
    page = visitor.open(address).find("Avengrs").page
    visitor.heading("Films like The Avengers (2012)")
    visitor.find("jaws").heading("Films like Jaws (1975)")
    visitor.button("By audience").click()
    page.get_by_role("button", name="Undo: By audience").wait_for()
    page.reload()
    page.get_by_role("button", name="Undo: By audience").click()
    page.get_by_role("button", name="Undo: the search for “jaws”").click()
    visitor.heading("Films like The Avengers (2012)")
    page.get_by_text("Taken back: the search for “jaws”.").wait_for()
    assert visitor.box.input_value() == "Avengrs"
    visitor.find("Alien").heading("Films like Alien (1979)")
    page.locator("[data-do=undo]").focus()
    page.evaluate(
        "for (let i = 0; i < 9; i += 1) document.querySelector('[data-do=undo]').click()"
    )  # faster than lists
    page.get_by_text("There is nothing more to take back.").wait_for()
    visitor.heading("Films to begin with")
    assert visitor.box.input_value() == ""


def test_the_page_is_as_dark_as_the_system_from_its_skeleton_on(browser, address):
    for scheme, asked, light in [("dark", "", "false"), ("light", "", "true"), ("dark", "?theme=light", "true")]:
        made = Visitor(browser.new_context(color_scheme=scheme))
        made.page.route("**/voila/static/voila.js", lambda route: route.abort())  # so that no widget ever comes
        made.page.goto(address + asked)
        made.page.locator("#rv-skeleton h1").wait_for()
        assert made.page.evaluate("document.body.dataset.jpThemeLight") == light
        ground = made.page.evaluate("getComputedStyle(document.getElementById('rv-skeleton')).backgroundColor")
        assert ground == ("rgb(255, 255, 255)" if light == "true" else "rgb(33, 33, 33)")  # the app's own
        made.leave()


def test_a_page_follows_the_system_while_it_is_shown(visitor, address):
    page = visitor.page
    page.emulate_media(color_scheme="dark")
    visitor.open(address)
    assert visitor.faults() == []
    page.emulate_media(color_scheme="light")
    page.wait_for_function("document.body.dataset.jpThemeLight === 'true'")
    assert visitor.faults() == []


def test_a_name_in_the_taste_opens_its_film_and_the_cross_removes_it(here):
    page = here.page
    here.find("The Grand Budapest Hotel")
    here.button("Like The Grand Budapest Hotel (2014)").click()
    for width in (1280, 400):
        page.set_viewport_size({"width": width, "height": 800})
        chip = page.locator(".rv-chip")
        assert chip.bounding_box()["width"] < 260
        chip.get_by_role("button", name="The Grand Budapest Hotel").first.click()
        page.get_by_role("dialog").get_by_role("heading", name="The Grand Budapest Hotel").wait_for()
        page.get_by_role("dialog").get_by_role("button", name="Close").click()
        assert here.button("Clear my taste").is_visible()
    page.set_viewport_size({"width": 1280, "height": 800})
    here.button("Remove The Grand Budapest Hotel (2014), which you like").click()
    page.locator(".rv-chip").wait_for(state="detached")


def test_people_and_tags_of_a_film_lead_to_their_films(here):
    page = here.find("Minority Report").page
    here.button("Details: Minority Report (2002)").click()
    page.get_by_role("dialog").get_by_role("button", name="Tom Cruise").click()
    here.heading("Films with Tom Cruise")
    assert here.box.input_value() == "Tom Cruise"
    page.locator(".rv-card .rv-title").first.click()
    page.get_by_role("dialog").locator("[data-kind=Stories]").first.click()
    here.heading("Stories about")
    assert not page.get_by_role("dialog").is_visible()


def test_a_link_in_the_view_of_a_film_counts_however_late_the_browser_is_with_its_history(here):
    page = here.find("Minority Report").page
    here.heading("Films like Minority Report (2002)")
    here.button("Details: Minority Report (2002)").click()
    page.evaluate("history.back = () => { window.asked = true; }")
    page.get_by_role("dialog").get_by_role("button", name="Tom Cruise").click()
    here.heading("Films with Tom Cruise")
    page.wait_for_function("window.asked")
    page.evaluate("""new Promise((done) => {
        addEventListener("popstate", done, { once: true });
        delete history.back;
        history.back();
    })""")
    assert here.box.input_value() == "Tom Cruise"
    page.go_back()
    here.heading("Films like Minority Report (2002)")


def test_the_menu_stays_open_while_an_answer_comes(here):
    here.page.evaluate("for (const deed of ['like', 'menu']) document.querySelector(`[data-do=${deed}]`).click()")
    here.button("For me 1").wait_for()
    assert here.button("Save my taste (file)").is_visible()
    here.page.keyboard.press("Escape")
    here.button("Save my taste (file)").wait_for(state="hidden")


def test_the_map_has_the_colors_of_the_page_or_of_jupyterlab(here):
    seen = here.page.evaluate("""async () => {
        const later = () => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
        const drawn = [];
        for (const light of ["true", "false", "true"]) {
            document.body.dataset.jpThemeLight = light;
            await later();
            drawn.push(document.querySelector(".rv-map canvas").toDataURL());
        }
        return drawn;
    }""")
    assert seen[0] == seen[2] != seen[1]


def test_a_long_title_is_whole_in_the_view_of_its_film(here):
    page = here.page
    page.set_viewport_size({"width": 400, "height": 800})
    here.find("Borat").heading("Films like Borat")
    page.locator(".rv-asked").get_by_role("button", name="Details").click()
    cover, caption = (page.get_by_role("dialog").locator(part).bounding_box() for part in (".rv-cover", ".rv-caption"))
    assert caption["y"] >= cover["y"]
    page.keyboard.press("Escape")


def test_what_is_pressed_is_seen_in_the_colors_of_a_system_for_high_contrast(here):
    page = here.find("Alien").page
    here.heading("Films like Alien (1979)")
    page.emulate_media(forced_colors="active")
    grounds = [
        here.button(name).evaluate("one => getComputedStyle(one).backgroundColor") for name in ("By story", "Both")
    ]
    page.emulate_media(forced_colors="none")
    assert grounds[0] != grounds[1]


def test_the_dark_theme_is_as_readable(visitor, address):
    page = visitor.open(f"{address}?theme=dark").find("Avengrs").page
    visitor.heading("Films like The Avengers (2012)")
    visitor.button("Like Iron Man (2008)").click()
    visitor.button("For me 1").wait_for()
    assert page.evaluate("document.body.dataset.jpThemeLight") == "false"
    assert visitor.faults() == []
    page.get_by_role("heading", name="Iron Man 2008").get_by_role("button").click()
    page.locator("dialog mark").first.wait_for()
    visitor.picture("voila-8-dark")
    assert visitor.faults() == []


def test_hostile_strings_of_a_foreign_catalogue_show_as_text(visitor, foreign_address):
    page = visitor.open(foreign_address).page
    assert page.locator("h1").last.inner_text() == "<b>shop<b>.csv"
    assert "made up" not in page.locator(".rv-app").inner_text()
    for name in HOSTILE:
        visitor.find(name)
        visitor.heading(f"Titles like {name}")
    visitor.box.fill("img src onerror")
    visitor.option(HOSTILE[0]).wait_for()
    assert page.locator(".rv-app img, .rv-app script").count() == 0
    visitor.box.press("Escape")
    for number in range(3):
        page.locator(".rv-card .rv-like").nth(number).click()
    visitor.button("For me 3").click()
    visitor.heading("For you, from 3 titles")
    page.locator(".rv-title").first.click()
    page.locator("dialog .rv-reason blockquote").first.wait_for()
    visitor.picture("voila-9-hostile")
    assert page.locator(".rv-app img, .rv-app script").count() == 0


def test_a_program_that_is_gone_is_said_in_words_and_started_again_with_all_that_was_chosen(browser, address):
    made = Visitor(browser.new_context()).open(address).find("Alien")
    made.heading("Films like Alien (1979)")
    made.button("Like Aliens (1986)").click()
    made.button("For me 1").wait_for()
    made.page.evaluate(SHUT_DOWN)
    made.page.evaluate(SHIFTS)
    like = made.button("Like Prometheus (2012)")
    like.click()
    made.page.get_by_role("alert").filter(has_text="has stopped. What you chose is kept. ").wait_for()
    assert like.get_attribute("aria-pressed") == "false"  # it was not heard
    assert made.page.evaluate("shifted()") < 0.05
    made.button("Start again").click()
    made.page.get_by_role("alert").wait_for(state="hidden")
    made.button("For me 1").wait_for()
    made.heading("Films like Alien (1979)")
    made.leave()


def test_what_a_browser_has_no_room_for_is_not_said_to_be_kept(browser, address):
    made = Visitor(browser.new_context())
    made.page.add_init_script("Storage.prototype.setItem = () => { throw new Error('QuotaExceededError'); }")
    made.open(address).page.evaluate(SHUT_DOWN)
    made.page.locator(".rv-card .rv-like").first.click()
    alert = made.page.get_by_role("alert").filter(has_text="has stopped")
    alert.wait_for()
    assert "kept" not in alert.inner_text()
    made.leave()


def test_a_kernel_that_is_killed_and_a_server_that_is_stopped_are_said_and_started_again(browser):
    with serve("demo") as (server, address):
        made = Visitor(browser.new_context()).open(address).find("Alien")
        made.heading("Films like Alien (1979)")
        kernel = made.page.evaluate("JSON.parse(document.getElementById('jupyter-config-data').textContent).kernelId")
        running = psutil.process_iter(["cmdline"])  # it passes over what ends meanwhile
        (process,) = [one for one in running if any(kernel in word for word in one.info["cmdline"] or [])]
        process.kill()
        alert = made.page.get_by_role("alert")
        alert.filter(has_text="has stopped").wait_for()
        made.button("Start again").click()
        alert.wait_for(state="hidden")
        made.heading("Films like Alien (1979)")
        server.send_signal(signal.SIGINT)
        server.wait()
        alert.filter(has_text="The server does not answer").wait_for()
    with serve("demo", "--port", urlsplit(address).port):
        made.button("Start again").click()
        alert.wait_for(state="hidden")
        made.heading("Films like Alien (1979)")
        made.leave()


@pytest.mark.parametrize(("failures", "says"), [(1, None), (4, "too busy to show the app")])
def test_a_page_that_gave_up_its_widget_is_loaded_again_three_times_at_most(browser, address, failures, says):
    made = Visitor(browser.new_context())
    made.page.add_init_script(f"""addEventListener("DOMContentLoaded", () => {{
        if (!document.getElementById("rv-skeleton")) return;  // too many tabs: another page, for a moment
        const loads = Number(sessionStorage.getItem("loads")) + 1;
        sessionStorage.setItem("loads", loads);
        if (loads > {failures}) return;
        const failed = document.createElement("div");
        failed.className = "jupyter-widgets";
        failed.textContent = "Error displaying widget: model not found";
        document.body.append(failed);
    }});""")
    if says is None:
        made.open(address)
    else:
        made.page.route_web_socket(
            re.compile("/channels"), lambda socket: None
        )  # the app never arrives to cover the words
        made.page.goto(address)
        made.page.get_by_role("status").filter(has_text=says).wait_for()
    loads, tries = made.page.evaluate("[sessionStorage.getItem('loads'), sessionStorage.getItem('rv-tries')]")
    assert min(failures + 1, 4) <= int(loads) <= 4  # a very busy machine may add a failure of its own
    assert tries is None
    made.leave()


class Mute:
    """A server that takes every connection and never says a word, as some firewalls do; it keeps what it is told."""

    def __init__(self):
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port, self.taken, self.told = self.listening.getsockname()[1], [], []
        self.ended = False
        self.taking = threading.Thread(target=self._take, daemon=True)
        self.taking.start()

    def _take(self):
        while not self.ended:
            self.taken.append(self.listening.accept()[0])
            threading.Thread(target=self._hear, args=[self.taken[-1]], daemon=True).start()

    def _hear(self, connection):
        with contextlib.suppress(OSError):
            self.told.append(connection.recv(10_000))

    def close(self):
        self.ended = True
        socket.create_connection(("127.0.0.1", self.port)).close()  # so that the thread that waits for one ends
        self.taking.join()  # no connection is taken after this
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
        visitor.page.locator(".rv-title").nth(1).click()
        visitor.page.locator("dialog mark").first.wait_for()
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
        for _ in range(2):
            one = Visitor(visitor.page.context.browser.new_context()).open(address)
            one.open(address)  # a page that is loaded again, too, needs the place of the kernel that it leaves
            one.leave()


@pytest.fixture(scope="module")
def lab_address(tmp_path_factory, _chromium_is_there):
    folder = tmp_path_factory.mktemp("lab")
    with serve("start", "--port", a_free_port(), JUPYTERLAB_WORKSPACES_DIR=str(folder)) as (_, found):
        yield found


def test_the_app_works_in_jupyterlab_as_the_first_cell_of_its_notebook(visitor, lab_address, tmp_path):
    page = run_notebook(visitor, lab_address, "08_demo.ipynb", "demo")
    visitor.box.scroll_into_view_if_needed()
    visitor.box.press_sequentially("Avengrs")
    visitor.option("Avengers: Endgame").wait_for()
    page.screenshot(path=PICTURES / "lab-1-readings.png")
    visitor.box.press("Escape")
    assert visitor.box.input_value() == "Avengrs"
    visitor.box.press("Enter")
    visitor.heading("Films like The Avengers (2012)")
    visitor.button("Like Iron Man (2008)").click()
    visitor.button("Like Mystery Men (1999)").click()
    visitor.button("For me 2").click()
    visitor.heading("For you, from 2 films")
    assert len(visitor.titles()) == 12
    saved = visitor.save("Save my taste (file)", tmp_path / "taste.json")
    visitor.button("Clear my taste").click()
    visitor.button("For me").wait_for()
    visitor.load(saved)
    visitor.button("For me 2").wait_for()
    assert visitor.faults(".rv-app") == []
    page.screenshot(path=PICTURES / "lab-2-app.png")
    page.keyboard.press("Control+b")  # without the list of files
    for width in (400, 1600):
        page.set_viewport_size({"width": width, "height": 800})
        assert visitor.faults(".rv-app") == []
