"""Which pairs of listings are worth a comparison: a few of the millions, without a loop over all of them."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process

from helpers.titles.compare import LIKE_PEOPLE, LIKE_TEXT, LIKE_TITLE, Clues, bare_words
from helpers.titles.forms import numbers_in

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Pairs = tuple[np.ndarray, np.ndarray]  # of positions

MAX_YEAR_GAP = 1  # years: releases in two countries
MANY = 30  # listings that share a title ("Untitled") or a text: from here on, it tells nothing
CELLS_AT_ONCE = 2_000_000  # pairs that are looked at together: 8 MB
USUAL_LETTER = 0.01  # share of the titles from which a letter gets a column of its own


def near_in_years(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Whether years are so near that they may be two releases of one film; an unknown year is near every other."""
    return ~(np.abs(left - right) > MAX_YEAR_GAP)


def find_candidates(clues: Clues, positions: np.ndarray) -> Pairs:
    """Positions (i, j), i < j, of pairs near in years that have something in common."""
    found = [np.empty(0, dtype=int)]

    def keep(some: np.ndarray, pairs: Pairs) -> None:
        left, right = some[pairs[0]], some[pairs[1]]
        found.append(np.minimum(left, right) * len(clues.titles) + np.maximum(left, right))

    named = _told_apart(clues.titles, positions)
    titles, years = [clues.titles[position] for position in named], clues.years[named]
    if titles:
        numbers, code = np.unique([" ".join(numbers_in(title)) for title in titles], return_inverse=True)
        none = numbers[code] == ""
        for left, right in (close_titles(titles, LIKE_TITLE, years), _alike_rows(_word_rows(titles), years, None)):
            fits = (code[left] == code[right]) | none[left] | none[right]  # episodes of a series would be millions
            keep(named, (left[fits], right[fits]))
    for rows, least in ((clues.texts, LIKE_TEXT), (clues.directors, LIKE_PEOPLE), (clues.casts, LIKE_PEOPLE)):
        some = _told_apart(_row_keys(rows), positions)
        keep(some, _alike_rows(rows[some], clues.years[some], least))
    return np.divmod(np.unique(np.concatenate(found)), max(1, len(clues.titles)))


def positions_that_say_something(clues: Clues) -> np.ndarray:
    """Positions of the listings that have a text or people, or a title that not very many others have."""
    says = np.zeros(len(clues.titles), dtype=bool)
    says[_told_apart(clues.titles, np.arange(len(says)))] = True
    for rows in (clues.texts, clues.directors, clues.casts):
        says |= np.diff(rows.indptr) > 0
    return np.flatnonzero(says)


def _told_apart(keys: Sequence[Hashable], positions: np.ndarray) -> np.ndarray:
    """Those of some positions whose key is not shared by more than `MANY` of them."""
    own = pd.Series([keys[position] for position in positions], dtype=object)
    return positions[(own.map(own.value_counts()) <= MANY).to_numpy(dtype=bool)]


def _row_keys(rows: csr_array) -> list[bytes]:
    """Equal sparse rows have equal keys."""
    cells = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    return [rows.indices[a:b].tobytes() + rows.data[a:b].tobytes() for a, b in cells]


def _word_rows(titles: list[str]) -> csr_array:
    """One sparse row of zeros and ones a title, of its words without numbers."""
    from scipy.sparse import csr_array
    from sklearn.feature_extraction.text import CountVectorizer

    bare = [" ".join(bare_words(title)[0]) for title in titles]
    return csr_array(CountVectorizer(binary=True, token_pattern=r"\S+", dtype=np.int16).fit_transform(bare))


def close_titles(titles: list[str], least: float = 70, years: np.ndarray | list[float] | None = None) -> Pairs:
    """Find all pairs of titles whose Levenshtein ratio, as they stand or with sorted words, is at least `least`.

    The ratio of two texts is twice the length of their longest common subsequence by the sum of their lengths. It
    cannot be larger than the same with the letters that both have in any order, and those of a block of titles with
    all others are one matrix product. Only pairs that pass this bound are compared letter by letter.

    Parameters
    ----------
    titles : list of str
        As from `normalize_title`.
    least : float
        Of 100.
    years : array-like, optional
        (n_titles,) Pairs whose years are more than one apart are left out; NaN is near every year.

    Returns
    -------
    left, right : numpy.ndarray
        Positions of the pairs, left < right, in no particular order.

    References
    ----------
    The bound is the counting filter of P. Jokinen, J. Tarhio and E. Ukkonen (1996), A comparison of approximate string
    matching algorithms, Software: Practice and Experience 26(12), pages 1439-1458.
    """
    order = np.argsort([len(title) for title in titles], kind="stable")
    ordered = np.array(titles, dtype=object)[order]
    lengths = np.array([len(title) for title in ordered], dtype=np.float32)
    near = None if years is None else np.asarray(years, dtype=float)[order]
    ours, others = _letter_rows(ordered, lengths, least / 200)
    by_words = np.array([" ".join(sorted(title.split())) for title in ordered], dtype=object)
    longest = (200 - least) / max(least, 1)  # of two titles with that ratio, by the length of the shorter

    found = [np.empty((2, 0), dtype=int)]
    for start, end in _blocks(len(titles)):
        last = int(np.searchsorted(lengths, lengths[end - 1] * longest + 1e-3, side="right"))
        may = ours[start:end] @ others[start:last].T > -1e-3
        may[:, : end - start] &= np.triu(np.ones((end - start, end - start), dtype=bool), k=1)
        if near is not None:
            may &= near_in_years(near[start:end, None], near[None, start:last])
        pairs = np.array(np.divmod(np.flatnonzero(may), last - start)) + start
        close = _ratio_reaches(ordered, pairs, least)
        close[~close] = _ratio_reaches(by_words, pairs[:, ~close], least)
        found.append(pairs[:, close])
    pairs = np.sort(order[np.concatenate(found, axis=1)], axis=0)
    return pairs[0], pairs[1]


def _ratio_reaches(texts: np.ndarray, pairs: np.ndarray, least: float) -> np.ndarray:
    """Whether the Levenshtein ratio of each pair of positions is at least `least`."""
    return process.cpdist(*texts[pairs].tolist(), scorer=fuzz.ratio, score_cutoff=least) > 0


def _letter_rows(titles: np.ndarray, lengths: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose product is the number of letters that two titles have in common, minus `share` of all their letters.

    A letter that a title holds three times gives three ones, so that common letters count as often as both hold them.
    Of columns that few titles have, only their number is kept: half of it on either side is no less than what two
    titles have in common there.
    """
    letters, codes = np.unique(np.frombuffer("".join(titles).encode("utf-32-le"), dtype=np.uint32), return_inverse=True)
    cells = np.repeat(np.arange(len(titles)), lengths.astype(int)) * len(letters) + codes
    counts = np.bincount(cells, minlength=len(titles) * len(letters)).reshape(len(titles), -1)
    most = counts.max(axis=0)
    levels = [counts[:, letter] >= level for letter in range(len(letters)) for level in range(1, most[letter] + 1)]
    usual = [level for level in levels if level.mean() >= USUAL_LETTER]
    ones = np.array(usual, dtype=np.float32).reshape(-1, len(titles)).T
    lacks = ((lengths - ones.sum(axis=1)) / 2 - share * lengths)[:, None]
    one = np.ones((len(titles), 1), dtype=np.float32)
    return np.hstack([ones, lacks, one]), np.hstack([ones, one, lacks])


def _alike_rows(rows: csr_array, years: np.ndarray, least: float | None) -> Pairs:
    """Positions (i, j), i < j, near in years, of sparse rows whose product is at least `least`.

    Without `least`, rows hold zeros and ones, and all ones of one row stand in the other.
    """
    sizes, found = np.asarray(rows.sum(axis=1)).ravel(), [np.empty((2, 0), dtype=int)]
    for start, end in _blocks(rows.shape[0]):
        product = (rows[start:end] @ rows.T).tocoo()
        left, right = product.row.astype(int) + start, product.col.astype(int)
        enough = product.data >= (np.minimum(sizes[left], sizes[right]) if least is None else least)
        keep = enough & (left < right) & near_in_years(years[left], years[right])
        found.append(np.array([left[keep], right[keep]]))
    pairs = np.concatenate(found, axis=1)
    return pairs[0], pairs[1]


def _blocks(count: int) -> list[tuple[int, int]]:
    """Begin and end of blocks of rows that have at most `CELLS_AT_ONCE` cells with all rows."""
    rows = max(1, CELLS_AT_ONCE // max(1, count))
    return [(start, min(start + rows, count)) for start in range(0, count, rows)]
