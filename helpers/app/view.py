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
from typing import Any, TypeVar

import anywidget
import pandas as pd
import traitlets

from helpers.app import pages, share, state
from helpers.app.catalogue import Catalogue, course_catalogue, csv_catalogue
from helpers.app.latest import Latest
from helpers.app.state import Film, Question, Steering, Taste, Wanted
from helpers.encoding import load_encoder
from helpers.encoding.models import prompt_of

SERVED = "COURSE_DEMO_CATALOGUE"  # variable with the arguments of `csv_catalogue`, as JSON
HERE = Path(__file__).parent
STILL = HERE / "still.png"  # stands for the app where widgets cannot run
EXAMPLES = ["Alien", "Tom Hanks", "a shark attack"]
# Messages of which only the newest of a group counts.
LATE = dict.fromkeys(["read", "film", "taste"], "ask") | {kind: kind for kind in ("typed", "steer", "detail")}
# What is said about a film that is judged, and what undo calls that.
JUDGED = {
    "like": ("You like", "liking"),
    "dislike": ("Not for you:", "“Not for me” on"),
    "forget": ("Taken out:", "removing"),
}
DOTS = 100_000  # of the map, at most
_ENCODER = threading.Lock()
Asked = TypeVar("Asked", Question, Steering)


class Demo(anywidget.AnyWidget):
    """The recommender as an app.

    A message of the browser has a ``kind``, the ``view`` that it comes from (a page may show a widget twice), and a
    ``number`` that counts up within the view, so that a question that comes after a newer one is dropped.

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
        self.catalogue.reader.noun = noun
        self.wanted, self.found = Wanted(), pd.DataFrame()
        self._reader = reader or functools.partial(_one_encoder, self.catalogue)
        self._encoder: Any = None
        self._warm = False
        self._said = ""  # about the last deed
        self._one_at_a_time = threading.Lock()
        self._lists, self._reasons, self._loading, self._learning = Latest(), Latest(), Latest(), Latest()
        self._newest: defaultdict[tuple, int] = defaultdict(int)
        learned, plane = self.catalogue.ratings is not None, self.catalogue.map
        super().__init__(
            shell=pages.render(
                "shell.html.j2", name=name, noun=noun, learned=learned, spaces=pages.SPACE_WORDS, most=state.MOST_FILMS,
                years=self.catalogue.years, genres=self.catalogue.genres, kept=bool(plane.names),
            ),
            about={
                "name": name, "noun": noun, "asks": pages.asks(self.catalogue, noun), "most_bytes": state.MOST_BYTES,
                "regions": plane.names,
            },
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
            answer = getattr(self, f"_answer_{kind}", None)
            if answer is None:
                self._change(**self._meant(message))
            else:
                answer(message)
        except (ValueError, LookupError) as error:
            self._show_error(error)

    def _film(self, message: dict) -> Film:
        return self.catalogue.ids[int(message["film"])]

    def _meant(self, message: dict) -> dict[str, Any]:
        """What a message changes of what is wanted, what undo calls that, and what is said about it."""
        match message["kind"]:
            case "read":
                return self._read(message)
            case "film":
                film = self._film(message)
                return {"done": f"more like {pages.name_of(self.catalogue, film)}", "question": Question(film=film)}
            case "taste":
                return {"done": "For me", "question": Question()}
            case "like" | "dislike" | "forget" as deed:
                return self._judged(deed, message.get("on", True), self._film(message))
            case "clear":
                return {"done": "Clear", "taste": Taste(), "note": "Your taste is empty. Undo brings it back."}
            case "space" if message["value"] in state.SPACES:
                return {"done": pages.SPACE_WORDS[message["value"]][0], "space": message["value"]}
            case "steer":
                return {"done": "the filters", "steering": self._known(state.read_steering(message["steering"]))}
        raise ValueError(f"this app knows no {message['kind']} {message.get('value', '')}")

    def _judged(self, deed: str, on: bool, film: Film) -> dict[str, Any]:
        """Change the taste by a film; the list that is shown stays, so that nothing moves under the finger."""
        wanted, name = self.wanted, pages.name_of(self.catalogue, film)
        taste = getattr(wanted.taste, deed if on else "forget")(film)
        listed = wanted.of_list.taste if len(taste) else None
        said, done = JUDGED[deed if on else "forget"]
        more = " “For me” shows your new list." if listed not in (None, taste) else ""
        return {"done": f"{done} {name}", "taste": taste, "listed": listed, "note": f"{said} {name}.{more}"}

    def _answer_undo(self, _: dict) -> None:
        """Take back the last thing that was done, whatever it was."""
        done = f"Taken back: {self.wanted.done}." if self.wanted.before else "There is nothing more to take back."
        self.wanted = self.wanted.undo()
        self._show(done)

    def _read(self, message: dict) -> dict[str, Any]:
        """Take the reading that is chosen from the list; without a choice, the first, or the first of the kind."""
        text = " ".join(message["text"][: state.MOST_LETTERS].split())
        readings = self.catalogue.reader.read(text)
        if not readings:  # what was said of another text goes
            asked = dataclasses.replace(self.wanted.question, typed="")
            note = f"Type {self.about['asks']}."
            return {"done": "", "question": asked, "listed": self.wanted.listed, "note": note}
        kind = message.get("kind_of")  # of a link, which means one thing
        if kind:
            question = next((one for one in readings if one.kind == kind), readings[0]).question
        else:
            chosen = readings[min(message.get("place", 0), len(readings) - 1)]
            question = dataclasses.replace(chosen.question, typed=text)
        return {"done": f"the search for “{pages.plain(text)}”", "question": question}

    def _answer_restore(self, message: dict) -> None:
        """Go on where the browser, a link or a file says, or tell in one line why not."""
        wanted, left_out = state.read_state(message["text"], self.catalogue.movies)
        lost = f" Not in this catalog: {', '.join(left_out[:5])}." if left_out else ""
        loaded = f"Loaded {state.counted(len(wanted.taste), self.noun)}.{lost}"
        if message.get("from") == "file":
            self._change("the file", note=loaded, taste=wanted.taste, question=Question())
            return
        if message.get("from") == "history":  # the question alone: the page may not know yet what was liked last
            self.wanted = self.wanted.but(question=self._known(wanted.question), listed=None)
            self._show("")
            return
        before = None
        for step in reversed(wanted.steps):
            space = step.space if self.catalogue.ratings is not None else "text"
            question, steering = self._known(step.question), self._known(step.steering)
            before = step.but(question=question, steering=steering, space=space, before=before)
        self.wanted = before or wanted
        self._show(loaded if lost else "")

    def _answer_typed(self, message: dict) -> None:
        readings = self.catalogue.reader.read(message["text"])
        offered = [{"group": one.kind, "label": pages.plain(one.label), "detail": one.detail} for one in readings]
        self.send({key: message.get(key) for key in ("view", "number")} | {"offered": offered})

    def _answer_detail(self, message: dict) -> None:
        """All about a film, and if it is in the list, why."""
        film, catalogue = self._film(message), self.catalogue
        why, text, ours = None, None, "Your words:"
        if film in self.found.index:
            row: Any = self.found.loc[film]
            near, text = row["near"], self.wanted.question.text
            why = pages.why(catalogue, film, row, self.wanted.of_list)
            if near is not None:
                text, ours = catalogue.premise(near), f"{catalogue.titles[near]}:"
        theirs = f"{catalogue.titles[film]}:"
        room = "" if text is None else pages.longest_pair(text, catalogue.premise(film), ours, theirs)
        html = pages.detail(catalogue, film, why, room, message.get("why", False))
        self.send({"part": "detail", "film": message["film"], "html": html})
        if text is not None:
            self._explain(film, text, ours, theirs)

    def _answer_name(self, message: dict) -> None:
        self.send({"part": "name", "film": message["film"], "name": pages.name_of(self.catalogue, self._film(message))})

    def _answer_export(self, message: dict) -> None:
        self.send({"part": "file", **share.file_of(self, message["value"])})

    # ---- lists -------------------------------------------------------------------------------------------------------

    def _change(self, done: str, note: str = "", **changes: Any) -> None:
        """Do something that undo can take back. The list is made anew, unless the taste it is made from is given."""
        self.wanted = self.wanted.then(done, **{"listed": None, **changes})
        steering = self.wanted.steering
        if "question" in changes and pages.chips(steering, self.catalogue.years, self.noun):
            note = f"{note} Your filters still apply.".strip()
        self._show(note)

    def _show(self, note: str) -> None:
        self._said = note
        with self.hold_sync():  # in one message: what a page shows as done, it has kept, however fast it is reloaded
            self.refresh()
            self.saved = state.dump_state(self.wanted, self.catalogue.movies)
        self.warm_up()

    def _known(self, asked: Asked) -> Asked:
        """Leave out the genres that no film has."""
        genres = tuple(genre for genre in asked.genres if genre in self.catalogue.genres)
        return dataclasses.replace(asked, genres=genres)

    def refresh(self) -> None:
        """Ask for the list that is wanted now, and show at once what is known already."""
        wanted = self.wanted.of_list
        self._show_taste()
        if wanted.question.text is not None and self._encoder is None:
            self.note = "Learning to read your words, a few seconds …"
            self._load_encoder()
        elif wanted.space not in self.catalogue.spaces:
            self.note = "Learning from the ratings, a few seconds …"
            self._learning.ask(self.catalogue.learn, lambda _: self.refresh(), self._show_error)
        else:
            self.note = self._said
            self._lists.ask(lambda: self._find(wanted), self._show_list, self._show_error)

    def warm_up(self) -> None:
        """Load the encoder beside the kernel, once, so that reasons and descriptions do not wait for it."""
        if not self._warm:
            self._warm = True
            self._load_encoder()

    def _find(self, wanted: Wanted) -> tuple:
        """What the parts of a list are made of: the list, other readings of what was typed, and figures."""
        vector, question = None, wanted.question
        if question.text is not None:
            options = {"normalize_embeddings": True, "show_progress_bar": False}
            vector = self._with_encoder(
                lambda encoder: encoder.encode(question.text, prompt=prompt_of(encoder, "query"), **options)
            )
        found = self.catalogue.find(wanted, vector)
        readings = enumerate(self.catalogue.reader.read(question.typed))
        others = [(place, one) for place, one in readings if one.question != question]
        return wanted, found, others, self.catalogue.judge([*found.index]) if len(found) > 1 else {}

    def _show_list(self, outcome: tuple) -> None:
        wanted, self.found, others, figures = outcome
        named = any(one.kind in ("Titles", "People") for _, one in others)
        heading, told = pages.heading(self.catalogue, wanted, self.noun, self.found, named)
        with self.hold_sync():
            self.head = pages.render(
                "head.html.j2", heading=heading, chips=pages.chips(wanted.steering, self.catalogue.years, self.noun)
            )
            self.under = pages.render(
                "under.html.j2", told=told, little=pages.little_known(self.catalogue, wanted, self.noun),
                others=others, typed=wanted.question.typed, asks=self.about["asks"],
                genres=self.catalogue.genres, examples=EXAMPLES if self.catalogue.ratings is not None else [],
            )  # fmt: skip
            self.cards = pages.cards(self.catalogue, self.found, wanted, self.noun)
            self.scores = pages.judgement(figures)
            self._show_taste()

    def _show_error(self, error: Exception) -> None:
        self.note = f"That did not work: {error}"

    def _show_taste(self) -> None:
        """What is pressed, chosen and marked; all of it is known before the list is."""
        taste, wanted, place = self.wanted.taste, self.wanted.of_list, self.catalogue.place
        self.taste = pages.render(
            "taste.html.j2", films=pages.chosen(self.catalogue, taste), count=len(taste.likes), all=len(taste),
            undo=self.wanted.before and (self.wanted.done or "the last change"),
            shown=wanted.question == Question() and wanted.taste == taste and len(taste) > 0,
        )  # fmt: skip
        asked = wanted.question.film
        chosen = list(dict.fromkeys(film for film in (asked, *taste.likes) if film is not None))
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

    def _explain(self, film: Film, text: str, ours: str, theirs: str) -> None:
        """Send the closest sentences once they are found."""

        def work() -> str:
            found = self._with_encoder(lambda encoder: self.catalogue.reason(text, film, encoder))
            return pages.closest_pair(found, ours, theirs)

        place = self.catalogue.place(film)
        self._reasons.ask(
            work, lambda html: self.send({"part": "reason", "film": place, "html": html}), self._show_error
        )

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
        return ipywidgets.HTML(pages.render("error.html.j2", message=str(error)))
    demo.warm_up()
    return demo


@functools.cache
def prepared() -> functools.partial:
    """What makes the app that `SERVED` names, with all that takes long done, or begun beside it."""
    made = app_maker(json.loads(os.environ.get(SERVED, "null")))

    def ahead(catalogue: Catalogue) -> None:
        catalogue.reader.prepare()
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


def _one_encoder(catalogue: Catalogue) -> Any:
    """The encoder of a catalogue; the course's is loaded once a process, whoever comes first."""
    with _ENCODER:
        return catalogue.encoder or load_encoder()
