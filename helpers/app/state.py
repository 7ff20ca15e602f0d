"""What the visitor of the app wants. All values are immutable: a change makes a new one, and undo is an old one."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

FORMAT = "recommend-with-vectors/taste"
VERSION = 1
MOST_BYTES = 1_000_000  # of a file of a taste; a thousand films take less than a tenth
MOST_FILMS = 30  # in a list
MOST_LETTERS = 500  # of a description
KEPT = 20  # steps of undo that the browser keeps
Film = Any  # the id of one
KINDS = ("likes", "dislikes")
SPACES = ("text", "learned", "hybrid")


@dataclass(frozen=True)
class Taste:
    """Liked and disliked films, by id, in the order in which they were chosen."""

    likes: tuple = ()
    dislikes: tuple = ()

    def __len__(self) -> int:
        return len(self.likes) + len(self.dislikes)

    def like(self, film: Film) -> Taste:
        """The taste with this film liked, and not disliked any more."""
        return Taste((*_without(self.likes, film), film), _without(self.dislikes, film))

    def dislike(self, film: Film) -> Taste:
        """The taste with this film disliked, and not liked any more."""
        return Taste(_without(self.likes, film), (*_without(self.dislikes, film), film))

    def forget(self, film: Film) -> Taste:
        """The taste without this film."""
        return Taste(_without(self.likes, film), _without(self.dislikes, film))


@dataclass(frozen=True)
class Steering:
    """How lists are made: length, years, genres (one of them has to be there), diversity, and no very popular films."""

    k: int = 12
    first_year: int | None = None
    last_year: int | None = None
    genres: tuple = ()
    diversity: float = 0.0
    hide_popular: bool = False


@dataclass(frozen=True)
class Question:
    """What a list answers: films like a film, near a description, with some people, or (without these) for the taste.

    Those of people and for the taste may be of some genres, and then have all of them, and of years from the first to
    the last. `typed` is the text that was understood so, if one was typed; it changes no list.
    """

    film: Film = None
    text: str | None = None
    people: tuple = ()
    genres: tuple = ()
    years: tuple = ()
    typed: str = field(default="", compare=False)

    @property
    def facts(self) -> str:
        """People, genres and years, in words that can be typed."""
        return ", ".join(filter(None, [" and ".join(self.people), " and ".join(self.genres), self._when]))

    @property
    def _when(self) -> str:
        if not self.years:
            return ""
        first, last = self.years
        decade = first % 10 == 0 and last == first + 9
        return f"{first}s" if decade else f"{first}" if first == last else f"{first}–{last}"


@dataclass(frozen=True)
class Wanted:
    """All that a list depends on, and what `undo` returns to.

    `listed` is the taste that the list is made from, if that is not the taste of now: no film moves under the finger
    that likes one. `done` says in words what was done to come here from `before`.
    """

    question: Question = Question()
    taste: Taste = Taste()
    steering: Steering = Steering()
    space: str = "text"
    listed: Taste | None = None
    before: Wanted | None = field(default=None, compare=False, repr=False)
    done: str = field(default="", compare=False, repr=False)

    @property
    def for_taste(self) -> bool:
        """Whether the list is made for the taste."""
        return dataclasses.replace(self.question, genres=(), years=()) == Question()

    @property
    def begins(self) -> bool:
        """Whether the list is made for the taste, and nothing is liked yet."""
        return self.for_taste and not len(self.taste)

    @property
    def sources(self) -> tuple:
        """The films that the list goes by: the one that is asked for, or those that are liked."""
        if self.question.film is not None:
            return (self.question.film,)
        return self.taste.likes if self.for_taste else ()

    @property
    def of_list(self) -> Wanted:
        """What the list that is shown was made from."""
        return self if self.listed is None else self.but(taste=self.listed, listed=None)

    def but(self, **changes: Any) -> Wanted:
        """The same with some parts changed."""
        return dataclasses.replace(self, **changes)

    def then(self, done: str, **changes: Any) -> Wanted:
        """What is wanted after something was done, from which `undo` leads back to this."""
        changed = self.but(**changes)
        changed = changed.but(listed=None) if changed.listed == changed.taste else changed
        return changed if changed == self else changed.but(before=self, done=done)

    def undo(self) -> Wanted:
        """What was wanted before the last change, or this if there was none."""
        return self if self.before is None else self.before

    @property
    def steps(self) -> list[Wanted]:
        """What is wanted and what was wanted before, the newest first."""
        steps = [self]
        while (before := steps[-1].before) is not None:
            steps.append(before)
        return steps


class StateFileError(ValueError):
    """A file is not a saved taste, for a reason that fits in one line."""


def names_in(cell: Any) -> list[str]:
    """The names, genres or tags of a cell, in their order."""
    return [name for name in map(str.strip, cell.split("|")) if name] if isinstance(cell, str) else []


def counted(number: int, noun: str) -> str:
    """So many of something."""
    return f"{number} {noun if number == 1 else plural(noun)}"


def plural(noun: str) -> str:
    """Several of what a noun names: films, dishes, stories."""
    if re.search(r"[^aeiou]y$", noun):
        return f"{noun[:-1]}ies"
    return f"{noun}es" if re.search(r"(s|x|z|ch|sh)$", noun) else f"{noun}s"


def year_of(movies: pd.DataFrame, film: Film) -> int | None:
    """The year of a film, if it is known."""
    year = movies["year"].get(film) if "year" in movies else None
    return None if year is None or pd.isna(year) else int(year)


def dump_state(wanted: Wanted, movies: pd.DataFrame) -> str:
    """Write what a visitor wants as JSON: films by id, title and year, so that another edition can be matched.

    What `undo` returns to is written, too: the last `KEPT` steps, unless that is too long to be read again.
    """

    def entry(film: Film) -> dict:
        identifier = int(film) if isinstance(film, np.integer) else film
        return {"id": identifier, "title": movies["title"][film], "year": year_of(movies, film)}

    def document_of(step: Wanted) -> dict:
        films = {kind: [entry(film) for film in getattr(step.taste, kind)] for kind in KINDS}
        asked: dict[str, Any] = dataclasses.asdict(step.question)
        if step.question.film is not None:
            asked["film"] = entry(step.question.film)
        question = {name: value for name, value in asked.items() if value}
        steering = dataclasses.asdict(step.steering)
        return {**films, "space": step.space, "question": question, "steering": steering, "done": step.done}

    now, *before = map(document_of, wanted.steps[: KEPT + 1])
    document = {"format": FORMAT, "version": VERSION, **now}
    text = json.dumps(document | {"before": before}, ensure_ascii=False, indent=1)
    return text if len(text.encode()) <= MOST_BYTES else json.dumps(document, ensure_ascii=False, indent=1)


def read_state(content: bytes | str, movies: pd.DataFrame) -> tuple[Wanted, list[str]]:
    """Read what a visitor wants from a file's content, a link, or what the browser kept.

    A film is known by its id if the title agrees, else by title and year. Films that the catalogue lacks are left out.

    Parameters
    ----------
    content : bytes or str
        As written by `dump_state`; question, steering, space, and what was before may be missing.
    movies : pandas.DataFrame
        The catalogue.

    Returns
    -------
    wanted, left_out : Wanted, list of str
        What is wanted, and the titles of films that are not in the catalogue.

    Raises
    ------
    StateFileError
        When the content is too long, no JSON, of another format or version, or without a film of this catalogue.
    """
    document = _parse(content)
    named: dict[str, list[Film]] = {}
    for film, title in movies["title"].items():
        named.setdefault(title, []).append(film)

    def known(entry: dict) -> Film:
        films, film = named.get(entry["title"], []), entry.get("id")
        same = (one for one in films if year_of(movies, one) == entry.get("year"))
        return film if film in films else next(same, None)

    left_out = [entry["title"] for kind in KINDS for entry in document[kind] if known(entry) is None]
    wanted = None
    for step in [*reversed(_given(document, "before", list, [])[:KEPT]), document]:
        if all(_are_films(_given(step, kind, list, None)) for kind in KINDS):
            wanted = _wanted_of(step, known, wanted)
    assert wanted is not None  # the document itself was checked
    if left_out and not len(wanted.taste):
        raise StateFileError("none of its films is in this catalog. What you chose here stays as it is.")
    return wanted, left_out


def _wanted_of(document: dict, known: Callable[[dict], Film], before: Wanted | None) -> Wanted:
    """What a document wants, after what was wanted before."""
    films = {kind: dict.fromkeys(known(entry) for entry in document[kind]) for kind in KINDS}
    likes = tuple(film for film in films["likes"] if film is not None)
    dislikes = tuple(film for film in films["dislikes"] if film is not None and film not in likes)
    asked = _given(document, "question", dict, {})
    film = known(asked["film"]) if _is_film(asked.get("film")) else None
    text, typed = (_given(asked, name, str, "")[:MOST_LETTERS] for name in ("text", "typed"))
    question = Question(film, typed=typed)
    if film is None:
        people, genres = (
            tuple(name for name in _given(asked, kind, list, []) if isinstance(name, str))
            for kind in ("people", "genres")
        )
        years = tuple(year for year in _given(asked, "years", list, []) if isinstance(year, int) and 0 <= year < 10_000)
        text, years = text if text.strip() else None, years if len(years) == 2 else ()
        question = Question(None, text, people, genres, years, typed)
    space = document["space"] if document.get("space") in SPACES else "text"
    done = _given(document, "done", str, "")[:MOST_LETTERS]
    steering = read_steering(document.get("steering"))
    return Wanted(question, Taste(likes, dislikes), steering, space, before=before, done=done)


def read_steering(values: Any) -> Steering:
    """Take from a file, or from the browser, what makes sense of a steering; for the rest, the beginning's."""
    first, last = (_given(values, name, int, -1) for name in ("first_year", "last_year"))
    return Steering(
        k=min(max(_given(values, "k", int, Steering.k), 1), MOST_FILMS),
        first_year=first if 0 <= first < 10_000 else None,
        last_year=last if 0 <= last < 10_000 else None,
        genres=tuple(genre for genre in _given(values, "genres", list, []) if isinstance(genre, str)),
        diversity=float(min(max(0, _given(values, "diversity", int | float, 0)), 1)),  # of NaN and 0, that is 0
        hide_popular=_given(values, "hide_popular", bool, False),
    )


def _given(values: Any, name: str, kind: Any, otherwise: Any) -> Any:
    """A value of a document, if it is there and of its kind."""
    value = values.get(name) if isinstance(values, dict) else None
    return value if isinstance(value, kind) else otherwise


def _parse(content: bytes | str) -> dict:
    raw = content.encode() if isinstance(content, str) else content
    if len(raw) > MOST_BYTES:
        raise StateFileError(f"the file has {len(raw):,} bytes; a taste has at most {MOST_BYTES:,}.")
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise StateFileError("the file is not JSON. Choose one that was saved here.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise StateFileError("the file is JSON, but not a saved taste. Choose one that was saved here.")
    if document.get("version") != VERSION:
        raise StateFileError(
            f"the saved taste is version {document.get('version')!r}; this app reads version {VERSION}."
        )
    for kind in KINDS:
        if not _are_films(document.get(kind)):
            raise StateFileError(f"'{kind}' is not a list of films with title and year.")
    return document


def _are_films(entries: Any) -> bool:
    return isinstance(entries, list) and all(map(_is_film, entries))


def _is_film(entry: Any) -> bool:
    kinds = {"title": str, "year": int | None, "id": int | str | None}
    return isinstance(entry, dict) and all(isinstance(entry.get(name), kind) for name, kind in kinds.items())


def _without(films: tuple, film: Film) -> tuple:
    return tuple(other for other in films if other != film)
