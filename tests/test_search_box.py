"""The search box: its browser's part in a page of its own with a made-up model, its Python part without a browser."""

import pytest
from browser import Visitor, chromium, needs_chromium

from helpers.app.search import SearchBox
from helpers.course.bootstrap import ROOT

CODE = (ROOT / "helpers" / "app" / "search.js").read_text(encoding="utf-8")
START = """async (code) => {
    const { default: widget } = await import(URL.createObjectURL(new Blob([code], { type: "text/javascript" })));
    const handlers = [];
    window.sent = [];
    window.hear = (message) => handlers.forEach((handler) => handler(message));
    window.answer = (...titles) => {
        const { view, number } = sent.at(-1);
        hear({ view, number, offered: titles.map((title, place) => ({ place, title })) });
    };
    const model = {
        get: (name) => ({ hint: "a title", label: "Find this film" })[name],
        send: (message) => sent.push(message),
        on: (_, handler) => handlers.push(handler),
        off: (_, handler) => handlers.splice(handlers.indexOf(handler), 1),
    };
    const el = document.body.appendChild(document.createElement("div"));
    window.leave = widget.render({ model, el });
}"""


@pytest.fixture(scope="module")
def browser():
    needs_chromium()
    with chromium() as started:
        yield started


@pytest.fixture
def page(browser):
    visitor = Visitor(browser.new_context())
    visitor.page.evaluate(START, CODE)
    yield visitor.page
    assert visitor.wrong == []
    visitor.leave()


@pytest.fixture
def box(page):
    return page.get_by_role("combobox", name="Find")


def sent(page):
    """What was sent last, without the name of the view."""
    message = page.evaluate("sent.at(-1)")
    return {name: value for name, value in message.items() if name != "view"}


def options(page):
    return page.get_by_role("option")


def offer(page, box, *titles, text="al"):
    """Type, and answer with suggestions."""
    box.fill(text)
    page.evaluate("(titles) => answer(...titles)", titles)


def test_every_message_has_the_text_and_a_number_that_counts_up(page, box):
    box.press_sequentially("al")
    box.press("Enter")
    page.get_by_role("button", name="Search in the texts").click()
    page.get_by_role("button", name="Find this film").click()
    messages = page.evaluate("sent")
    assert [(one["kind"], one["text"], one["number"]) for one in messages] == [
        ("typed", "a", 1), ("typed", "al", 2), ("find", "al", 3), ("meaning", "al", 4), ("find", "al", 5),
    ]  # fmt: skip
    assert len({one["view"] for one in messages}) == 1


def test_it_says_that_it_is_a_combobox_with_a_list(page, box):
    assert box.get_attribute("aria-autocomplete") == "list"
    assert box.get_attribute("aria-expanded") == "false"
    offer(page, box, "Alien", "Aliens")
    assert box.get_attribute("aria-expanded") == "true"
    shown = page.get_by_role("listbox", name="Suggestions")
    assert shown.get_attribute("id") == box.get_attribute("aria-controls")
    assert options(page).all_inner_texts() == ["Alien", "Aliens"]
    assert box.get_attribute("aria-activedescendant") is None


def test_arrow_keys_go_round_the_list_and_the_focus_stays_in_the_box(page, box):
    offer(page, box, "Alien", "Aliens", "Alien 3")
    reached = []
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp"):
        box.press(key)
        selected = page.locator("[role=option][aria-selected=true]")
        assert selected.get_attribute("id") == box.get_attribute("aria-activedescendant")
        reached.append(selected.inner_text())
    assert reached == ["Alien", "Aliens", "Alien 3", "Alien", "Alien 3", "Aliens"]
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


def test_arrow_up_begins_with_the_last_and_another_key_leaves_the_list(page, box):
    offer(page, box, "Alien", "Aliens")
    box.press("ArrowUp")
    assert page.locator("[aria-selected=true]").inner_text() == "Aliens"
    box.press("ArrowLeft")
    assert page.locator("[aria-selected=true]").count() == 0
    box.press("Enter")
    assert sent(page) == {"kind": "find", "text": "al", "number": 2}


def test_enter_on_a_suggestion_chooses_it_and_closes_the_list(page, box):
    offer(page, box, "Alien", "Aliens")
    box.press("ArrowDown")
    box.press("ArrowDown")
    box.press("Enter")
    assert sent(page) == {"kind": "film", "text": "Aliens", "number": 2, "place": 1}
    assert box.input_value() == "Aliens"
    assert not page.get_by_role("listbox").is_visible()


def test_a_click_on_a_suggestion_chooses_it(page, box):
    offer(page, box, "Alien", "Aliens")
    options(page).first.click()
    assert sent(page) == {"kind": "film", "text": "Alien", "number": 2, "place": 0}
    assert page.evaluate("document.activeElement.getAttribute('role')") == "combobox"


def test_escape_closes_the_list_first_and_then_empties_the_box(page, box):
    offer(page, box, "Alien")
    box.press("Escape")
    assert not page.get_by_role("listbox").is_visible()
    assert box.get_attribute("aria-expanded") == "false"
    assert box.input_value() == "al"
    box.press("Escape")
    assert box.input_value() == ""
    assert sent(page) == {"kind": "typed", "text": "", "number": 2}


def test_suggestions_for_an_older_text_are_ignored(page, box):
    box.fill("al")
    view = page.evaluate("sent[0].view")
    box.fill("ali")
    page.evaluate("(view) => hear({ view, number: 1, offered: [{ place: 0, title: 'Old' }] })", view)
    assert options(page).count() == 0
    page.evaluate("hear({ view: 'another', number: 2, offered: [{ place: 0, title: 'Of another view' }] })")
    assert options(page).count() == 0
    page.evaluate("answer('New')")
    assert options(page).all_inner_texts() == ["New"]


def test_suggestions_that_come_after_enter_are_ignored_and_typing_after_it_asks_for_nothing(page, box):
    box.fill("al")
    typed = page.evaluate("sent[0]")
    box.press("Enter")
    page.evaluate("({ view, number }) => hear({ view, number, offered: [{ place: 0, title: 'Late' }] })", typed)
    assert options(page).count() == 0
    box.press_sequentially("ien")
    assert page.evaluate("sent.map((one) => one.kind)") == ["typed", "find", "typed", "typed", "typed"]


def test_the_list_closes_when_the_focus_goes_elsewhere(page, box):
    offer(page, box, "Alien")
    box.press("Tab")
    assert not page.get_by_role("listbox").is_visible()


def test_enter_that_only_ends_the_input_of_a_character_asks_for_nothing(page, box):
    box.fill("アリ")
    box.dispatch_event("keydown", {"key": "Enter", "isComposing": True})
    assert page.evaluate("sent.map((one) => one.kind)") == ["typed"]


def test_titles_show_as_text(page, box):
    offer(page, box, '<img src=x onerror="window.broken = true">', "<b>bold</b>")
    assert options(page).all_inner_texts() == ['<img src=x onerror="window.broken = true">', "<b>bold</b>"]
    assert page.locator("img, b").count() == 0


def test_a_view_that_is_left_hears_nothing_more(page, box):
    box.fill("al")
    page.evaluate("leave()")
    page.evaluate("answer('Alien')")
    assert options(page).count() == 0


# ---- in Python -------------------------------------------------------------------------------------------------------


@pytest.fixture
def heard():
    """A search box, and what it was asked and what it sent, in order."""
    log = []

    def note(kind):
        return lambda value: log.append((kind, value))

    box = SearchBox("film", lambda text: [(7, f"Title of {text}")], note("find"), note("meaning"), note("film"))
    box.send = lambda message: log.append(("sent", message["number"], message["offered"]))
    return box.hear, log


def message(number, kind, text="", view="one", **more):
    return {"view": view, "number": number, "kind": kind, "text": text, **more}


def test_what_is_typed_is_answered_with_its_number_and_asks_for_nothing(heard):
    hear, log = heard
    hear(message(3, "typed", "ali"))
    assert log == [("sent", 3, [{"place": 7, "title": "Title of ali"}])]


def test_the_question_is_the_text_of_its_message_whatever_was_typed_before(heard):
    hear, log = heard
    hear(message(1, "typed", "a"))
    hear(message(2, "find", "alien"))
    hear(message(3, "meaning", "a cold ship"))
    hear(message(4, "film", "Alien", place=7))
    assert log[1:] == [("find", "alien"), ("meaning", "a cold ship"), ("film", 7)]


def test_messages_that_were_overtaken_are_dropped_but_never_a_question_by_what_was_only_typed(heard):
    hear, log = heard
    hear(message(5, "typed", "new"))
    hear(message(4, "typed", "old"))
    hear(message(3, "find", "asked before"))
    hear(message(2, "find", "asked even earlier"))
    hear(message(9, "find", "asked last"))
    hear(message(8, "typed", "typed before"))
    assert [entry[1] for entry in log] == [5, "asked before", "asked last"]


def test_each_view_of_the_box_counts_for_itself(heard):
    hear, log = heard
    hear(message(9, "find", "one", view="one"))
    hear(message(1, "find", "another", view="another"))
    assert log == [("find", "one"), ("find", "another")]
