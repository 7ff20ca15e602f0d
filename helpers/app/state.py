"""What the visitor of the demo wants. All values are immutable: a change makes a new one, and undo is an old one."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

FORMAT = "recommend-with-vectors/taste"
VERSION = 1
MOST_BYTES = 1_000_000  # of a file of a taste; a thousand films take less than a tenth
MOST_FILMS = 30  # in a list

SPACES = {  # what each space is, in one line
    "text": "Text vectors: near means that the texts are alike.",
    "learned": "Learned vectors: near means that the same viewers liked both (simulated viewers).",
    "hybrid": "Hybrid: both together; films without ratings stand by what they are about.",
}


@dataclass(frozen=True)
class Taste:
    """Liked and disliked films, by id, in the order in which they were chosen. `before` is what `undo` returns to."""

    likes: tuple = ()
    dislikes: tuple = ()
    before: Taste | None = field(default=None, compare=False, repr=False)

    def __len__(self) -> int:
        return len(self.likes) + len(self.dislikes)

    def like(self, film) -> Taste:
        """The taste with this film liked, and not disliked any more."""
        return self.become((*_without(self.likes, film), film), _without(self.dislikes, film))

    def dislike(self, film) -> Taste:
        """The taste with this film disliked, and not liked any more."""
        return self.become(_without(self.likes, film), (*_without(self.dislikes, film), film))

    def forget(self, film) -> Taste:
        """The taste without this film."""
        return self.become(_without(self.likes, film), _without(self.dislikes, film))

    def clear(self) -> Taste:
        """No film at all."""
        return self.become((), ())

    def undo(self) -> Taste:
        """The taste before the last change, or this one if there was none."""
        return self if self.before is None else self.before

    def become(self, likes: tuple, dislikes: tuple) -> Taste:
        """The taste of these films, from which `undo` leads back to this one."""
        changed = Taste(likes, dislikes, before=self)
        return self if changed == self else changed


@dataclass(frozen=True)
class Steering:
    """How lists are made: length, years, genres (one of them has to be there), diversity, and no very popular films."""

    k: int = 9
    first_year: int | None = None
    last_year: int | None = None
    genres: tuple = ()
    diversity: float = 0.0
    hide_popular: bool = False


@dataclass(frozen=True)
class Question:
    """What a list answers: films like a film, films near a description, or (both None) films for the taste."""

    film: object = None
    text: str | None = None


@dataclass(frozen=True)
class Wanted:
    """All that a list depends on."""

    question: Question = Question()
    taste: Taste = Taste()
    steering: Steering = Steering()
    space: str = "text"

    def but(self, **changes) -> Wanted:
        """The same with some parts changed."""
        return dataclasses.replace(self, **changes)


class TasteFileError(ValueError):
    """A file is no taste, for a reason that fits in one line."""


def dump_taste(taste: Taste, movies: pd.DataFrame) -> str:
    """Write a taste as JSON: ids with titles and years, so that another edition of a catalogue can be matched."""

    def entries(films) -> list[dict]:
        return [{"id": _plain(film), "title": movies["title"][film], "year": _year(movies, film)} for film in films]

    document = {"format": FORMAT, "version": VERSION, "likes": entries(taste.likes)}
    return json.dumps(document | {"dislikes": entries(taste.dislikes)}, ensure_ascii=False, indent=1)


def read_taste(content: bytes | str, movies: pd.DataFrame) -> tuple[Taste, list[str]]:
    """Read a taste from a file's content.

    A film is known by its id if the title agrees, else by title and year. Films that the catalogue lacks are left out.

    Parameters
    ----------
    content : bytes or str
        As written by `dump_taste`.
    movies : pandas.DataFrame
        The catalogue.

    Returns
    -------
    taste, left_out : Taste, list of str
        The taste, and the titles of films that are not in the catalogue.

    Raises
    ------
    TasteFileError
        When the content is too long, no JSON, of another format or version, or lacks a title.
    """
    document = _parse(content)
    rows = {(movies["title"][film], _year(movies, film)): film for film in reversed(movies.index)}
    chosen: dict[str, list] = {"likes": [], "dislikes": []}
    left_out = []
    for kind, found in chosen.items():
        for entry in document[kind]:
            title, year, film = entry["title"], entry.get("year"), entry.get("id")
            known = isinstance(film, int) and film in movies.index and movies["title"][film] == title
            film = film if known else rows.get((title, year))
            if film is None:
                left_out.append(title)
            elif film not in chosen["likes"] + chosen["dislikes"]:
                found.append(film)
    return Taste(tuple(chosen["likes"]), tuple(chosen["dislikes"])), left_out


def _parse(content: bytes | str) -> dict:
    raw = content.encode("utf-8") if isinstance(content, str) else bytes(content)
    if len(raw) > MOST_BYTES:
        raise TasteFileError(f"the file has {len(raw):,} bytes; a taste has at most {MOST_BYTES:,}.")
    try:
        document = json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise TasteFileError("the file is not JSON. Choose one that was saved here.") from None
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise TasteFileError("the file is JSON, but no taste. Choose one that was saved here.")
    if document.get("version") != VERSION:
        raise TasteFileError(f"the taste has version {document.get('version')!r}; this app reads version {VERSION}.")
    for kind in ("likes", "dislikes"):
        entries = document.get(kind)
        whole = isinstance(entries, list) and all(
            isinstance(entry, dict)
            and isinstance(entry.get("title"), str)
            and isinstance(entry.get("year"), int | None)
            for entry in entries
        )
        if not whole:
            raise TasteFileError(f"'{kind}' is no list of films with title and year.")
    return document


def _without(films: tuple, film) -> tuple:
    return tuple(other for other in films if other != film)


def _plain(identifier):
    return int(identifier) if isinstance(identifier, np.integer) else identifier


def _year(movies: pd.DataFrame, film) -> int | None:
    year = movies["year"][film] if "year" in movies else None
    return None if year is None or pd.isna(year) else int(year)
