"""What two listings have in common: how their titles stand to each other, years, people and texts, in points."""

from __future__ import annotations

import functools
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from helpers.data.cells import read_years
from helpers.titles.forms import normalize_title, numbers_in, split_words, without_accents, year_in_brackets

if TYPE_CHECKING:
    from scipy.sparse import csr_array

TITLE_POINTS = {  # what the titles of two listings say, see `relate_titles`
    "same": 7,
    "nearly the same": 3,
    "alike": 2,
    "same ending": 2,
    "longer in the middle": -1,
    "one continues": -1,
    "different": -2,
    "same series": -14,
    "different numbers": -14,
}
YEAR_POINTS = {0: 1, 1: 0}  # by the years between them
NO_YEAR_POINTS, FAR_YEARS = -5, -99
PEOPLE_POINTS = {0.83: 5, 0.6: 4, 0.4: 3, 0.1: 0, 0.0: -5}  # from this similarity on
TEXT_POINTS = {0.8: 10, 0.6: 7, 0.3: 3, 0.1: 2, 0.035: 1, 0.0: 0}
NO_COMMON_TEXT = 0.02  # below this similarity, a point less, unless the people agree
NEARLY_THE_SAME = 90  # Levenshtein ratio of two titles, of 100
LIKE_TITLE = 80
CLOSE_ENDS = 55  # of what is left of two titles that begin alike: a typo, not another film of a series
LIKE_TEXT, LIKE_PEOPLE = 0.3, 0.4  # cosines from which a pair is looked at whatever its titles
ONE_OF_TWO = 0.82  # weight of the directors when a cast is missing, and the reverse
LEAST_WORDS = 3  # of a text, stop words left out, below which it tells nothing
MANY_TITLES = 5  # under which one and the same text stands: beyond, it tells nothing


class Clues(NamedTuple):
    """What is compared of some listings: titles in one form, years, and a sparse row of words for each text."""

    titles: list[str]
    years: np.ndarray
    texts: csr_array
    directors: csr_array
    casts: csr_array


def clues_of(listings: pd.DataFrame) -> Clues:
    """Bring listings into the form in which they are compared; a column that is not there is empty."""
    names = listings["title"].astype(str)
    columns = listings.reindex(columns=["year", "synopsis", "director", "cast"])
    known = read_years(columns["year"].map(str, na_action="ignore")).astype(float)
    years = known.fillna(names.map(year_in_brackets).astype(float)).to_numpy()
    titles = [normalize_title(title) for title in names]
    texts = _telling(columns["synopsis"], titles)
    return Clues(titles, years, *map(_word_weights, (texts, columns["director"], columns["cast"])))


def _telling(texts: pd.Series, titles: list[str]) -> pd.Series:
    """Without the texts that say nothing ("No description available."): very short, or under many titles.

    A text under several titles that names one of them ("Duck Soup is a comedy ...") belongs to that film; the others
    have it by mistake, as happens in catalogues that a program has collected.
    """
    under = pd.DataFrame({"text": texts.to_numpy(), "title": titles}).drop_duplicates()["text"].value_counts()
    words = texts.map(lambda text: len(_useful_words(text)) if isinstance(text, str) else 0)
    telling = texts.where((words >= LEAST_WORDS) & (texts.map(under) <= MANY_TITLES))
    shared = (telling.map(under) > 1).to_numpy()
    rows = zip(shared, telling, titles, strict=True)
    named = np.array(
        [again and f" {title} " in f" {' '.join(_words(text))} " for again, text, title in rows], dtype=bool
    )
    return telling.mask(telling.isin(telling[named]) & ~named)


def _words(text: str) -> list[str]:
    return split_words(without_accents(text.casefold()))


def _word_weights(texts: pd.Series) -> csr_array:
    """One sparse unit row per text, of the TF-IDF weights of its words; empty where there are none."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import TfidfVectorizer

    words = [_useful_words(text) if isinstance(text, str) else () for text in texts]
    if not any(words):
        return csr_array((len(texts), 1))
    return csr_array(TfidfVectorizer(sublinear_tf=True, analyzer=list).fit_transform(words))


def _useful_words(text: str) -> tuple[str, ...]:
    """Words of a text that say something, without the s of a plural."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = (word for word in _words(text) if len(word) > 1 and word not in ENGLISH_STOP_WORDS)
    return tuple(word.removesuffix("s") for word in words)


def compare(left: np.ndarray, right: np.ndarray, clues: Clues) -> pd.DataFrame:
    """Measures and points of pairs of positions."""
    ours, others = ([clues.titles[position] for position in side] for side in (left, right))
    people = np.stack([_cosines(left, right, rows) for rows in (clues.directors, clues.casts)])
    both = ~np.isnan(people).any(axis=0)
    pairs = pd.DataFrame(
        {
            "left": left,
            "right": right,
            "title_score": title_scores(ours, others),
            "year_gap": np.abs(clues.years[left] - clues.years[right]),
            "text_similarity": _cosines(left, right, clues.texts),
            "people_similarity": np.where(both, people.mean(axis=0), ONE_OF_TWO * np.fmax(*people)).round(3),
            "relation": np.array(list(map(relate_titles, ours, others, _ratios(ours, others))), dtype=object),
        }
    )
    return pairs.assign(points=count_points(pairs))


def count_points(pairs: pd.DataFrame) -> pd.Series:
    """Add up what titles, years, people and texts say of each pair, from the columns of `find_duplicates`."""
    years = pairs["year_gap"].map(YEAR_POINTS).fillna(FAR_YEARS).where(pairs["year_gap"].notna(), NO_YEAR_POINTS)
    points = pairs["relation"].map(TITLE_POINTS).astype(float) + years
    points -= (pairs["text_similarity"] < NO_COMMON_TEXT) & ~(pairs["people_similarity"] >= LIKE_PEOPLE)
    for column, scale in (("people_similarity", PEOPLE_POINTS), ("text_similarity", TEXT_POINTS)):
        reached = [pairs[column] >= least for least in scale]
        points += np.select(reached, list(scale.values()), 0)
    return points.astype(int)


def _cosines(left: np.ndarray, right: np.ndarray, rows: csr_array) -> np.ndarray:
    """Cosine of the rows at pairs of positions; NaN where a row is empty."""
    cosine = np.asarray(rows[left].multiply(rows[right]).sum(axis=1), dtype=float).ravel()
    speaks = np.diff(rows.indptr) > 0
    cosine[~(speaks[left] & speaks[right])] = np.nan
    return cosine.round(3)


def title_scores(left: list[str], right: list[str]) -> np.ndarray:
    """Score how alike two lists of normalized titles are, pair by pair, from 0 to 100.

    The larger of the Levenshtein ratio as the words stand and with the words sorted. Numbers count: the score is
    multiplied by 0.8 when one title has a number and the other has none (*Toy Story*, *Toy Story 2*), by 0.6 when both
    have and they differ. A title that holds all words of the other, whose number it may add, scores at least 80.
    """
    numbers = [(numbers_in(a), numbers_in(b)) for a, b in zip(left, right, strict=True)]
    clash = np.array([bool(a and b and a != b) for a, b in numbers], dtype=bool)
    lack = np.array([a != b for a, b in numbers], dtype=bool)
    score = _ratios(left, right)
    score = np.select([clash, lack], [0.6 * score, 0.8 * score], score)
    bare = [[" ".join(bare_words(title)[0]) for title in side] for side in (left, right)]
    holds = process.cpdist(*bare, scorer=fuzz.token_set_ratio, workers=-1) == 100
    return np.where(holds & ~clash, np.maximum(score, LIKE_TITLE), score).astype(float).round(1)


def _ratios(left: list[str], right: list[str]) -> np.ndarray:
    """The larger of the Levenshtein ratios as the words stand and with the words sorted, 0 to 100."""
    ways = (fuzz.ratio, fuzz.token_sort_ratio)
    return np.max([process.cpdist(left, right, scorer=way, workers=-1) for way in ways], axis=0)


def relate_titles(left: str, right: str, ratio: float | None = None) -> str:
    """Say how two normalized titles stand to each other, one of the keys of `TITLE_POINTS`.

    ``"same"`` to the letter, ``"nearly the same"`` (ratio 90), ``"alike"`` (80, or a typo in the last words). A sequel
    has ``"different numbers"``; a number before a shared subtitle is none. ``"one continues"`` where the other ends, as
    sequels do (*Alien*, *Alien: Covenant*). The name of an author goes in front, so a title that is the ``"same
    ending"`` of another is often one film with it. Two ``"same series"`` have words of their own beside the ones
    that they share, at the end or in front of the name of the series.

    Parameters
    ----------
    left, right : str
        As from `normalize_title`.
    ratio : float, optional
        Levenshtein ratio of the two, of 100, when it is known.
    """
    if left == right:
        return "same"
    ratio = _ratios([left], [right])[0] if ratio is None else ratio
    (short, numbers), (long, more) = bare_words(left), bare_words(right)
    if len(short) > len(long):
        short, long = long, short
    if numbers and more and numbers != more:
        return "different numbers"
    if ratio < LIKE_TITLE and short[0] != long[0] and short[-1] != long[-1]:
        return "different"
    if short == long and numbers != more:
        inside = not max(left, right, key=len).split()[-1].isdigit()  # a number before a subtitle
        return "nearly the same" if inside or "1" in numbers + more else "different numbers"
    begin = len(os.path.commonprefix([short, long]))
    end = len(os.path.commonprefix([short[begin:][::-1], long[begin:][::-1]]))
    own = [words[begin : len(words) - end] for words in (short, long)]
    rest = [" ".join(words) for words in own]
    typos = begin + end == len(short) or _differ_by_typos(*own)
    if ratio >= NEARLY_THE_SAME and numbers == more and typos:
        return "nearly the same"
    if begin + end == len(short):
        return "one continues" if not end else "longer in the middle" if begin else "same ending"
    if begin and {"movie", "film"} & {*rest}:
        return "one continues"
    if begin + end >= len(short) / 3 and not (begin and end):
        if typos if begin else fuzz.ratio(*rest) > LIKE_TITLE:
            return "alike"
        if begin or rest[0][0] != rest[1][0]:  # one with the same letter may be short for the other: HP
            return "same series"
    return "alike" if ratio >= LIKE_TITLE else "different"


@functools.lru_cache(maxsize=100_000)
def bare_words(title: str) -> tuple[list[str], tuple[str, ...]]:
    """Words of a title without its numbers (all words where it has nothing else), and the numbers."""
    words = title.split()
    return [word for word in words if not word.isdigit()] or words, numbers_in(title)


def _differ_by_typos(left: list[str], right: list[str]) -> bool:
    """Whether words are the same but for typos in each, or for the spaces between them."""
    if fuzz.ratio("".join(left), "".join(right)) >= NEARLY_THE_SAME:
        return True
    return len(left) == len(right) and all(fuzz.ratio(*pair) > CLOSE_ENDS for pair in zip(left, right, strict=True))
