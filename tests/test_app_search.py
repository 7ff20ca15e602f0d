"""The search box in a page of its own, with a made-up model."""

import pytest
from browser import Visitor, chromium, needs_chromium

from helpers.course.bootstrap import ROOT

CODE = (ROOT / "helpers" / "app" / "search.js").read_text(encoding="utf-8")
START = """async (code) => {
    const module = URL.createObjectURL(new Blob([`${code}; export { searchBox };`], { type: "text/javascript" }));
    const { searchBox } = await import(module);
    window.sent = [];
    const tell = (kind, more) => sent.push({ kind, number: sent.length + 1, ...more });
    const search = searchBox({}, tell, { noun: "film", asks: "a title, a person, or a story" });
    window.hear = search.hear;
    window.say = search.say;
    window.answer = (...offered) => hear({ number: sent.length, offered });
    document.body.append(search.element);
}"""
ALIEN = [
    {"group": "Titles", "label": "Alien", "detail": "1979"},
    {"group": "Titles", "label": "Aliens", "detail": "1986"},
    {"group": "Stories", "label": "al", "detail": ""},
]


@pytest.fixture(scope="module")
def visitor():
    needs_chromium()
    with chromium() as browser:
        yield Visitor(browser.new_context())


@pytest.fixture
def page(visitor):
    visitor.page.goto("about:blank")
    visitor.page.evaluate(START, CODE)
    yield visitor.page
    assert visitor.wrong == []


@pytest.fixture
def box(page):
    return page.get_by_role("combobox", name="Find a film")


def offer(page, box, offered=ALIEN, text="al"):
    """Type, and answer with readings."""
    box.fill(text)
    page.evaluate("(offered) => answer(...offered)", offered)


def options(page):
    return page.get_by_role("option")


def highlighted(page):
    selected = page.locator("[role=option][aria-selected=true]")
    return selected.evaluate_all("all => all.map(one => one.firstChild.textContent)")


def test_it_says_that_it_is_a_combobox_with_a_list_in_groups(page, box):
    assert box.get_attribute("aria-autocomplete") == "list"
    assert box.get_attribute("aria-expanded") == "false"
    offer(page, box)
    assert box.get_attribute("aria-expanded") == "true"
    assert page.get_by_role("listbox").get_attribute("id") == box.get_attribute("aria-controls")
    groups = page.get_by_role("group").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert groups == ["Titles", "By what happens in it"]
    assert options(page).count() == 3
    assert "Stories about “al”" in options(page).last.inner_text()


def test_the_first_reading_is_highlighted_and_enter_takes_what_is_highlighted(page, box):
    offer(page, box)
    assert highlighted(page) == ["Alien"]
    assert options(page).first.get_attribute("id") == box.get_attribute("aria-activedescendant")
    assert "Enter" in options(page).first.inner_text()
    box.press("ArrowDown")
    box.press("Enter")
    assert page.evaluate("sent.at(-1)") == {"kind": "read", "number": 2, "text": "al", "place": 1}
    assert box.input_value() == "Aliens"
    assert not page.get_by_role("listbox").is_visible()


def test_enter_before_any_readings_takes_the_first_of_the_text(page, box):
    box.fill("alien")
    box.press("Enter")
    assert page.evaluate("sent.at(-1)") == {"kind": "read", "number": 2, "text": "alien"}


def test_readings_of_an_older_text_are_not_taken_for_a_newer_one(page, box):
    offer(page, box)
    box.press("ArrowDown")
    box.fill("alx")
    box.press("Enter")
    assert page.evaluate("sent.at(-1)") == {"kind": "read", "number": 3, "text": "alx"}


def test_arrow_keys_go_round_the_list_and_the_focus_stays_in_the_box(page, box):
    offer(page, box)
    reached = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"):
        box.press(key)
        reached += highlighted(page)
    assert reached == ["Aliens", "Stories about “al”", "Alien", "Stories about “al”", "Aliens"]
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


def test_a_click_on_a_reading_chooses_it(page, box):
    offer(page, box)
    options(page).nth(1).click()
    assert page.evaluate("sent.at(-1)") == {"kind": "read", "number": 2, "text": "al", "place": 1}
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


def test_a_story_leaves_the_text_as_it_was_typed(page, box):
    offer(page, box)
    options(page).last.click()
    assert box.input_value() == "al"


def test_escape_closes_the_list_first_and_then_empties_the_box(page, box):
    offer(page, box)
    box.press("Escape")
    assert not page.get_by_role("listbox").is_visible()
    assert box.input_value() == "al"
    box.press("Escape")
    assert box.input_value() == ""
    assert page.evaluate("sent.at(-1)") == {"kind": "typed", "number": 2, "text": ""}


def test_readings_that_are_late_are_ignored(page, box):
    box.fill("al")
    box.fill("ali")
    page.evaluate("(offered) => hear({ number: 1, offered })", ALIEN)
    assert options(page).count() == 0
    box.press("Enter")
    page.evaluate("(offered) => hear({ number: 2, offered })", ALIEN)
    assert options(page).count() == 0


def test_readings_that_come_after_escape_do_not_open_the_list_again(page, box):
    offer(page, box)
    box.fill("ali")
    box.press("Escape")
    page.evaluate("(offered) => hear({ number: 2, offered })", ALIEN)
    assert not page.get_by_role("listbox").is_visible()


def test_the_list_closes_when_the_focus_goes_elsewhere(page, box):
    offer(page, box)
    box.press("Tab")
    assert not page.get_by_role("listbox").is_visible()


def test_enter_that_only_ends_the_input_of_a_character_asks_for_nothing(page, box):
    box.fill("アリ")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert page.evaluate("sent.map((one) => one.kind)") == ["typed"]


def test_titles_show_as_text(page, box):
    offer(page, box, [{"group": "Titles", "label": '<img src=x onerror="window.broken = true">', "detail": "<b>1</b>"}])
    assert '<img src=x onerror="window.broken = true">' in options(page).first.inner_text()
    assert page.locator("img, [role=option] b").count() == 0


def test_an_example_is_asked_as_if_it_were_typed(page, box):
    page.evaluate("say('Tom Hanks')")
    assert box.input_value() == "Tom Hanks"
    assert page.evaluate("sent.at(-1)") == {"kind": "read", "number": 1, "text": "Tom Hanks"}
