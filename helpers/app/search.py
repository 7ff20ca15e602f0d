"""The search box: what somebody types, asks, or chooses from suggestions, each with the text that stood there then."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import anywidget
import traitlets


class SearchBox(anywidget.AnyWidget):
    """A box with suggestions. The browser's part is ``search.js``.

    A message holds the ``view`` that it comes from (a page may show a widget twice, or again), a ``number`` that counts
    up within the view, its ``kind``, and the ``text``. Messages may overtake each other on their way through a busy
    notebook: a text that comes after something newer is dropped, and so is a question that comes after a newer one.

    Parameters
    ----------
    noun : str
        What is searched for.
    suggest : callable
        From a text to the pairs (place, title) that are suggested for it.
    find, meaning : callable
        Called with the text when somebody asks for it as it stands, or as a description.
    film : callable
        Called with the place of the suggestion that somebody chose.
    """

    _esm = Path(__file__).with_name("search.js")
    hint = traitlets.Unicode("a title, or what it is about").tag(sync=True)
    label = traitlets.Unicode().tag(sync=True)

    def __init__(self, noun: str, suggest: Callable, find: Callable, meaning: Callable, film: Callable):
        super().__init__(label=f"Find this {noun}")
        self._suggest, self._asks = suggest, {"find": find, "meaning": meaning}
        self._film = film
        self._typed, self._asked = defaultdict(int), defaultdict(int)  # newest number of each view
        self.on_msg(lambda _, message, __: self.hear(message))

    def hear(self, message: dict) -> None:
        """Do what a message asks for, unless it is late."""
        view, number, kind, text = (message[key] for key in ("view", "number", "kind", "text"))
        if kind == "typed":
            if number > max(self._typed[view], self._asked[view]):
                self._typed[view] = number
                offered = [{"place": place, "title": title} for place, title in self._suggest(text)]
                self.send({"view": view, "number": number, "offered": offered})
        elif number > self._asked[view]:
            self._asked[view] = number
            if kind == "film":
                self._film(message["place"])
            else:
                self._asks[kind](text)
