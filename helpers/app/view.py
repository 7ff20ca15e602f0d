"""The widgets of the demo. They hold no knowledge: every event makes a new `Wanted`, and every list comes from it."""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import threading
from pathlib import Path

import ipywidgets as widgets
import pandas as pd

from helpers.app import pages
from helpers.app.catalogue import Catalogue, course_catalogue, csv_catalogue
from helpers.app.latest import Latest
from helpers.app.search import SearchBox
from helpers.app.state import MOST_FILMS, Question, Wanted, read_taste
from helpers.encoding import load_encoder
from helpers.titles import SURE

SERVED = "COURSE_DEMO_CATALOGUE"  # variable with the arguments of `csv_catalogue`, as JSON
STILL = Path(__file__).with_name("still.png")  # stands for the app where widgets cannot run
SUGGESTED = 5
WORTH_SHOWING = 0.6  # score of a title from which it is suggested
CERTAIN = 0.95  # score from which a title was meant as it was typed
FULL_WIDTH = {"width": "100%"}


class Card(widgets.VBox):
    """A film of the list, with its buttons. Made once and filled again and again: making widgets is slow."""

    def __init__(self, app: Demo):
        self.film = None
        self.text, self.why = widgets.HTML(), widgets.HTML()
        self.like = _button("Like", lambda: app.toggle("likes", self.film))
        self.dislike = _button("Dislike", lambda: app.toggle("dislikes", self.film))
        self.more = _button("More like this", lambda: app.ask_film(self.film))
        buttons = _row(self.like, self.dislike, self.more)
        super().__init__([self.text, buttons, self.why])
        self.add_class("rv-card")

    def fill(self, catalogue: Catalogue, film, found: pd.Series, bar: str, space: str) -> None:
        """Show a film of a list."""
        self.film, name = film, pages.title(catalogue, film)
        self.text.value = pages.card(catalogue, film, found, bar, space)
        self.why.value = ""
        self.like.tooltip, self.dislike.tooltip, self.more.tooltip = (
            f"Like {name}",
            f"Dislike {name}",
            f"Show what is like {name}",
        )

    def mark(self, wanted: Wanted) -> None:
        """Show whether the film is liked or disliked."""
        for button, films, word in (
            (self.like, wanted.taste.likes, "Like"),
            (self.dislike, wanted.taste.dislikes, "Dislike"),
        ):
            on = self.film in films
            button.description = f"{word}d ✓" if on else word
            (button.add_class if on else button.remove_class)("rv-on")


class Demo(widgets.VBox):
    """The recommender as an app.

    Parameters
    ----------
    catalogue : Catalogue, optional
        By default the films of the course.
    name : str
        What the app is called, at its top.
    noun : str
        What one thing of the catalogue is called.
    reader : callable, optional
        Gives the text encoder; by default `helpers.encoding.load_encoder`. It is called beside the kernel.

    Attributes
    ----------
    wanted : Wanted
        What is asked for now.
    found : pandas.DataFrame
        The list that is shown now, see `Catalogue.find`.
    """

    def __init__(
        self, catalogue: Catalogue | None = None, name: str = "Films for you", noun: str = "film", reader=load_encoder
    ):
        self.catalogue, self.noun = catalogue or course_catalogue(), noun
        self.wanted, self.found = Wanted(), pd.DataFrame()
        self._reader, self._encoder = reader, None
        self._one_at_a_time = threading.Lock()  # the encoder's tokenizer does not like two threads
        self._lists, self._reasons, self._loading, self._learning = Latest(), Latest(), Latest(), Latest()
        self._warm = False
        self._cards: list[Card] = []
        self._make_find(), self._make_list(), self._make_taste(), self._make_steering(), self._make_pictures()
        body = widgets.Box([self._list_side, self._side], layout=FULL_WIDTH)
        body.add_class("rv-body")
        super().__init__([widgets.HTML(pages.style()), widgets.HTML(f"<h1>{pages.escape(name)}</h1>"), self._top, body])
        self.add_class("rv-app")
        self.refresh()

    # ---- what visitors do --------------------------------------------------------------------------------------------

    def ask_film(self, film, note: str = "") -> None:
        """Ask for films like a film."""
        self._change(question=Question(film=film))
        if note:
            self.status.value = pages.note(note)

    def ask_place(self, place: int) -> None:
        """Ask for films like the film in a place of the catalogue."""
        self.ask_film(self.catalogue.ids[place])

    def ask_text(self, text: str) -> None:
        """Ask for films near a description."""
        if text.strip():
            self._change(question=Question(text=text.strip()))
        else:
            self.status.value = pages.note(f"Type a title, or say what the {self.noun} is about.")

    def ask_taste(self) -> None:
        """Ask for films for the taste."""
        self._change(question=Question())

    def submit(self, text: str) -> None:
        """Understand what somebody asks for: a title, typos allowed, or else a description."""
        text = text.strip()
        matches = self.catalogue.lookup.suggest(text, SUGGESTED) if text else []
        if not matches or matches[0].score < SURE:
            self.ask_text(text)
            return
        best, *others = matches
        sure = best.score >= CERTAIN
        name = pages.title(self.catalogue, best.id)
        self.ask_film(best.id, "" if sure else f"“{text}” was understood as {name}. Did you mean another one?")
        if not sure:
            self.others.offer(
                (title, f"Show what is like {title}", functools.partial(self.ask_place, place))
                for place, title in self._worth_showing(others)
            )

    def suggest(self, text: str) -> list[tuple[int, str]]:
        """Titles for what somebody has typed so far: pairs of a film's place in the catalogue and its title."""
        long_enough = len(text.strip()) > 1
        return self._worth_showing(self.catalogue.lookup.suggest(text, SUGGESTED)) if long_enough else []

    def toggle(self, kind: str, film) -> None:
        """Like or dislike a film, or take that back."""
        taste = self.wanted.taste
        if film in getattr(taste, kind):
            self.set_taste(taste.forget(film))
        else:
            self.set_taste(taste.like(film) if kind == "likes" else taste.dislike(film))

    def set_taste(self, taste) -> None:
        """Take over a taste. The list stays when it answers a question, so that more of it can be liked."""
        self._change(taste=taste)

    def load_taste(self, content: bytes) -> None:
        """Take over a taste from a file's content, or say in one line why not."""
        try:
            taste, left_out = read_taste(content, self.catalogue.movies)
        except ValueError as error:
            self.status.value = pages.note(f"Not loaded: {error}", "error")
            return
        self._change(taste=self.wanted.taste.become(taste.likes, taste.dislikes), question=Question())
        lost = f" Not in this catalogue: {', '.join(left_out[:5])}." if left_out else ""
        self.status.value = pages.note(f"Loaded {_count(len(taste), self.noun)}.{lost}")

    # ---- lists -------------------------------------------------------------------------------------------------------

    def _change(self, **changes) -> None:
        self.others.offer([])
        self.wanted = self.wanted.but(**changes)
        self.refresh()
        self.warm_up()

    def refresh(self) -> None:
        """Ask for the list that is wanted now, and show at once what is known already."""
        self._show_taste()
        wanted = self.wanted
        if wanted.question.text is not None and self._encoder is None:
            self.status.value = pages.note("Loading the text encoder, once: some seconds …", "wait")
            self._load_encoder()
            return
        if wanted.space not in self.catalogue.spaces:
            self.status.value = pages.note("Learning from the ratings, once: some seconds …", "wait")
            self._learning.ask(self.catalogue.learn, lambda _: self.refresh(), self._show_error)
            return
        self.status.value = pages.note("Looking …", "wait")
        self._lists.ask(lambda: self._find(wanted), self._show_list, self._show_error)

    def warm_up(self) -> None:
        """Load the encoder beside the kernel, once, so that reasons and descriptions do not wait for it."""
        if not self._warm:
            self._warm = True
            self._load_encoder()

    def _find(self, wanted: Wanted) -> tuple[Wanted, pd.DataFrame, dict]:
        vector = None
        if wanted.question.text is not None:
            with self._one_at_a_time:
                text = wanted.question.text
                vector = self._encoder.encode(text, normalize_embeddings=True, show_progress_bar=False)
        found = self.catalogue.find(wanted, vector)
        return wanted, found, self.catalogue.judge(found.index) if len(found) > 1 else {}

    def _show_list(self, outcome: tuple) -> None:
        wanted, self.found, figures = outcome
        while len(self._cards) < len(self.found):
            self._cards.append(Card(self))
        bar = "similarity" if wanted.question != Question() else "match" if len(wanted.taste) else "popularity"
        for card, (film, found) in zip(self._cards, self.found.iterrows(), strict=False):
            card.fill(self.catalogue, film, found, bar, wanted.space)
        shown = tuple(self._cards[: len(self.found)])
        if self.cards.children != shown:
            self.cards.children = shown
        self.heading.value = pages.heading(self._heading(wanted))
        nothing = f"No {self.noun} fits. Allow more years or genres."
        self.empty.value = "" if len(self.found) else pages.note(nothing, "error")
        if "rv-wait" in self.status.value:
            self.status.value = ""
        self.figures.value = pages.judgement(figures)
        self._show_taste()
        self._explain(0, wanted)

    def _show_error(self, error: Exception) -> None:
        self.status.value = pages.note(f"That did not work: {error}", "error")

    def _heading(self, wanted: Wanted) -> str:
        many = f"{self.noun.capitalize()}s"
        if wanted.question.film is not None:
            return f"{many} like {pages.title(self.catalogue, wanted.question.film)}"
        if wanted.question.text is not None:
            return f"{many} near “{wanted.question.text}”"
        return f"For you, from {_count(len(wanted.taste), self.noun)}" if len(wanted.taste) else f"{many} to begin with"

    def _explain(self, number: int, wanted: Wanted) -> None:
        """Fill in the reasons, card by card, so that a new list never waits for the reasons of an old one."""
        if number >= len(self.found) or wanted is not self.wanted:
            return
        film, near = self.found.index[number], self.found["near"].iloc[number]
        text = wanted.question.text
        if near is None and text is None:
            return
        card = self._cards[number]
        ours = "Your words" if text is not None else self.catalogue.titles[near]
        if self._encoder is None:
            card.why.value = pages.reason(None, "", "")
            return

        def work():
            with self._one_at_a_time:
                if text is not None:
                    return self.catalogue.reason_for_text(text, film, self._encoder)
                return self.catalogue.reason(near, film, self._encoder)

        def show(found) -> None:
            if wanted is self.wanted and card.film == film:
                card.why.value = pages.reason(found, ours, self.catalogue.titles[film])
                self._explain(number + 1, wanted)

        self._reasons.ask(work, show, self._show_error)

    # ---- what is prepared beside the kernel --------------------------------------------------------------------------

    def _load_encoder(self) -> None:
        if self._encoder is None:
            self._loading.ask(self._reader, self._loaded, self._show_error)

    def _loaded(self, encoder) -> None:
        self._encoder = encoder
        if self.wanted.question.text is not None:
            self.refresh()
        else:
            self._explain(0, self.wanted)

    # ---- widgets -----------------------------------------------------------------------------------------------------

    def _make_find(self) -> None:
        self.search = SearchBox(self.noun, self.suggest, self.submit, self.ask_text, self.ask_place)
        self.for_me = _button("For me", self.ask_taste, "Recommend from my taste")
        self.status, self.others = widgets.HTML(), Choices()
        self.status.add_class("rv-status")
        self._top = widgets.VBox([_row(self.search, self.for_me), self.status, self.others], layout=FULL_WIDTH)
        self._top.add_class("rv-top")

    def _make_list(self) -> None:
        self.space = widgets.ToggleButtons(
            options=[("Text vectors", "text")]
            + ([("Learned vectors", "learned"), ("Hybrid", "hybrid")] if self.catalogue.ratings is not None else []),
            description="Alike by",
            style={"description_width": "initial", "button_width": "auto"},
        )
        self.space.layout.display = None if len(self.space.options) > 1 else "none"
        self.space_line = widgets.HTML(pages.space_line("text"))
        self.space.observe(self._space_changed, names="value")
        self.heading, self.empty = widgets.HTML(), widgets.HTML()
        self.cards = widgets.Box(layout=FULL_WIDTH)
        self.cards.add_class("rv-cards")
        self._list_side = widgets.VBox([_row(self.space), self.space_line, self.heading, self.empty, self.cards])

    def _make_taste(self) -> None:
        self.chosen = Choices()
        self.undo = _button("Undo", lambda: self.set_taste(self.wanted.taste.undo()))
        self.clear = _button("Clear", lambda: self.set_taste(self.wanted.taste.clear()))
        self.save, self.none_chosen = widgets.HTML(), widgets.HTML()
        self.upload = widgets.FileUpload(accept=".json", multiple=False, description="Load a taste")
        self.upload.observe(self._uploaded, names="value")
        self._taste = widgets.VBox(
            [
                widgets.HTML("<h2>My taste</h2>"),
                self.none_chosen,
                self.chosen,
                _row(self.undo, self.clear, self.upload, self.save),
            ]
        )

    def _make_steering(self) -> None:
        wide = {"description_width": "9em"}
        number = functools.partial(widgets.BoundedIntText, style=wide, layout=FULL_WIDTH)
        self.k = number(description="How many", value=self.wanted.steering.k, min=1, max=MOST_FILMS)
        self.diversity = widgets.FloatSlider(
            description="Surprise", min=0, max=1, step=0.1, value=0, continuous_update=False, style=wide,
            layout=FULL_WIDTH, readout_format=".1f",
        )  # fmt: skip
        self.controls = {"k": self.k, "diversity": self.diversity}
        shown = [self.k, self.diversity, widgets.HTML(pages.note("Surprise: 0 is more of the same, 1 is surprise me."))]
        if self.catalogue.years:
            first, last = self.catalogue.years
            self.controls["first_year"] = number(description="From year", value=first, min=first, max=last)
            self.controls["last_year"] = number(description="To year", value=last, min=first, max=last)
            shown += [self.controls["first_year"], self.controls["last_year"]]
        if self.catalogue.genres:
            self.controls["genres"] = widgets.SelectMultiple(
                description="Genres", options=self.catalogue.genres, rows=6, style=wide, layout=FULL_WIDTH
            )
            shown += [self.controls["genres"], widgets.HTML(pages.note("Genres: none chosen is all; Ctrl adds one."))]
        if self.catalogue.popularity is not None:
            self.controls["hide_popular"] = widgets.Checkbox(
                description="Hide the very popular", indent=False, layout=FULL_WIDTH
            )
            shown.append(self.controls["hide_popular"])
        for control in self.controls.values():
            control.observe(self._steered, names="value")
        self._steering = widgets.VBox([widgets.HTML("<h2>Steer</h2>"), *shown])

    def _make_pictures(self) -> None:
        self.map, self.figures = widgets.HTML(), widgets.HTML()
        layers = widgets.Box([widgets.HTML(pages.background(self.catalogue)), self.map], layout=FULL_WIDTH)
        layers.add_class("rv-layers")
        where = widgets.HTML(
            f"<h2>Where these {self.noun}s lie</h2>" + pages.note("Near: alike texts. Grey: all of them.")
        )
        how = widgets.HTML("<h2>How this list scores</h2>")
        self._side = widgets.VBox(
            [self._taste, self._steering, widgets.VBox([where, layers]), widgets.VBox([how, self.figures])]
        )
        self._side.add_class("rv-side")

    def _worth_showing(self, matches) -> list[tuple[int, str]]:
        good = [match.id for match in matches if match.score >= WORTH_SHOWING]
        titles = [pages.title(self.catalogue, film) for film in good]
        return list(zip(self.catalogue.places(good).tolist(), titles, strict=True))

    def _space_changed(self, change) -> None:
        self.space_line.value = pages.space_line(change["new"])
        self._change(space=change["new"])

    def _steered(self, _) -> None:
        values = {name: control.value for name, control in self.controls.items()}
        self._change(steering=dataclasses.replace(self.wanted.steering, **values))

    def _uploaded(self, change) -> None:
        if change["new"]:
            self.load_taste(bytes(change["new"][0]["content"]))
            self.upload.value = ()

    def _show_taste(self) -> None:
        taste = self.wanted.taste
        films = [(film, "♥") for film in taste.likes] + [(film, "✗") for film in taste.dislikes]
        self.chosen.offer(
            (
                f"{sign} {pages.title(self.catalogue, film)} ×",
                "Remove from my taste",
                functools.partial(self.set_taste, taste.forget(film)),
            )
            for film, sign in films
        )
        self.none_chosen.value = "" if films else pages.note("Nothing yet: press Like on a card.")
        self.undo.disabled, self.clear.disabled = taste.before is None, not len(taste)
        self.save.value = pages.save_link(taste, self.catalogue.movies)
        self.for_me.description = f"For me ({len(taste)})"
        for card in self._cards:
            card.mark(self.wanted)
        self.map.value = pages.marks(self.catalogue, self._chosen_on_map(), self.found.index)

    def _chosen_on_map(self) -> list:
        asked = self.wanted.question.film
        return [*self.wanted.taste.likes, *([] if asked is None or asked in self.wanted.taste.likes else [asked])]

    def _repr_mimebundle_(self, **kwargs):
        """Give the app, and a still picture for whatever cannot show widgets."""
        from helpers.plots import picture  # matplotlib, which the app itself can do without

        bundle = super()._repr_mimebundle_(**kwargs)
        alt = "The app. It needs a running kernel; this is a picture of it, with the films of the course."
        still, metadata = picture(STILL.read_bytes(), alt) if STILL.exists() else ({"text/plain": alt}, {})
        return {**bundle, **still}, metadata


class Choices(widgets.HBox):
    """A row of buttons, one a choice. Buttons are made once and used again."""

    def __init__(self):
        super().__init__()
        self._buttons: list[widgets.Button] = []
        self._actions: list = []
        self.add_class("rv-row")

    def offer(self, choices) -> None:
        """Show these choices: label, tooltip, and what happens on a click."""
        choices = list(choices)
        self._actions = [action for _, _, action in choices]
        while len(self._buttons) < len(choices):
            self._buttons.append(_button("", functools.partial(self._choose, len(self._buttons))))
        for button, (label, tooltip, _) in zip(self._buttons, choices, strict=False):
            button.description, button.tooltip = label, tooltip
        shown = tuple(self._buttons[: len(choices)])
        if self.children != shown:
            self.children = shown

    def _choose(self, place: int) -> None:
        if place < len(self._actions):
            self._actions[place]()


def served() -> widgets.Widget:
    """The app as ``python3 -m helpers demo`` serves it: of the course's films, or of the CSV named in `SERVED`."""
    try:
        demo = app_of(json.loads(os.environ.get(SERVED, "null")))
    except (ValueError, LookupError, OSError) as error:  # the file was fine when the server started
        return widgets.HTML(pages.note(f"The app cannot be shown: {error}", "error"))
    demo.warm_up()
    return demo


def app_of(source: dict | None) -> Demo:
    """The app of a source: the arguments of `csv_catalogue`, or None for the course's films."""
    return Demo(csv_catalogue(**source), Path(source["csv"]).name, noun="title") if source else Demo()


def _button(label: str, action, tooltip: str = "") -> widgets.Button:
    button = widgets.Button(description=label, tooltip=tooltip)
    button.on_click(lambda _: action())
    return button


def _row(*children) -> widgets.HBox:
    row = widgets.HBox(children)
    row.add_class("rv-row")
    return row


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
