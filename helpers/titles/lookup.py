"""Look a title up as people type it."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import OSA

from helpers.data.cells import read_years
from helpers.data.tables import one_line
from helpers.titles.forms import normalize_title, numbers_in, without_article, year_in_brackets

SURE = 0.7  # share of the letters in which a text agrees with the title that it is meant for
FULL_SCORE_FOR = 60  # titles that pass the first look


class Match(NamedTuple):
    """A title that fits: its id, the title as it stands in the catalogue, and how well it fits, 0 to 1."""

    id: object
    title: str
    score: float


def is_typo(text: str, title: str) -> bool:
    """Whether a text is a title with typos: three edits in ten letters are the most (`SURE`), spaces do not count.

    An edit is a letter more, a letter less, another letter, or two neighbors swapped.
    """
    return OSA.normalized_similarity(text.replace(" ", ""), title.replace(" ", "")) >= SURE


class TitleLookup:
    """Find titles as they stand, and despite typos, accents, inverted articles, missing words and other word orders.

    A title that stands in the catalogue comes first: as it is written, then in other capitals, then the same with the
    right year after it, then in the form of `normalize_title`. For everything else, the pairs of letters that a title
    shares with the query pick the 60 best, on which five ratios decide: the titles as they stand, with sorted words,
    without spaces, by shared words (times 0.92, and not of a title that is a number), and the beginning of the title
    against the query (times 0.93). A number in the query that the title lacks costs a tenth. A year at the end of the
    query tells films of one title apart.

    Parameters
    ----------
    titles : pandas.Series
        Titles; its index holds the ids. Rows without a title are passed over.
    years : pandas.Series, optional
        Years in the same rows. A year in brackets at the end of a title serves as well.

    Raises
    ------
    ValueError
        When there are not as many years as titles, or what is looked up is no text.
    """

    def __init__(self, titles: pd.Series, years: pd.Series | None = None):
        if years is not None and len(years) != len(titles):
            raise ValueError(f"TitleLookup: {len(titles):,} titles and {len(years):,} years; each title has one.")
        there = titles.notna().to_numpy()
        titles = titles[there].astype(str)
        self.titles, self.ids = titles.tolist(), titles.index.tolist()
        self.years = [year_in_brackets(title) for title in self.titles]
        if years is not None:
            known = read_years(years[there].map(str, na_action="ignore").astype(object)).tolist()
            self.years = [own if year != year else int(year) for year, own in zip(known, self.years, strict=True)]
        self.keys = [normalize_title(title) for title in self.titles]
        written = [_written(title) for title in self.titles]
        self._as_written = _positions_by([title] for title in written)
        self._in_any_case = _positions_by([title.casefold()] for title in written)
        self._by_key = _positions_by([key] for key in self.keys)
        positions = _positions_by(map(_letter_pairs, self.keys))
        self._positions = {pair: np.array(found, dtype=np.int32) for pair, found in positions.items()}
        self._weights = np.array([0.2 * len(_letter_pairs(key)) for key in self.keys], dtype=np.float32)

    def closest(self, text: str) -> Match | None:
        """The best match, or None when it is not meant: neither the title with typos, nor whole words of it."""
        best = self.suggest(text, 1)
        return best[0] if best and self._is_meant(text, best[0]) else None

    def ties(self, text: str) -> list[Match]:
        """The matches that the text names as well as the best one: several where films share a title.

        In the order of the catalogue; empty when `closest` finds nothing. A year in the text tells films of one title
        apart (``"Dune 2021"``).
        """
        exact = self._exact(text)
        if exact:
            return [self._match(position, 1.0) for position in exact[0]]
        best = self.suggest(text, FULL_SCORE_FOR)
        if not best or not self._is_meant(text, best[0]):
            return []
        return [match for match in best if match.score == best[0].score and match.title == best[0].title]

    def suggest(self, text: str, n: int = 5) -> list[Match]:
        """The `n` best matches, best first, however weak; equal ones in the order of the catalogue.

        Fewer come back only for a text that says nothing, or from a smaller catalogue.
        """
        if not isinstance(n, int | np.integer) or n < 0:
            raise ValueError(f"TitleLookup: n is a whole number from 0 on, not {n!r:.40}.")
        exact = list(dict.fromkeys(position for positions in self._exact(text) for position in positions))[:n]
        found = [self._match(position, 1.0) for position in exact]
        if len(found) == n:
            return found
        name, year = _split_year(text)
        query = normalize_title(f"{name} {year}" if year else text)
        positions = np.setdiff1d(self._first_look(query), exact)
        scores = self._scores(query, positions)
        if year:
            same_year = np.array([self.years[position] == year for position in positions], dtype=bool)
            without_year = self._scores(normalize_title(name), positions)
            scores = np.maximum(scores, np.where(same_year, without_year, 0.9 * without_year))
        best = np.lexsort((positions, -scores))[: n - len(found)]
        return found + [self._match(positions[i], float(scores[i])) for i in best]

    def _is_meant(self, text: str, match: Match) -> bool:
        """Whether a text is a title, its beginning or other words of it, with typos (`is_typo`), or holds its words."""
        if match.score == 1:
            return True
        query, key = normalize_title(text), normalize_title(match.title)
        words, others = query.split(), key.split()
        ways = [(query, key), (query, key[: len(query)]), ("".join(sorted(words)), "".join(sorted(others)))]
        ways += [(without_article(query), without_article(key))]
        if any(is_typo(*way) for way in [*ways, (text.casefold(), match.title.casefold())]):
            return True
        return not key.isdigit() and (set(words) <= set(others) or set(words) >= set(others))

    def _match(self, position: int, score: float) -> Match:
        return Match(self.ids[position], self.titles[position], score)

    def _exact(self, text: str) -> list[list[int]]:
        """Positions of the titles that are the text, in groups: the first group is the one that is meant."""
        if not isinstance(text, str):
            raise ValueError(f"TitleLookup: a title is a text in quotes, not {text!r:.40}.")
        written, (name, year) = _written(text), _split_year(text)
        groups = [self._as_written.get(written), self._in_any_case.get(written.casefold())]
        if year:
            named = (self._in_any_case.get(name.casefold(), []), self._by_key.get(normalize_title(name), []))
            groups += [[position for position in positions if self.years[position] == year] for positions in named]
        if written:
            groups += [self._by_key.get(normalize_title(text))]
        if year and re.search(r"[(\[]", text):  # a year in brackets is no part of the title
            groups[-1] = [position for position in groups[-1] or [] if self.years[position] in (year, None)]
        return [positions for positions in groups if positions]

    def _first_look(self, query: str) -> np.ndarray:
        """Positions of the titles that share most pairs of letters with the query, for their length."""
        pairs = _letter_pairs(query) if query else set()
        found = [self._positions[pair] for pair in pairs if pair in self._positions]
        if not found:
            return np.arange(len(self.keys) if query else 0)
        shared = np.bincount(np.concatenate(found), minlength=len(self.keys)).astype(np.float32)
        share = shared / (len(pairs) + self._weights)
        rest = max(0, len(share) - FULL_SCORE_FOR)
        return np.argpartition(share, rest)[rest:]

    def _scores(self, query: str, positions: np.ndarray) -> np.ndarray:
        """How well some titles fit, 0 to 1."""
        keys = [self.keys[position] for position in positions]
        ways = [
            (1.00, fuzz.ratio, query, keys),
            (1.00, fuzz.token_sort_ratio, query, keys),
            (1.00, fuzz.ratio, query.replace(" ", ""), [key.replace(" ", "") for key in keys]),
            (0.92, fuzz.token_set_ratio, query, ["" if key.isdigit() else key for key in keys]),
            (0.93, fuzz.ratio, query, [key[: len(query)] for key in keys]),
        ]
        best = np.zeros(len(keys))
        for weight, scorer, text, titles in ways:
            np.maximum(best, weight * process.cdist([text], titles, scorer=scorer)[0], out=best)
        numbers = set(numbers_in(query))
        if numbers:
            best *= [1 if numbers <= set(numbers_in(key)) else 0.9 for key in keys]
        return (best / 100).round(4)


def _written(title: str) -> str:
    """A title as it is written, whatever its bytes: one form of each sign, single spaces."""
    return one_line(unicodedata.normalize("NFC", title))


def _positions_by(forms: Iterable[Iterable[str]]) -> dict[str, list[int]]:
    """Where each form stands, of titles that have one or several."""
    positions: dict[str, list[int]] = {}
    for position, own in enumerate(forms):
        for form in own:
            positions.setdefault(form, []).append(position)
    return positions


def _letter_pairs(key: str) -> set[str]:
    """Every two letters in a row, word by word, with the spaces around the words."""
    padded = f" {key} "
    return {padded[position : position + 2] for position in range(len(padded) - 1)}


def _split_year(text: str) -> tuple[str, int | None]:
    """Split ``"King Kong 1933"`` into ``("King Kong", 1933)``; a text without a year at its end gets None."""
    found = re.fullmatch(r"(.*\S)\s+[(\[]?((?:18|19|20)\d\d)[)\]]?\s*", text)
    return (found.group(1), int(found.group(2))) if found else (text, None)
