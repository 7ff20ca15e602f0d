"""The app as one widget: the browser says what somebody does, and shows the parts that Python fills.

Each message makes a new `Wanted`, and every list comes from it. The browser's part is ``app.js``, with ``search.js``
and ``map.js``; what it shows are the templates in ``parts``.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import sys
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import anywidget
import pandas as pd
import traitlets

from helpers.app import pages, share
from helpers.app.catalogue import Catalogue, course_catalogue, csv_catalogue
from helpers.app.latest import Latest
from helpers.app.reading import Reading
from helpers.app.state import (
    MOST_BYTES,
    MOST_FILMS,
    SPACES,
    Film,
    Question,
    Steering,
    Wanted,
    dump_state,
    read_state,
    read_steering,
)
from helpers.encoding import load_encoder

SERVED = "COURSE_DEMO_CATALOGUE"  # variable with the arguments of `csv_catalogue`, as JSON
HERE = Path(__file__).parent
STILL = HERE / "still.png"  # stands for the app where widgets cannot run
EXAMPLES = ["Alien", "Tom Hanks", "a shark attack"]
# Messages of which only the newest of a group counts.
LATE = {
    **dict.fromkeys(["read", "reading", "film", "taste"], "ask"),
    **{kind: kind for kind in ("typed", "steer", "detail")},
}
MANY_WORDS = 4  # a text of more is no title, so nothing need be said of titles
DOTS = 20_000  # of the map, at most
_ENCODER = threading.Lock()


class Demo(anywidget.AnyWidget):
    """The recommender as an app.

    A message of the browser has a ``kind``, the ``view`` that it comes from (a page may show a widget twice, or again),
    and a ``number`` that counts up within the view: messages may overtake each other on their way through a busy
    notebook, and a question that comes after a newer one is dropped.

    Parameters
    ----------
    catalogue : Catalogue, optional
        By default the films of the course.
    name : str
        What the app is called, at its top.
    noun : str
        What one thing of the catalogue is called.
    reader : callable, optional
        Gives the text encoder; by default the catalogue's. It is called beside the kernel.

    Attributes
    ----------
    wanted : Wanted
        What is asked for now.
    found : pandas.DataFrame
        The list that is shown now, see `Catalogue.find`.
    """

    _esm = "\n".join((HERE / name).read_text(encoding="utf-8") for name in ("search.js", "map.js", "app.js"))
    _css = (HERE / "style.css").read_text(encoding="utf-8")

    shell, under, head, cards, taste, scores, note = (traitlets.Unicode().tag(sync=True) for _ in range(7))
    saved = traitlets.Unicode().tag(sync=True)  # what the browser keeps, and a link holds: see `dump_state`
    shown = traitlets.Dict().tag(sync=True)  # what is pressed and filled in
    marks = traitlets.Dict().tag(sync=True)  # of the map
    dots = traitlets.Bytes().tag(sync=True)  # of the map: two 16-bit figures for each film
    about = traitlets.Dict().tag(sync=True)  # what never changes

    def __init__(
        self,
        catalogue: Catalogue | None = None,
        name: str = "Films for you",
        noun: str = "film",
        reader: Callable[[], Any] | None = None,
    ):
        self.catalogue, self.name, self.noun = catalogue or course_catalogue(), name, noun
        self.wanted, self.found = Wanted(), pd.DataFrame()
        self.readings: list[Reading] = []
        self._reader = reader or functools.partial(_one_encoder, self.catalogue)
        self._encoder: Any = None
        self._warm = False
        self._one_at_a_time = threading.Lock()
        self._lists, self._reasons, self._loading, self._learning = Latest(), Latest(), Latest(), Latest()
        self._newest: defaultdict[tuple, int] = defaultdict(int)
        learned, plane = self.catalogue.ratings is not None, self.catalogue.map
        super().__init__(
            shell=pages.render(
                "shell.html.j2", name=name, noun=noun, learned=learned, spaces=pages.SPACE_WORDS, most=MOST_FILMS,
                years=self.catalogue.years, genres=self.catalogue.genres, kept=bool(plane.names),
            ),
            about={"name": name, "noun": noun, "most_bytes": MOST_BYTES, "regions": plane.names},
            dots=(plane.points[:DOTS] * 65_535).astype("<u2").tobytes(),
        )  # fmt: skip
        self.on_msg(lambda _, message, __: self.hear(message))
        self.refresh()

    # ---- what visitors do --------------------------------------------------------------------------------------------

    def hear(self, message: dict) -> None:
        """Do what a message says, unless it is late; say so if it cannot be done."""
        kind, number = message["kind"], message.get("number")
        key = (message.get("view"), LATE.get(kind))
        if number is not None and kind in LATE:
            if number <= self._newest[key]:
                return
            self._newest[key] = number
        try:
            getattr(self, f"_on_{kind}")(message)
        except (ValueError, LookupError) as error:
            self._show_error(error)

    def _film(self, message: dict) -> Film:
        return self.catalogue.ids[int(message["film"])]

    def _on_typed(self, message: dict) -> None:
        readings = self.catalogue.reader.read(message["text"])
        offered = [{"group": one.kind, "label": pages.plain(one.label), "detail": one.detail} for one in readings]
        self.send({key: message.get(key) for key in ("view", "number")} | {"offered": offered})

    def _on_read(self, message: dict) -> None:
        """Take the reading that is chosen from the list; without a choice, the first."""
        text, place = message["text"][:1_000], message.get("place", 0)
        readings = self.catalogue.reader.read(text)
        if not readings:
            self.note, self.under = f"Type a title, a person, or what the {self.noun} is about.", ""
            return
        kind = message.get("kind_of")  # of a link, which means one thing
        if kind:
            self._ask(next((one for one in readings if one.kind == kind), readings[0]).question)
            return
        chosen = readings[min(place, len(readings) - 1)]
        self.readings, self._typed = [chosen, *(one for one in readings if one is not chosen)], " ".join(text.split())
        self._change(question=chosen.question)

    def _on_reading(self, message: dict) -> None:
        self.readings.insert(0, self.readings.pop(1 + int(message["reading"])))
        self._change(question=self.readings[0].question)

    def _on_film(self, message: dict) -> None:
        self._ask(Question(film=self._film(message)))

    def _on_taste(self, message: dict) -> None:
        self._ask(Question())

    def _on_like(self, message: dict) -> None:
        deed = message["kind"] if message.get("on", True) else "forget"
        self._change(taste=getattr(self.wanted.taste, deed)(self._film(message)))

    _on_dislike = _on_forget = _on_like

    def _on_undo(self, message: dict) -> None:
        self._change(taste=self.wanted.taste.undo())

    def _on_clear(self, message: dict) -> None:
        self._change(taste=self.wanted.taste.clear())
        self.note = "Your taste is empty. Undo brings it back."

    def _on_space(self, message: dict) -> None:
        if message["value"] in SPACES:
            self._change(space=message["value"])

    def _on_steer(self, message: dict) -> None:
        self._change(steering=self._known_steering(read_steering(message["steering"])))

    def _on_restore(self, message: dict) -> None:
        """Go on where the browser, a link or a file says, or tell in one line why not."""
        wanted, left_out = read_state(message["text"], self.catalogue.movies)
        taste = self.wanted.taste.become(wanted.taste.likes, wanted.taste.dislikes)
        self.readings, loaded = [], message.get("from") == "file"
        if loaded:
            self._change(taste=taste, question=Question())
        else:
            space = wanted.space if self.catalogue.ratings is not None else "text"
            steering = self._known_steering(wanted.steering)
            self._change(question=wanted.question, taste=taste, space=space, steering=steering)
        lost = f" Not in this catalog: {', '.join(left_out[:5])}." if left_out else ""
        if loaded or lost:
            self.note = f"Loaded {_count(len(self.wanted.taste), self.noun)}.{lost}"

    def _on_detail(self, message: dict) -> None:
        """All about a film, and if it is in the list, why."""
        film, catalogue = self._film(message), self.catalogue
        listed = film in self.found.index
        near = self.found["near"][film] if listed else None
        why, text, ours = None, self.wanted.question.text if listed else None, "Your words:"
        if near is not None:
            lead = f"Why it is here: near {pages.name_of(catalogue, near)}"
            why = {"lead": lead, "lines": pages.reason_lines(catalogue, film, near)}
            text, ours = catalogue.premise(near), f"{catalogue.titles[near]}:"
        elif text is not None:
            why = {"lead": "Why it is here: near your words", "lines": []}
        self.send({"part": "detail", "film": message["film"], "html": pages.detail(catalogue, film, why)})
        if text is not None:
            self._explain(film, text, ours, message["film"])

    def _on_name(self, message: dict) -> None:
        self.send({"part": "name", "film": message["film"], "name": pages.name_of(self.catalogue, self._film(message))})

    def _on_export(self, message: dict) -> None:
        self.send({"part": "file", **share.file_of(self, message["value"])})

    # ---- lists -------------------------------------------------------------------------------------------------------

    def _ask(self, question: Question) -> None:
        self.readings = []
        self._change(question=question)

    def _change(self, **changes: Any) -> None:
        self.wanted = self.wanted.but(**changes)
        self.refresh()
        self.saved = dump_state(self.wanted, self.catalogue.movies)
        self.warm_up()

    def _known_steering(self, steering: Steering) -> Steering:
        genres = tuple(genre for genre in steering.genres if genre in self.catalogue.genres)
        return dataclasses.replace(steering, genres=genres)

    def refresh(self) -> None:
        """Ask for the list that is wanted now, and show at once what is known already."""
        wanted = self.wanted
        self._show_taste()
        if wanted.question.text is not None and self._encoder is None:
            self.note = "Loading what understands your words, once: some seconds …"
            self._load_encoder()
        elif wanted.space not in self.catalogue.spaces:
            self.note = "Learning from the ratings, once: some seconds …"
            self._learning.ask(self.catalogue.learn, lambda _: self.refresh(), self._show_error)
        else:
            self.note = ""
            self._lists.ask(lambda: self._find(wanted), self._show_list, self._show_error)

    def warm_up(self) -> None:
        """Load the encoder beside the kernel, once, so that reasons and descriptions do not wait for it."""
        if not self._warm:
            self._warm = True
            self._load_encoder()

    def _find(self, wanted: Wanted) -> tuple[Wanted, pd.DataFrame, dict]:
        vector = None
        text = wanted.question.text
        if text is not None:
            options = {"normalize_embeddings": True, "show_progress_bar": False}
            vector = self._with_encoder(lambda encoder: encoder.encode(text, **options))
        found = self.catalogue.find(wanted, vector)
        return wanted, found, self.catalogue.judge([*found.index]) if len(found) > 1 else {}

    def _show_list(self, outcome: tuple) -> None:
        wanted, self.found, figures = outcome
        with self.hold_sync():
            heading, told = self.heading(wanted)
            self.head = pages.render(
                "head.html.j2", heading=heading, chips=pages.chips(wanted.steering, self.catalogue.years)
            )
            self.under = pages.render(
                "under.html.j2", told=told, others=self.readings[1:], noun=self.noun,
                examples=EXAMPLES if self.catalogue.ratings is not None else [],
            )  # fmt: skip
            self.cards = pages.cards(self.catalogue, self.found, wanted, self.noun)
            self.scores = pages.judgement(figures)
            self._show_taste()

    def heading(self, wanted: Wanted) -> tuple[str, str]:
        """The heading of a list, and a line under it on how the question was understood."""
        question, many = wanted.question, f"{self.noun.capitalize()}s"
        reader = self.catalogue.reader
        if question.film is not None:
            name = pages.name_of(self.catalogue, question.film)
            typed = self.readings and self._typed.casefold() not in name.casefold()
            return f"{many} like {name}", f"“{self._typed}” was understood as {name}." if typed else ""
        if question.people:
            return f"{many} with {' and '.join(question.people)}", ""
        if question.text is not None:
            strange, whole = reader.unknown(question.text)
            verb, long = "is" if len(strange) == 1 else "are", len(question.text.split()) > MANY_WORDS
            missing = f"“{'”, “'.join(strange[:3])}” {verb} in no title, name, or story here."
            if strange and whole and not long:
                return f"Not in this catalog: “{question.text}”", f"{missing} The films below fit only by chance."
            plainly = f"No title or person here is called “{question.text}”; these stories come nearest."
            here = long or not self.readings or any(one.kind != "Stories" for one in self.readings)
            return f"Stories about “{question.text}”", missing if strange else "" if here else plainly
        if len(wanted.taste):
            likes, dislikes = len(wanted.taste.likes), len(wanted.taste.dislikes)
            if not likes:
                return f"For you, unlike {_count(dislikes, self.noun)}", ""
            return f"For you, from {_count(likes, self.noun)}" + (f", unlike {dislikes}" if dislikes else ""), ""
        return f"{many} to begin with", ""

    def _show_error(self, error: Exception) -> None:
        self.note = f"That did not work: {error}"

    def _show_taste(self) -> None:
        """What is pressed, chosen and marked; all of it is known before the list is."""
        taste, wanted, place = self.wanted.taste, self.wanted, self.catalogue.place
        films = [(pages.film_of(self.catalogue, film), film in taste.likes) for film in (*taste.likes, *taste.dislikes)]
        self.taste = pages.render(
            "taste.html.j2", films=films, count=len(taste.likes), undo=taste.before is not None,
            shown=wanted.question == Question() and len(taste) > 0,
        )  # fmt: skip
        asked = wanted.question.film
        chosen = [*taste.likes, *([] if asked is None or asked in taste.likes else [asked])]
        compares = wanted.question.text is None and not wanted.question.people and not wanted.begins
        self.shown = {
            "likes": list(map(place, taste.likes)),
            "dislikes": list(map(place, taste.dislikes)),
            "space": wanted.space,
            "compares": compares,
            "simulated": self.catalogue.ratings is not None and (wanted.begins or compares and wanted.space != "text"),
            "steering": dataclasses.asdict(wanted.steering),
        }
        recommended = [film for film in self.found.index if film not in chosen]
        self.marks = {
            kind: [{"place": place(film), "title": pages.plain(self.catalogue.titles[film])} for film in some]
            for kind, some in (("chosen", chosen), ("found", recommended))
        }

    def _explain(self, film: Film, text: str, ours: str, number: int) -> None:
        """Send the closest sentences once they are found."""

        def work() -> str:
            found = self._with_encoder(lambda encoder: self.catalogue.reason(text, film, encoder))
            return pages.reason(found, ours, f"{self.catalogue.titles[film]}:")

        def show(html: str) -> None:
            self.send({"part": "reason", "film": number, "html": html})

        self._reasons.ask(work, show, self._show_error)

    # ---- what is prepared beside the kernel --------------------------------------------------------------------------

    def _with_encoder(self, use: Callable[[Any], Any] = id) -> Any:
        """Use the encoder, which is loaded when it is first needed; its tokenizer does not like two threads.

        Nor does a sentence need two cores: on a busy machine, they wait for each other ten times as long as they work.
        """
        with self._one_at_a_time:
            self._encoder = self._reader() if self._encoder is None else self._encoder
            torch = sys.modules.get("torch")
            if torch is None:  # an encoder without a network
                return use(self._encoder)
            cores = torch.get_num_threads()
            torch.set_num_threads(1)
            try:
                return use(self._encoder)
            finally:
                torch.set_num_threads(cores)

    def _load_encoder(self) -> None:
        def loaded(_: object) -> None:
            if self.wanted.question.text is not None:
                self.refresh()

        self._loading.ask(self._with_encoder, loaded, self._show_error)

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict]:
        """Give the app, and a still picture for whatever cannot show widgets."""
        from helpers.plots import picture  # matplotlib, which the app itself can do without

        bundle = super()._repr_mimebundle_(**kwargs)
        bundle = bundle[0] if isinstance(bundle, tuple) else bundle
        alt = "The app. It needs a running kernel; this is a picture of it, with the films of the course."
        still, metadata = picture(STILL.read_bytes(), alt)
        return {**(bundle or {}), **still}, metadata


def served() -> anywidget.AnyWidget:
    """The app as ``python3 -m helpers demo`` serves it: of the course's films, or of the CSV named in `SERVED`."""
    import ipywidgets

    try:
        demo = prepared()()
    except (ValueError, LookupError, OSError) as error:  # the file was fine when the server started
        return ipywidgets.HTML(pages.render("error.html.j2", message=f"The app cannot be shown: {error}"))
    demo.warm_up()
    return demo


@functools.cache
def prepared() -> functools.partial:
    """What makes the app that `SERVED` names, with all that takes long done, or begun beside it."""
    made = app_maker(json.loads(os.environ.get(SERVED, "null")))

    def ahead(catalogue: Catalogue) -> None:
        _one_encoder(catalogue)
        if catalogue.ratings is not None:
            catalogue.learn()

    threading.Thread(target=ahead, args=made.args[:1], daemon=True).start()
    return made


def app_maker(source: dict | None) -> functools.partial:
    """What makes the app of a source: arguments of `csv_catalogue` or `course_catalogue`, or None."""
    if source and "csv" in source:
        return functools.partial(Demo, csv_catalogue(**source), Path(source["csv"]).name, noun="title")
    return functools.partial(Demo, course_catalogue(**(source or {})))


def app_of(source: dict | None) -> Demo:
    """The app of a source; see `app_maker`."""
    return app_maker(source)()


def _one_encoder(catalogue: Catalogue) -> Any:
    """The encoder of a catalogue; the course's is loaded once a process, whoever comes first."""
    with _ENCODER:
        return catalogue.encoder or load_encoder()


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
