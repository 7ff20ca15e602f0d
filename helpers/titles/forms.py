"""One form for all the spellings of a title, and the table of edit distances."""

from __future__ import annotations

import functools
import html
import re
import unicodedata

import numpy as np

from helpers.data.tables import one_line

ARTICLES = "the|a|an"
ANY_ARTICLES = ARTICLES + "|le|la|les|l'|il|lo|el|los|las|der|die|das|den|det|de|het|o|os|ein|eine|un|une|una|een"
EDITION = (
    r"([\w']+ ){0,3}(edition|version|director'?s cut|extended cut|final cut|theatrical cut|widescreen|blu-?ray|dvd|vhs"
    r"|4k|uhd|remastered|unrated)\b"
)
STUDIO = r"^(?:walt )?(?:disney|marvel|pixar)'s (?=\w)"
DIGITS_AS_LETTERS = str.maketrans("013457", "oieasv")  # as in "Se7en"
PART = "(?:part|volume|vol|episode|ep|chapter)"
# A Roman numeral of one letter: i, v, x after "Part"; v and x also at the end, but "Ford v Ferrari" and "X-Men" stay.
NUMBERED = rf"(\b{PART}\.? )([ivx])\b|(?<=[\w:] )([vx])(?=\s*(?:$|[:,(\[/]| -))"
ROMAN, COUNTED, ORDINALS = (
    {word: str(number) for number, word in enumerate(words.split(), 1)}
    for words in (
        "i ii iii iv v vi vii viii ix x xi xii xiii",
        "one two three four five six seven eight nine ten eleven twelve",
        "first second third fourth fifth sixth seventh eighth ninth tenth",
    )
)
SPELLINGS = {sign: number for sign, number in ROMAN.items() if len(sign) > 1} | {"vs": "v", "versus": "v"}
COUNTABLE = "(?:season|series|part|volume|book|chapter|episode)"
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
    text = TRADE_MARKS.sub("", one_line(html.unescape(title))).casefold().translate(STROKES).replace("’", "'")
    text = without_accents(re.sub(rf"(?<=\d)(?={FRACTIONS})", " ", text))
    text = re.sub(r"[(\[]\s*\d{4}\s*[)\]]", " ", text)
    text = re.sub(rf"[(\[][^)\]]*\b{EDITION}[^)\]]*[)\]]|\s*[-:/]\s+{EDITION}.*$", " ", text)
    text = re.sub(rf"^(.+),\s*({ANY_ARTICLES})\s*(?=$|[(\[:])", r"\1 ", text.strip(" -:()[]"))
    text = re.sub(NUMBERED, lambda found: (found[1] or "") + ROMAN[found[2] or found[3]], text)
    text = re.sub(r"\b[dl]'(?=\w)", "", re.sub(STUDIO, "", text))
    text = re.sub(r"(?<=[a-z])[013457](?=[a-z])", lambda digit: digit[0].translate(DIGITS_AS_LETTERS), text)
    text = re.sub(r"(?<=\w)['*](?=\w)|(?<=\w)\.(?=\w\.)", "", re.sub(r"&| \+ ", " and ", text))
    words = split_words(text)
    if len(words) > 1 and re.fullmatch(ARTICLES, words[0]):
        words = words[1:]
    numbered = " ".join(words[:1] + [SPELLINGS.get(word, word) for word in words[1:]])
    numbered = re.sub(rf"\b({'|'.join(ORDINALS)})(?= {COUNTABLE}\b)", lambda found: ORDINALS[found[0]], numbered)
    numbers = "|".join(COUNTED)
    counted = re.sub(rf"\b(?:{PART} )?({numbers}|\d+)\b", lambda found: COUNTED.get(found[1], found[1]), numbered)
    return counted or " ".join(title.split()).casefold()


def without_article(key: str) -> str:
    """A normalized title without an article of any language at its start, such as *der* or *la*."""
    return re.sub(rf"^({ANY_ARTICLES}) (?=\S)", "", key)


def without_accents(text: str) -> str:
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


@functools.lru_cache(maxsize=100_000)
def numbers_in(title: str) -> tuple[str, ...]:
    """Whole numbers of a normalized title, as they are written."""
    return tuple(re.findall(r"\b[1-9]\d*\b", title))


def year_in_brackets(title: str) -> int | None:
    """The year at the end of ``"Dune (1984)"``."""
    found = re.search(r"\((\d{4})\)\s*$", title)
    return int(found.group(1)) if found else None


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
