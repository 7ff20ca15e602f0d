"""Titles: bring them to one form, measure how far apart they are, look them up despite typos, find duplicates."""

from __future__ import annotations

import functools
import html
import re
import unicodedata
from typing import NamedTuple

import numpy as np
import pandas as pd
from rapidfuzz import distance, fuzz, process

ARTICLES = "the|a|an"
TRAILING_ARTICLES = ARTICLES + "|le|la|les|l'|il|lo|el|los|las|der|die|das|den|det|de|het|o|os"
EDITION = (
    r"([\w']+ ){0,3}(edition|version|director'?s cut|extended cut|final cut|theatrical cut|widescreen|blu-?ray|dvd|vhs"
    r"|4k|uhd|remastered|unrated)\b"
)
ROMAN = {
    "ii": "2", "iii": "3", "iv": "4", "vi": "6", "vii": "7", "viii": "8", "ix": "9", "xi": "11", "xii": "12",
    "xiii": "13",
}  # fmt: skip
SHORT_ROMAN = {"v": "5", "x": "10"}  # only at the end of a name or after "Part": "Ford v Ferrari", "X-Men"
VERSUS = {"vs": "v", "versus": "v"}
STUDIO = r"^(?:walt )?(?:disney|marvel|pixar)'s (?=\w)"
DIGITS_AS_LETTERS = str.maketrans("013457", "oieasv")  # as in "Se7en"
PART = "(?:part|volume|vol|episode|ep|chapter)"
NUMBERED = rf"(\b{PART}\.? )([vx])\b|(?<=[\w:] )([vx])(?=\s*(?:$|[:,(\[/]| -))"
COUNTED = {
    "one": "1", "two": "2", "three": "3", "four": "4", "five": "5", "six": "6", "seven": "7", "eight": "8",
    "nine": "9", "ten": "10", "eleven": "11", "twelve": "12",
}  # fmt: skip
STROKES = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "·": " "})
FRACTIONS = "[¼-¾⅐-⅞]"
TRADE_MARKS = re.compile("[™®©℠]")
OTHER_LETTERS = 0x0400  # from here on, after Latin and Greek, a combining sign makes another letter, not an accent
LATIN_AND_GREEK_AGAIN = range(0x1E00, 0x2000)
PICTURES = 0x2190  # from here on, a symbol (an arrow, a heart, an emoji) says something by itself
ASCII_WORDS = re.compile(r"[a-z0-9#+%]+")
KEPT_SIGNS = "#+%"  # tell "C#" from "C++", and "3%" from "3"


def normalize_title(title: str) -> str:
    """Bring a title to the form in which titles are compared.

    Case, accents, punctuation, HTML entities, a year in brackets, marks of an edition and articles at the start or
    after the last comma go; ``&`` and a free-standing ``+`` become "and"; number words up to twelve and Roman numerals
    after the first word become figures, and "Part 2", "Volume Two" or "Episode II" become 2. A studio's name in front
    goes as well, and a digit between two letters is read as the letter that it stands for.

    What makes another word stays: the signs of scripts other than Latin and Greek (vowels in Hindi and Thai, the two
    strokes that turn Japanese ka into ga), symbols and emoji, and ``#``, ``+``, ``%`` next to a word.

    Parameters
    ----------
    title : str
        A title as people write it, such as ``"Matrix, The (1999)"``.

    Returns
    -------
    str
        Lower-case words separated by one space, such as ``"matrix"``. A title that would vanish is kept.
    """
    text = TRADE_MARKS.sub("", html.unescape(title)).casefold().translate(STROKES).replace("’", "'")
    text = _without_accents(re.sub(rf"(?<=\d)(?={FRACTIONS})", " ", text))
    text = re.sub(r"[(\[]\s*\d{4}\s*[)\]]", " ", text)
    text = re.sub(rf"[(\[][^)\]]*\b{EDITION}[^)\]]*[)\]]|\s*[-:/]\s+{EDITION}.*$", " ", text)
    text = re.sub(rf"^(.+),\s*({TRAILING_ARTICLES})\s*(?=$|[(\[:])", r"\1 ", text.strip(" -:()[]"))
    text = re.sub(NUMBERED, lambda found: (found[1] or "") + SHORT_ROMAN[found[2] or found[3]], text)
    text = re.sub(r"\b[dl]'(?=\w)", "", re.sub(STUDIO, "", text))
    text = re.sub(r"(?<=[a-z])[013457](?=[a-z])", lambda digit: digit[0].translate(DIGITS_AS_LETTERS), text)
    text = re.sub(r"(?<=\w)['*](?=\w)|(?<=\w)\.(?=\w\.)", "", re.sub(r"&| \+ ", " and ", text))
    words = split_words(text)
    if len(words) > 1 and re.fullmatch(ARTICLES, words[0]):
        words = words[1:]
    numbered = " ".join(words[:1] + [(ROMAN | VERSUS).get(word, word) for word in words[1:]])
    numbers = "|".join(COUNTED)
    counted = re.sub(rf"\b(?:{PART} )?({numbers}|\d+)\b", lambda found: COUNTED.get(found[1], found[1]), numbered)
    return counted or " ".join(title.split()).casefold()


def _without_accents(text: str) -> str:
    """Compatibility forms in their plain letters, without the accents of Latin and Greek ones."""
    if text.isascii():
        return text
    kept, base = [], 0
    for sign in unicodedata.normalize("NFKD", text):
        if unicodedata.combining(sign) and (base < OTHER_LETTERS or base in LATIN_AND_GREEK_AGAIN):
            continue
        if not unicodedata.category(sign).startswith("M"):
            base = ord(sign)
        kept.append(sign)
    return unicodedata.normalize("NFC", "".join(kept))


def split_words(text: str) -> list[str]:
    """Split a text into words: runs of letters, their signs, figures, symbols, and of ``#``, ``+``, ``%``.

    Signs that only such runs consist of are no words: a lone ``+`` or ``#`` goes.
    """
    if text.isascii():
        words = ASCII_WORDS.findall(text)
    else:
        words = "".join(sign if _is_written(sign) else " " for sign in text).split()
    return [word for word in words if word.strip(KEPT_SIGNS)]


def _is_written(sign: str) -> bool:
    """Whether a sign is part of a word."""
    kind = unicodedata.category(sign)
    return kind[0] in "LNM" or sign in KEPT_SIGNS or (kind in ("So", "Sk") and ord(sign) >= PICTURES)


def levenshtein_table(left: str, right: str) -> np.ndarray:
    """Fill the table of edit distances between all beginnings of two texts.

    Cell (i, j) is the least number of insertions, deletions and replacements of one character that turn the first i
    characters of `left` into the first j of `right`: the smallest of the cell above plus 1, the cell to the left plus
    1, and the cell diagonally above plus 0 or 1.

    Returns
    -------
    numpy.ndarray
        (len(left) + 1, len(right) + 1) of integers; the distance is in the last cell.

    References
    ----------
    R. A. Wagner and M. J. Fischer (1974), The string-to-string correction problem, J. ACM 21(1), pages 168-173.
    """
    table = np.zeros((len(left) + 1, len(right) + 1), dtype=int)
    table[:, 0] = range(len(left) + 1)
    table[0, :] = range(len(right) + 1)
    for i, a in enumerate(left, start=1):
        for j, b in enumerate(right, start=1):
            table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b))
    return table


def levenshtein(left: str, right: str) -> int:
    """Count the insertions, deletions and replacements of one character that turn `left` into `right`."""
    return int(levenshtein_table(left, right)[-1, -1])


# ---- duplicates ------------------------------------------------------------------------------------------------

TITLE_POINTS = {  # what the titles of two listings say, see `relate_titles`
    "same": 7,
    "nearly the same": 3,
    "alike": 2,
    "same ending": 2,
    "one within the other": -1,
    "one goes on": -1,
    "different": -2,
    "of one series": -14,
    "another number": -14,
}
YEAR_POINTS = {0: 1, 1: 0}  # by the years between them
NO_YEAR_POINTS, FAR_YEARS = -5, -99
PEOPLE_POINTS = {0.83: 5, 0.6: 4, 0.4: 3, 0.1: 0, 0.0: -5}  # from this similarity on
TEXT_POINTS = {0.8: 10, 0.6: 7, 0.3: 3, 0.1: 2, 0.035: 1, 0.0: 0}
NO_COMMON_TEXT = 0.02  # below this similarity, a point less, unless the people agree
NEEDED = 4  # points from which two listings are one film, in a catalogue where duplicates are usual
NEEDED_WHERE_RARE = 8  # the same in a catalogue where they are rare: a certain pair
USUAL = 0.08  # certain pairs per listing from which duplicates are usual
OF_A_GROUP = 2  # points that any two listings of one group have at least

NEARLY_THE_SAME = 90  # Levenshtein ratio of two titles, of 100
LIKE_TITLE = 80
CLOSE_ENDS = 55  # of what is left of two titles that begin alike: a typo, not another film of a series
LIKE_TEXT, LIKE_PEOPLE = 0.3, 0.4  # cosines from which a pair is looked at whatever its titles
ONE_OF_TWO = 0.82  # weight of the directors when a cast is missing, and the reverse
MAX_YEAR_GAP = 1  # years: releases in two countries
LEAST_WORDS = 3  # of a text, stop words left out, below which it tells nothing
MANY_TITLES = 5  # under which one and the same text stands: beyond, it tells nothing
MANY = 30  # listings that share a title ("Untitled") or a text: from here on, it tells nothing
LARGE = 100  # listings of one film that are still looked at pair by pair
CELLS_AT_ONCE = 2_000_000  # pairs that are looked at together: 8 MB
USUAL_LETTER = 0.01  # share of the titles from which a letter gets a column of its own


def adjacent_duplicates(listings: pd.DataFrame, max_distance: int = 3) -> pd.DataFrame:
    """Apply the rule of thumb of many tutorials: sort by title, and drop a row whose title is close to the next one.

    It is kept here to be taught and measured, not to be used: see `find_duplicates`.

    Parameters
    ----------
    listings : pandas.DataFrame
        Needs a column ``title``.
    max_distance : int
        Levenshtein distance up to which two neighbours in sort order count as one title.

    Returns
    -------
    pandas.DataFrame
        One row a dropped listing: ``left`` (the id that is dropped), ``right`` (the next one), ``distance``.
    """
    titles = listings["title"].sort_values(kind="stable")
    pairs = pd.DataFrame({"left": titles.index[:-1], "right": titles.index[1:]})
    pairs["distance"] = process.cpdist(titles[:-1].tolist(), titles[1:].tolist(), scorer=distance.Levenshtein.distance)
    return pairs[pairs["distance"] <= max_distance].reset_index(drop=True)


class _Clues(NamedTuple):
    """What is compared of some listings: titles in one form, years, and a sparse row of words for each text."""

    titles: list[str]
    years: np.ndarray
    texts: object
    directors: object
    casts: object


def _clues_of(listings: pd.DataFrame) -> _Clues:
    in_title = [_year_in_brackets(title) for title in listings["title"]]
    years = np.array([np.nan if year is None else year for year in in_title])
    if "year" in listings:
        years = np.where(listings["year"].isna(), years, listings["year"].astype(float))
    titles = [normalize_title(title) for title in listings["title"]]
    texts = _telling(listings["synopsis"], titles) if "synopsis" in listings else None
    rows = (_word_weights(column) for column in (texts, listings.get("director"), listings.get("cast")))
    return _Clues(titles, years, *rows)


def _telling(texts: pd.Series, titles: list[str]) -> pd.Series:
    """Without the texts that say nothing ("No description available."): very short, or under many titles."""
    under = pd.DataFrame({"text": texts.to_numpy(), "title": titles}).drop_duplicates()["text"].value_counts()
    words = texts.map(lambda text: len(_useful_words(text)) if isinstance(text, str) else 0)
    return texts.where((words >= LEAST_WORDS) & (texts.map(under) <= MANY_TITLES))


def compare_listings(listings: pd.DataFrame) -> pd.DataFrame:
    """Compare all pairs of listings whose years are at most one apart, or unknown: slow, and nothing is left out.

    Parameters
    ----------
    listings : pandas.DataFrame
        As for `find_duplicates`.

    Returns
    -------
    pandas.DataFrame
        One row a pair, in the order of the listings: the columns of `find_duplicates` but the last.
    """
    listings = _with_title(listings)
    clues = _clues_of(listings)
    left, right = np.triu_indices(len(listings), 1)
    near = ~(np.abs(clues.years[left] - clues.years[right]) > MAX_YEAR_GAP)
    return _named(_compare(left[near], right[near], clues), listings.index)


def find_duplicates(listings: pd.DataFrame, *, needed: int | None = None) -> pd.DataFrame:
    """Find the listings that are the same film, by the points that titles, years, people and texts give a pair.

    The points stand in `TITLE_POINTS`, `YEAR_POINTS`, `PEOPLE_POINTS` and `TEXT_POINTS`; what nobody knows gives none,
    and speaks neither for nor against a pair, but a missing year costs. Two listings with `needed` points are linked,
    strongest link first, unless that would join two with fewer than `OF_A_GROUP` points: a group holds together as a
    whole. A title or a text that very many listings share is passed over.

    Parameters
    ----------
    listings : pandas.DataFrame
        Needs ``title``; ``year``, ``synopsis``, ``director`` and ``cast`` are used where they stand. The index names
        the listings. Rows without title are passed over.
    needed : int, optional
        Points that make a duplicate. By default 4 (`NEEDED`) where certain duplicates are usual, and 7
        (`NEEDED_WHERE_RARE`) in a catalogue that has hardly any.

    Returns
    -------
    pandas.DataFrame
        One row a candidate pair, best first: ``left``, ``right`` (ids), ``title_score`` (0 to 100, see `title_scores`),
        ``year_gap`` (NaN when a year is missing), ``text_similarity`` (cosine of the TF-IDF vectors of the synopses;
        NaN when a listing has none), ``people_similarity`` (mean of the same of directors and of casts), ``relation``
        (of the titles, see `relate_titles`), ``points``, ``duplicate``. Of more than 30 copies of one listing, each is
        paired with the first alone.

    Raises
    ------
    ValueError
        When two listings have the same id.
    """
    listings = _with_title(listings)
    clues = _clues_of(listings)
    first = _first_copies(listings, clues)
    left, right = _candidates(clues, np.flatnonzero(first == np.arange(len(first))))
    copies = np.setdiff1d(_that_say_something(clues), first)
    left, right = np.concatenate([left, first[copies]]), np.concatenate([right, copies])
    pairs = _compare(left, right, clues)
    if needed is None:
        certain = int((pairs["points"] >= NEEDED_WHERE_RARE).sum())
        needed = NEEDED if (certain + 2) / (len(listings) + 20) >= USUAL else NEEDED_WHERE_RARE
    group = _groups(pairs, clues, needed)
    known = set(zip(pairs["left"], pairs["right"], strict=True))
    implied = [pair for pair in _pairs_within(group) if pair not in known]
    if implied:
        pairs = pd.concat([pairs, _compare(*np.array(implied).T, clues)], ignore_index=True)
    pairs["duplicate"] = group[pairs["left"]] == group[pairs["right"]]
    order = ["duplicate", "points", "title_score", "text_similarity", "left", "right"]
    pairs = _named(pairs, listings.index)
    return pairs.sort_values(order, ascending=[False] * 4 + [True] * 2).reset_index(drop=True)


def _with_title(listings: pd.DataFrame) -> pd.DataFrame:
    if not listings.index.is_unique:
        twice = listings.index[listings.index.duplicated()][0]
        raise ValueError(f"find_duplicates: id {twice} stands twice; the index of the listings must be unique.")
    return listings[listings["title"].fillna("").astype(str).str.strip() != ""]


def _named(pairs: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    return pairs.assign(left=ids[pairs["left"]], right=ids[pairs["right"]])


def _first_copies(listings: pd.DataFrame, clues: _Clues) -> np.ndarray:
    """The place of the first listing that says exactly the same as each one."""
    said = listings.reindex(columns=["synopsis", "director", "cast"]).assign(title=clues.titles, year=clues.years)
    group = said.groupby(list(said), dropna=False, sort=False).ngroup().to_numpy()
    return np.unique(group, return_index=True)[1][group]


def _that_say_something(clues: _Clues) -> np.ndarray:
    """Places of the listings that have a text or people, or a title that not very many others have."""
    says = np.zeros(len(clues.titles), dtype=bool)
    says[_told_apart(clues.titles, np.arange(len(says)))] = True
    for rows in (clues.texts, clues.directors, clues.casts):
        if rows is not None:
            says |= np.diff(rows.indptr) > 0
    return np.flatnonzero(says)


def title_scores(left: list[str], right: list[str]) -> np.ndarray:
    """Score how alike two lists of normalized titles are, pair by pair, from 0 to 100.

    The larger of the Levenshtein ratio as the words stand and with the words sorted. Numbers count: the score is
    multiplied by 0.8 when one title has a number and the other has none (*Toy Story*, *Toy Story 2*), by 0.6 when both
    have and they differ. A title that holds all words of the other, whose number it may add, scores at least 80.
    """
    score = _ratios(left, right)
    numbers = [(_numbers(a), _numbers(b)) for a, b in zip(left, right, strict=True)]
    clash = np.array([bool(a and b and a != b) for a, b in numbers], dtype=bool)
    lack = np.array([a != b for a, b in numbers], dtype=bool) & ~clash
    bare = [[" ".join(_bare_words(title)[0]) for title in side] for side in (left, right)]
    holds = process.cpdist(*bare, scorer=fuzz.token_set_ratio, workers=-1) == 100
    score = np.select([clash, lack], [0.6 * score, 0.8 * score], score)
    return np.where(holds & ~clash, np.maximum(score, LIKE_TITLE), score).astype(float).round(1)


def _ratios(left: list[str], right: list[str]) -> np.ndarray:
    """The larger of the Levenshtein ratios as the words stand and with the words sorted, 0 to 100."""
    ways = (fuzz.ratio, fuzz.token_sort_ratio)
    return np.max([process.cpdist(left, right, scorer=way, workers=-1) for way in ways], axis=0)


@functools.lru_cache(maxsize=100_000)
def _numbers(title: str) -> tuple[str, ...]:
    return tuple(re.findall(r"\b[1-9]\d*\b", title))


def relate_titles(left: str, right: str, ratio: float | None = None) -> str:
    """Say how two normalized titles stand to each other, one of the keys of `TITLE_POINTS`.

    ``"same"`` to the letter, ``"nearly the same"`` (ratio 90), ``"alike"`` (80, or a typo in the last words). A sequel
    has ``"another number"``; a number before a shared subtitle is none. ``"one goes on"`` where the other ends, as
    sequels do (*Alien*, *Alien: Covenant*). The name of an author goes in front, so a title that is the ``"same
    ending"`` of another is often one film with it. Two ``"of one series"`` have words of their own beside the ones
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
    (short, numbers), (long, more) = _bare_words(left), _bare_words(right)
    if len(short) > len(long):
        short, long = long, short
    if numbers and more and numbers != more:
        return "another number"
    if ratio < LIKE_TITLE and short[0] != long[0] and short[-1] != long[-1]:
        return "different"
    if short == long and numbers != more:
        return "nearly the same" if _number_inside(left, right) or "1" in numbers + more else "another number"
    begin = _shared_words(short, long)
    end = _shared_words(short[begin:][::-1], long[begin:][::-1])
    own = [" ".join(words[begin : len(words) - end]) for words in (short, long)]
    typos = begin + end == len(short) or fuzz.ratio(*own) > CLOSE_ENDS
    if ratio >= NEARLY_THE_SAME and numbers == more and typos:
        return "nearly the same"
    if begin + end == len(short):
        return "one goes on" if not end else "one within the other" if begin else "same ending"
    if begin and {"movie", "film"} & {*own}:
        return "one goes on"
    if begin + end >= len(short) / 3 and not (begin and end):
        if typos if begin else fuzz.ratio(*own) > LIKE_TITLE:
            return "alike"
        if begin or own[0][0] != own[1][0]:  # one with the same letter may be short for the other: HP
            return "of one series"
    return "alike" if ratio >= LIKE_TITLE else "different"


@functools.lru_cache(maxsize=100_000)
def _bare_words(title: str) -> tuple[list[str], tuple[str, ...]]:
    """Words of a title without its numbers (all words where it has nothing else), and the numbers."""
    words = title.split()
    return [word for word in words if not word.isdigit()] or words, _numbers(title)


def _number_inside(left: str, right: str) -> bool:
    """Whether the longer of two titles ends in a word, so that its number stands before a subtitle."""
    return not max(left, right, key=len).split()[-1].isdigit()


def _shared_words(left: list[str], right: list[str]) -> int:
    """How many words two lists have in common from the first on."""
    pairs = zip(left, right, strict=False)
    return next((place for place, (a, b) in enumerate(pairs) if a != b), min(len(left), len(right)))


def _word_rows(titles: list[str]):
    """One sparse row of zeros and ones a title, of its words without numbers."""
    from sklearn.feature_extraction.text import CountVectorizer

    bare = [" ".join(_bare_words(title)[0]) for title in titles]
    return CountVectorizer(binary=True, token_pattern=r"\S+", dtype=np.int16).fit_transform(bare)


def _word_weights(texts: pd.Series | None):
    """One sparse unit row a text, of the TF-IDF weights of its words; None when no text has any."""
    if texts is None:
        return None
    words = [_useful_words(text) if isinstance(text, str) else () for text in texts]
    if not any(words):
        return None
    from sklearn.feature_extraction.text import TfidfVectorizer

    return TfidfVectorizer(sublinear_tf=True, analyzer=list).fit_transform(words)


def _useful_words(text: str) -> tuple[str, ...]:
    """Words of a text that say something, without the s of a plural."""
    from sklearn.feature_extraction.text import ENGLISH_STOP_WORDS

    words = split_words(_without_accents(text.casefold()))
    return tuple(word.removesuffix("s") for word in words if len(word) > 1 and word not in ENGLISH_STOP_WORDS)


def _candidates(clues: _Clues, places: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Places (i, j), i < j, of pairs near in years that have something in common."""
    found = [np.empty(0, dtype=int)]

    def look(some: np.ndarray, pairs) -> None:
        left, right = (some[side] for side in pairs)
        found.append(np.minimum(left, right) * len(clues.titles) + np.maximum(left, right))

    named = _told_apart(clues.titles, places)
    titles, years = [clues.titles[place] for place in named], clues.years[named]
    if len(named) > 1:
        numbers = np.unique([" ".join(_numbers(title)) for title in titles], return_inverse=True)
        for pairs in (close_titles(titles, LIKE_TITLE, years), _alike_rows(_word_rows(titles), years, None)):
            look(named, _no_other_number(pairs, *numbers))
    for rows, least in ((clues.texts, LIKE_TEXT), (clues.directors, LIKE_PEOPLE), (clues.casts, LIKE_PEOPLE)):
        if rows is not None:
            some = _told_apart(_row_keys(rows), places)
            look(some, _alike_rows(rows[some], clues.years[some], least))
    return np.divmod(np.unique(np.concatenate(found)), max(1, len(clues.titles)))


def _told_apart(keys: list, places: np.ndarray) -> np.ndarray:
    """Those of some places whose key is not shared by more than `MANY` of them."""
    own = pd.Series([keys[place] for place in places], index=places, dtype=object)
    return places[(own.map(own.value_counts()) <= MANY).to_numpy(dtype=bool)]


def _row_keys(rows) -> list[bytes]:
    """Equal sparse rows have equal keys."""
    cells = zip(rows.indptr[:-1], rows.indptr[1:], strict=True)
    return [rows.indices[a:b].tobytes() + rows.data[a:b].tobytes() for a, b in cells]


def _no_other_number(pairs, names: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Leave out pairs of titles whose numbers differ: episodes of a series would be millions."""
    left, right = pairs
    fits = (code[left] == code[right]) | (names[code[left]] == "") | (names[code[right]] == "")
    return np.array([left, right])[:, fits]


def close_titles(titles: list[str], least: float = 70, years=None) -> tuple[np.ndarray, np.ndarray]:
    """Find all pairs of titles whose Levenshtein ratio, as they stand or with sorted words, is at least `least`.

    The ratio of two texts is twice the length of their longest common subsequence by the sum of their lengths. It
    cannot be larger than the same with the letters that both have in any order, and those of a block of titles with
    all others are one matrix product. Only pairs that pass this bound are compared letter by letter.

    Parameters
    ----------
    titles : list of str
        As from `normalize_title`, with one space between words.
    least : float
        Of 100.
    years : array-like, optional
        (n_titles,) Pairs whose years are more than one apart are left out; NaN is near every year.

    Returns
    -------
    left, right : numpy.ndarray
        Places of the pairs, left < right, in no particular order.

    References
    ----------
    The bound is the counting filter of P. Jokinen, J. Tarhio and E. Ukkonen (1996), A comparison of approximate string
    matching algorithms, Software: Practice and Experience 26(12), pages 1439-1458.
    """
    order = np.argsort([len(title) for title in titles], kind="stable")
    ordered = np.array(titles, dtype=object)[order]
    lengths = np.array([len(title) for title in ordered], dtype=np.float32)
    years = None if years is None else np.asarray(years, dtype=float)[order]
    ours, others = _letter_rows(ordered, lengths, least / 200)
    by_words = np.array([" ".join(sorted(title.split())) for title in ordered], dtype=object)
    longest = (200 - least) / max(least, 1)  # of two titles with that ratio, by the length of the shorter

    found = [np.empty((2, 0), dtype=int)]
    for start, end in _blocks(len(titles)):
        last = int(np.searchsorted(lengths, lengths[end - 1] * longest + 1e-3, side="right"))
        may = ours[start:end] @ others[start:last].T > -1e-3
        may[:, : end - start] &= np.triu(np.ones((end - start, end - start), dtype=bool), k=1)
        if years is not None:
            may &= ~(np.abs(years[start:end, None] - years[None, start:last]) > MAX_YEAR_GAP)
        pairs = np.array(np.divmod(np.flatnonzero(may), last - start)) + start
        close = _ratio_reaches(ordered, pairs, least)
        close[~close] = _ratio_reaches(by_words, pairs[:, ~close], least)
        found.append(pairs[:, close])
    pairs = np.sort(order[np.concatenate(found, axis=1)], axis=0)
    return pairs[0], pairs[1]


def _ratio_reaches(texts: np.ndarray, pairs: np.ndarray, least: float) -> np.ndarray:
    """Whether the Levenshtein ratio of each pair of places, in the order of the first, is at least `least`."""
    left, right, scores = pairs[0], texts[pairs[1]].tolist(), [np.empty((1, 0), dtype=np.float32)]
    begins = np.flatnonzero(np.diff(left, prepend=-1))
    for text, begin, end in zip(texts[left[begins]], begins, [*begins[1:], len(left)], strict=False):
        scores.append(process.cdist([text], right[begin:end], scorer=fuzz.ratio, score_cutoff=least))
    return np.concatenate(scores, axis=1)[0] > 0


def _letter_rows(titles, lengths: np.ndarray, share: float) -> tuple[np.ndarray, np.ndarray]:
    """Rows whose product is the number of letters that two titles have in common, minus `share` of all their letters.

    A letter that a title holds three times gives three ones, so that common letters count as often as both hold them.
    Of columns that few titles have, only their number is kept: half of it on either side is no less than what two
    titles have in common there.
    """
    text = np.frombuffer("".join(titles).encode("utf-32-le"), dtype=np.uint32)
    letters, codes = np.unique(text, return_inverse=True)
    cells = np.repeat(np.arange(len(titles)), lengths.astype(int)) * len(letters) + codes
    counts = np.bincount(cells, minlength=len(titles) * len(letters)).reshape(len(titles), -1)
    levels = [
        counts[:, column] >= level for column, most in enumerate(counts.max(axis=0)) for level in range(1, most + 1)
    ]
    usual = (
        np.array([level for level in levels if level.mean() >= USUAL_LETTER], dtype=np.float32)
        .reshape(-1, len(titles))
        .T
    )
    rest = lengths - usual.sum(axis=1)
    lacks, one = (rest / 2 - share * lengths)[:, None], np.ones((len(titles), 1), dtype=np.float32)
    return np.hstack([usual, lacks, one]), np.hstack([usual, one, lacks])


def _alike_rows(rows, years: np.ndarray, least: float | None) -> tuple[np.ndarray, np.ndarray]:
    """Places (i, j), i < j, near in years, of sparse rows whose product is at least `least`.

    Without `least`, rows hold zeros and ones, and all ones of one row stand in the other.
    """
    sizes, found = np.asarray(rows.sum(axis=1)).ravel(), [np.empty((2, 0), dtype=int)]
    for start, end in _blocks(rows.shape[0]):
        product = (rows[start:end] @ rows.T).tocoo()
        left, right = product.row.astype(int) + start, product.col.astype(int)
        enough = product.data >= (np.minimum(sizes[left], sizes[right]) if least is None else least)
        keep = enough & (left < right) & ~(np.abs(years[left] - years[right]) > MAX_YEAR_GAP)
        found.append(np.array([left[keep], right[keep]]))
    pairs = np.concatenate(found, axis=1)
    return pairs[0], pairs[1]


def _blocks(count: int):
    """Begin and end of blocks of rows that have at most `CELLS_AT_ONCE` cells with all rows."""
    rows = max(1, CELLS_AT_ONCE // max(1, count))
    return [(start, min(start + rows, count)) for start in range(0, count, rows)]


def _compare(left: np.ndarray, right: np.ndarray, clues: _Clues) -> pd.DataFrame:
    """Measures and points of pairs of places."""
    names = [[clues.titles[place] for place in side] for side in (left, right)]
    people = np.stack([_cosines(left, right, rows) for rows in (clues.directors, clues.casts)])
    both = ~np.isnan(people).any(axis=0)
    ratios = _ratios(*names) if len(left) else []
    pairs = {
        "left": left,
        "right": right,
        "title_score": title_scores(*names) if len(left) else np.empty(0),
        "year_gap": np.abs(clues.years[left] - clues.years[right]),
        "text_similarity": _cosines(left, right, clues.texts),
        "people_similarity": np.where(both, people.mean(axis=0), ONE_OF_TWO * np.fmax(*people)).round(3),
        "relation": np.array([relate_titles(*pair) for pair in zip(*names, ratios, strict=True)], dtype=object),
    }
    pairs = pd.DataFrame(pairs)
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


def _cosines(left: np.ndarray, right: np.ndarray, rows) -> np.ndarray:
    """Cosine of the rows at pairs of places; NaN where a row is empty."""
    if rows is None:
        return np.full(len(left), np.nan)
    cosine = np.asarray(rows[left].multiply(rows[right]).sum(axis=1), dtype=float).ravel()
    speaks = np.diff(rows.indptr) > 0
    cosine[~(speaks[left] & speaks[right])] = np.nan
    return cosine.round(3)


def _groups(pairs: pd.DataFrame, clues: _Clues, needed: int) -> np.ndarray:
    """Number the films: follow the links, strongest first, where any two listings of the group have some points."""
    links = pairs[pairs["points"] >= needed].sort_values("points", ascending=False, kind="stable")
    loose = _films(links["left"], links["right"], len(clues.titles))
    points = dict(zip(zip(pairs["left"], pairs["right"], strict=True), pairs["points"], strict=True))
    unknown = [pair for pair in _pairs_within(loose) if pair not in points]
    if unknown:
        points |= dict(zip(unknown, _compare(*np.array(unknown).T, clues)["points"], strict=True))
    members = {}
    for left, right in zip(links["left"], links["right"], strict=True):
        ours, others = members.setdefault(left, [left]), members.setdefault(right, [right])
        if ours is others:
            continue
        between = [points.get((min(a, b), max(a, b)), needed) for a in ours for b in others]
        if min(between) >= OF_A_GROUP:
            ours += others
            members.update(dict.fromkeys(others, ours))
    group = np.arange(len(clues.titles))
    for place, together in members.items():
        group[place] = min(together)
    return group


def _pairs_within(group: np.ndarray) -> list[tuple[int, int]]:
    """All pairs of places of one group; in a group of more than `LARGE`, the first with each other."""
    pairs = []
    for places in pd.Series(group).groupby(group).groups.values():
        places = places.tolist()
        firsts = places if len(places) <= LARGE else places[:1]
        pairs += [(a, b) for i, a in enumerate(firsts) for b in places[i + 1 :]]
    return pairs


def _films(left, right, count: int) -> np.ndarray:
    """Number the films of `count` listings, of which those at places `left` and `right` are the same."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left)), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def true_pairs(truth: pd.Series) -> set[tuple]:
    """Every pair of listings that are the same film, as (smaller id, larger id)."""
    groups = truth.groupby(truth).groups.values()
    ordered = [sorted(group) for group in groups]
    return {(a, b) for group in ordered for place, a in enumerate(group) for b in group[place + 1 :]}


def pair_precision_recall(pairs: pd.DataFrame, truth: pd.Series) -> tuple[float, float]:
    """Judge found pairs by the truth.

    Parameters
    ----------
    pairs : pandas.DataFrame
        Needs ``left`` and ``right``; every row claims that the two listings are one film.
    truth : pandas.Series
        The film of each listing, see `helpers.data.load_duplicates`.

    Returns
    -------
    tuple of float
        Precision, the share of the claims that are true (1.0 when nothing is claimed), and recall, the share of the
        true pairs that were found.
    """
    found = {tuple(sorted(pair)) for pair in zip(pairs["left"], pairs["right"], strict=True)}
    real = true_pairs(truth)
    right = len(found & real)
    return (right / len(found) if found else 1.0), (right / len(real) if real else 1.0)


def merge_duplicates(listings: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Keep one listing of every film, and fill its gaps from the others.

    Parameters
    ----------
    listings : pandas.DataFrame
        The raw listings.
    pairs : pandas.DataFrame
        As from `find_duplicates`; rows with ``duplicate`` count, all rows where that column is missing. An empty table
        says that there are no duplicates, and every listing is kept.

    Returns
    -------
    pandas.DataFrame
        One row per film. The listing with the fewest missing cells is kept, of equals the one with the longest
        synopsis, then the smallest id; its missing cells are taken from its duplicates in the same order.

    Raises
    ------
    ValueError
        When an id stands twice, or when a pair names a listing that is not there.
    """
    if not listings.index.is_unique:
        twice = listings.index[listings.index.duplicated()][0]
        raise ValueError(f"merge_duplicates: id {twice} stands twice; the index of the listings must be unique.")
    if pairs.empty:
        return listings.sort_index()
    linked = pairs[pairs["duplicate"].to_numpy(dtype=bool)] if "duplicate" in pairs else pairs
    places = [listings.index.get_indexer(linked[side]) for side in ("left", "right")]
    for side, found in zip(("left", "right"), places, strict=True):
        if (found < 0).any():
            raise ValueError(f"merge_duplicates: the listings have no id {linked[side].to_numpy()[found < 0][0]}.")
    film = pd.Series(_films(*places, len(listings)), index=listings.index)
    texts = listings["synopsis"] if "synopsis" in listings else pd.Series("", index=listings.index)
    words = texts.map(lambda text: len(text) if isinstance(text, str) else 0)
    quality = pd.DataFrame({"gaps": listings.isna().sum(axis=1), "words": -words, "film": film}).sort_index()
    best_first = quality.sort_values(["gaps", "words"], kind="stable")
    kept = listings.loc[best_first.index].groupby(best_first["film"], sort=False).first()
    kept.index = best_first.index[~best_first["film"].duplicated()].rename(listings.index.name)
    return kept.sort_index().astype(listings.dtypes)


# ---- looking a title up ----------------------------------------------------------------------------------------

SURE = 0.7  # score from which a title counts as found; nonsense stays below it
FULL_SCORE_FOR = 60  # titles that pass the first look


class Match(NamedTuple):
    """A title that fits: its id, the title as it stands in the catalogue, and how well it fits, 0 to 1."""

    id: object
    title: str
    score: float


class TitleLookup:
    """Find titles as they stand, and despite typos, accents, inverted articles, missing words and other word orders.

    A title that stands in the catalogue comes first: as it is written, then in other capitals, then the same with the
    right year after it, then in the form of `normalize_title`. For everything else, the pairs of letters that a title
    shares with the query pick the 60 best, on which five ratios decide: the titles as they stand, with sorted words,
    without spaces, by shared words (times 0.92), and the beginning of the title against the query (times 0.93). A
    number in the query that the title lacks costs a tenth. A year at the end of the query tells films of one title
    apart.

    Parameters
    ----------
    titles : pandas.Series
        Titles; its index holds the ids.
    years : pandas.Series, optional
        Years under the same index. A year in brackets at the end of a title serves as well.
    """

    def __init__(self, titles: pd.Series, years: pd.Series | None = None):
        self.titles = titles.tolist()
        self.ids = titles.index.tolist()
        in_title = [_year_in_brackets(title) for title in self.titles]
        known = [None] * len(in_title) if years is None else years.tolist()
        self.years = [own if year is None or year != year else year for year, own in zip(known, in_title, strict=True)]
        self._keys = [normalize_title(title) for title in self.titles]
        written = [_written(title) for title in self.titles]
        forms = (written, [title.casefold() for title in written], self._keys)
        self._as_written, self._in_any_case, self._by_key = (_places_by(form) for form in forms)
        places = {}
        for place, key in enumerate(self._keys):
            for pair in _letter_pairs(key):
                places.setdefault(pair, []).append(place)
        self._places = {pair: np.array(found, dtype=np.int32) for pair, found in places.items()}
        self._weights = np.array([0.2 * len(_letter_pairs(key)) for key in self._keys], dtype=np.float32)

    def closest(self, text: str) -> Match | None:
        """The best match, or None when nothing is close enough to be meant."""
        best = self.suggest(text, 1)
        return best[0] if best and best[0].score >= SURE else None

    def ties(self, text: str) -> list[Match]:
        """The matches that the text names as well as the best one: several where films share a title.

        In the order of the catalogue; empty when `closest` finds nothing. A year in the text tells films of one title
        apart (``"Dune 2021"``).
        """
        exact = self._exact(text)
        if exact:
            return [self._match(place, 1.0) for place in exact[0]]
        best = self.suggest(text, FULL_SCORE_FOR)
        if not best or best[0].score < SURE:
            return []
        return [match for match in best if match.score == best[0].score and match.title == best[0].title]

    def suggest(self, text: str, n: int = 5) -> list[Match]:
        """The `n` best matches, best first, however weak; equal ones in the order of the catalogue.

        Fewer come back only for a text that says nothing, or from a smaller catalogue.
        """
        exact = list(dict.fromkeys(place for places in self._exact(text) for place in places))[:n]
        found = [self._match(place, 1.0) for place in exact]
        if len(found) == n:
            return found
        name, year = _split_year(text)
        query = normalize_title(f"{name} {year}" if year else text)
        places = np.setdiff1d(self._first_look(query), exact)
        scores = self._scores(query, places)
        if year:
            same_year = np.array([self.years[place] == year for place in places], dtype=bool)
            without_year = self._scores(normalize_title(name), places)
            scores = np.maximum(scores, np.where(same_year, without_year, 0.9 * without_year))
        best = np.lexsort((places, -scores))[: n - len(found)]
        return found + [self._match(places[i], float(scores[i])) for i in best]

    def _match(self, place: int, score: float) -> Match:
        return Match(self.ids[place], self.titles[place], score)

    def _exact(self, text: str) -> list[list[int]]:
        """Places of the titles that are the text, in groups: the first group is the one that is meant."""
        written, (name, year) = _written(text), _split_year(text)
        groups = [self._as_written.get(written), self._in_any_case.get(written.casefold())]
        if year:
            named = (self._in_any_case.get(name.casefold(), []), self._by_key.get(normalize_title(name), []))
            groups += [[place for place in places if self.years[place] == year] for places in named]
        if written:
            groups += [self._by_key.get(normalize_title(text))]
        if year and re.search(r"[(\[]", text):  # a year in brackets is no part of the title
            groups[-1] = [place for place in groups[-1] or [] if self.years[place] in (year, None)]
        return [places for places in groups if places]

    def _first_look(self, query: str) -> np.ndarray:
        """Places of the titles that share most pairs of letters with the query, for their length."""
        pairs = _letter_pairs(query) if query else set()
        found = [self._places[pair] for pair in pairs if pair in self._places]
        if not found:
            return np.arange(len(self._keys) if query else 0)
        shared = np.bincount(np.concatenate(found), minlength=len(self._keys)).astype(np.float32)
        share = shared / (len(pairs) + self._weights)
        rest = max(0, len(share) - FULL_SCORE_FOR)
        return np.argpartition(share, rest)[rest:]

    def _scores(self, query: str, places: np.ndarray) -> np.ndarray:
        """How well some titles fit, 0 to 1."""
        keys = [self._keys[place] for place in places]
        ways = [
            (1.00, fuzz.ratio, query, keys),
            (1.00, fuzz.token_sort_ratio, query, keys),
            (1.00, fuzz.ratio, query.replace(" ", ""), [key.replace(" ", "") for key in keys]),
            (0.92, fuzz.token_set_ratio, query, keys),
            (0.93, fuzz.ratio, query, [key[: len(query)] for key in keys]),
        ]
        best = np.zeros(len(keys))
        for weight, scorer, text, titles in ways:
            np.maximum(best, weight * process.cdist([text], titles, scorer=scorer)[0], out=best)
        numbers = set(_numbers(query))
        if numbers:
            best *= [1 if numbers <= set(_numbers(key)) else 0.9 for key in keys]
        return (best / 100).round(4)


def _written(title: str) -> str:
    """A title as it is written, whatever its bytes: one form of each sign, single spaces."""
    return " ".join(unicodedata.normalize("NFC", title).split())


def _places_by(forms: list[str]) -> dict[str, list[int]]:
    places = {}
    for place, form in enumerate(forms):
        places.setdefault(form, []).append(place)
    return places


def _letter_pairs(key: str) -> set[str]:
    """Every two letters in a row, word by word, with the spaces around the words."""
    padded = f" {key} "
    return {padded[place : place + 2] for place in range(len(padded) - 1)}


def _year_in_brackets(title: str) -> int | None:
    found = re.search(r"\((\d{4})\)\s*$", title)
    return int(found.group(1)) if found else None


def _split_year(text: str) -> tuple[str, int | None]:
    """Split ``"King Kong 1933"`` into ``("King Kong", 1933)``; a text without a year at its end gets None."""
    found = re.fullmatch(r"(.*\S)\s+\(?((?:18|19|20)\d\d)\)?\s*", text)
    return (found.group(1), int(found.group(2))) if found else (text, None)
