"""What a machine can see of an answer in free text: whether it says something, not whether that is wise."""

from __future__ import annotations

import contextlib
import functools
import itertools
import math
import re
import string
import unicodedata
from collections import Counter
from collections.abc import Iterable
from typing import Any

import numpy as np

from helpers.data import load_movies
from helpers.home import ROOT

SENTENCE = 8  # words of an answer that gives a reason
COPIED = 0.5  # share of a text's triples of words above which it is no text of one's own
PIECE = 6  # words: as many of a hint in a row are copied
MASHED = 6.2  # bits a letter: English takes 3.5, most languages in Latin letters 4 to 5, fingers on a keyboard 6 to 8
LONGEST = 300  # words, of which most differ: more is no answer in a sentence
FILLER = set("lorem ipsum dolor amet blah bla foo bar baz asd dfg hjk todo tbd idk lol hmm null".split())  # noqa: SIM905
COUNTED = "zero one two three four five six seven eight nine ten eleven twelve".split()  # noqa: SIM905 - easier to read
COUNTED += [f"{ten}teen" for ten in ("thir", "four", "fif", "six", "seven", "eigh", "nine")]
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()  # noqa: SIM905 - easier to read
SPELLED = {
    **{"a": 1, "an": 1, "nought": 0},
    **{word: number for number, word in enumerate(COUNTED)},
    **{word: 10 * number for number, word in enumerate(TENS, start=2)},
}
ORDERS = {"dozen": 12, "hundred": 100, "thousand": 1_000, "million": 1_000_000, "billion": 1_000_000_000}
SHARES = {"half": 2, "halves": 2, "third": 3, "fourth": 4, "quarter": 4, "fifth": 5, "tenth": 10}
SAYING_NOTHING = {  # words that answer no question by themselves
    *("a", "an", "and", "are", "as", "be", "because", "been", "by", "can", "can't", "cannot", "could", "did", "do"),
    *(
        "does",
        "don't",
        "for",
        "i",
        "in",
        "is",
        "it",
        "it's",
        "like",
        "may",
        "me",
        "might",
        "my",
        "of",
        "really",
        "say",
        "so",
    ),
    *("that", "the", "there", "these", "think", "this", "to", "try", "very", "was", "way", "were", "when", "will"),
    *("with", "work", "works", "would", "yes", "bad", "best", "better", "fine", "first", "go", "goes", "good", "here"),
    *("know", "one", "particular", "same", "stuff", "thing", "things", "wrong", "all", "always", "any", "anything"),
    *("at", "ever", "everything", "never", "no", "nobody", "none", "not", "nothing", "something", "whatever"),
    *("about", "but", "had", "has", "have", "how", "if", "just", "on", "or", "then", "what", "which", "who", "why"),
    *("am", "more", "now", "ok", "okay", "sure", "them", "you", "your"),
    *("answer", "check", "clue", "exercise", "idea", "knows", "need", "needs", "sentence", "want", "wants", "words"),
    *("write", "yet"),
    *("anybody", "anyone", "course", "different", "else", "everybody", "everyone", "found", "lot", "needed", "other"),
    *("some", "somebody", "somehow", "someone", "somewhere", "than", "yourself"),
}
NOT_KNOWING = re.compile(  # unless something follows from it
    r"\W*(i |we )?(have |really )*(no (idea|clue)|(do not|don['’]?t) (really )?know)\b(?!.*\b(but|so(?! far))\b)",
    re.IGNORECASE | re.DOTALL,
)
ENGLISH = set("the and are this that because with their its which from they".split())  # noqa: SIM905
ELSEWHERE_TOO = {"of", "to", "is", "was", "for"}  # English words that other languages have
UNKNOWN = 0.85  # share of the words of an English sentence that are unheard of: more than in any real one
SERIES = re.compile(  # whole numbers and nothing else, as in 1 2 3 4; three may be 50 000 000, but not 1. 2. 3.
    r"\s*\d+(?:[\s,;]+\d+){3,}\W*|\W*\d{1,2}(?:[.,;:)]*\s+\d{1,2}){2,}\W*"
)
NO_WORD = re.compile(  # neighbors on the keyboard, one letter again and again
    r"asdf|qwer|zxcv|sdfg|hjkl|([^\W\d_])\1\1|^([a-z])\2$"
)
NUMBER = re.compile(
    r"(?<![\w.])(\d{1,3}(?:[,_ '’\u00a0\u202f]\d{3})+(?!\d)|\d+|(?=\.\d))(\.\d+)?"
    r"\s*(%|percent|k\b|thousand|m\b|million|bn?\b|billion)?",
    re.IGNORECASE,
)
SCALES = {"%": 0.01, "percent": 0.01, "k": 1e3, "thousand": 1e3, "m": 1e6, "million": 1e6, "": 1.0}
SCALES |= dict.fromkeys(["b", "bn", "billion"], 1e9)


def words_of(text: str) -> list[str]:
    """The words of a text; where a script writes no spaces, two signs count as a word. Marks on letters split none."""
    found = []
    text = "".join(sign for sign in unicodedata.normalize("NFC", text) if unicodedata.category(sign)[0] != "M")
    for token in re.findall(r"[^\W_]+(?:['’][^\W_]+)*", text):
        if any(unicodedata.name(sign, "").startswith(("CJK", "HIRAGANA", "KATAKANA", "THAI")) for sign in token):
            found += re.findall("..?", token)
        else:
            found.append(token.casefold())
    return found


def trouble_with(field: str, text: Any, words: int = SENTENCE) -> str | None:
    """Say what an answer in free text asks for, where it is not met; None where a machine finds nothing."""
    count = f"{words} word{'' if words == 1 else 's'} or more"
    asked = f"'{field}' asks for {'a sentence of ' if words >= SENTENCE else ''}{count}"
    if not isinstance(text, str):
        return None if words <= 2 and numbers_in(text) else f"{asked}, as a text in quotation marks."
    if len(text) > 20 * LONGEST:
        return f"{asked}, and at most {LONGEST}; yours is longer."
    found = words_of(text)
    if len(found) < words:
        return f"{asked}; yours has {len(found)}."
    if len(found) > LONGEST:
        return f"{asked}, and at most {LONGEST}; yours has {len(found)}."
    if len(set(found)) < max(0.5 * len(found), min(words, 4)) and len(set(found)) < 40:
        return f"{asked}; yours says the same words again and again."
    if SERIES.fullmatch(text) or all(
        (len(word) == 1 and word.isascii() and word.isalpha()) or word in COUNTED for word in found
    ):
        return f"{asked}, and they have to say something; counting or spelling does not."
    if NOT_KNOWING.match(text) or all(
        word in SAYING_NOTHING or word in COUNTED or any(word[:4] == known[:4] for known in words_of(field))
        for word in found
    ):
        return f"{asked}, and they have to say more than '{text}'."
    short = words >= SENTENCE and sum(map(len, found)) < 1.5 * len(found)
    mashed = len(found) >= 6 and _bits_a_letter(text) > MASHED
    if short or mashed or _is_made_up(text, found) or sum(map(_is_filler, found)) > 0.25 * len(found):
        return f"{asked}, and they have to say something: some of yours are not words."
    return None


def repeated(answer: dict, asked: str, helped: str) -> str | None:
    """Say which text of an answer repeats another one, or what the exercise asks, or a hint; None if none does."""
    texts = {field: text for field, text in answer.items() if isinstance(text, str) and re.search(r"[^\W\d]", text)}
    for one, other in itertools.combinations(texts, 2):
        if words_of(texts[one]) == words_of(texts[other]):
            return f"'{one}' and '{other}' say the same. Each asks for something of its own."
    question, hints = (set(_triples(words_of(text))) for text in (asked, helped))
    for field, text in texts.items():
        triples = _triples(words_of(text))
        known = question | hints if len(triples) >= PIECE - 2 else question  # of a hint, a few words may be right
        if len(known.intersection(triples)) > COPIED * len(set(triples)):
            return f"'{field}' repeats the words of the exercise. Answer in your own."
    return None


def _triples(words: list[str]) -> list[tuple[str, ...]]:
    """Every three words that stand side by side."""
    return [*zip(words, words[1:], words[2:], strict=False)]


def _is_filler(word: str) -> bool:
    """Whether a word is none: runs of one letter, of the alphabet or of the keyboard, or long and without a vowel."""
    plain = unicodedata.normalize("NFKD", word)
    latin = re.fullmatch(r"[a-z\u0300-\u036f]+", plain) is not None
    run = len(word) > 2 and word in string.ascii_lowercase
    voiceless = latin and len(word) > 4 and not re.search("[aeiouy]", plain)
    return word in FILLER or run or voiceless or bool(NO_WORD.search(word))


def _is_made_up(text: str, found: list[str]) -> bool:
    """Whether nearly all words of a text are unheard of, between English ones; names and short forms do not count."""
    if not ENGLISH & set(found) or sum(word in ENGLISH | ELSEWHERE_TOO for word in found) < 0.2 * len(found):
        return False  # another language, perhaps
    words = re.findall(r"(?<![^\s\"(])[a-z]{4,}(?![\w'’@-])", text)
    words = [word for word in words if word not in ENGLISH | SAYING_NOTHING]
    return len(words) >= 5 and sum(_stem(word) not in _heard_of() for word in words) > UNKNOWN * len(words)


def _stem(word: str) -> str:
    """A word without an ending that others of its family do not have."""
    return re.sub(r"(?<=\w\w\w)(ing|ed|ly|[eo]r|e|y|ie|(at)?ion)?s?$", "", word)


@functools.cache
def _heard_of() -> set[str]:
    """The words of the course's synopses and of its glossary, without their endings."""
    text = " ".join(load_movies()["synopsis"])
    with contextlib.suppress(OSError):  # it may have been left out
        text += (ROOT / "notebooks" / "GLOSSARY.md").read_text(encoding="utf-8")
    return {_stem(word) for word in set(re.findall("[a-z]+", text.lower()))}


def _bits_a_letter(text: str) -> float:
    """How surprising the Latin letters of a text are, each after the one before it; 0 where there are few."""
    bits = [_surprises()[pair] for pair in _pairs(text)]
    return sum(bits) / len(bits) if len(bits) > 20 else 0.0


@functools.cache
def _surprises() -> dict[tuple[str, str], float]:
    """How many bits it takes to say which letter follows another, as the course's synopses have it."""
    signs, counts = f" {string.ascii_lowercase}", Counter(_pairs(" ".join(load_movies()["synopsis"])))
    rows = {one: sum(counts[one, other] + 0.5 for other in signs) for one in signs}
    return {(one, other): math.log2(rows[one] / (counts[one, other] + 0.5)) for one in signs for other in signs}


def _pairs(text: str) -> Iterable[tuple[str, str]]:
    """The Latin letters of a text without their accents, each with the one before it; all else between is a space."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return itertools.pairwise(re.sub("[^a-z]+", " ", f" {plain} "))


def in_digits(text: str) -> str:
    """Write in digits what a text in small letters spells: twenty-one, two thirds, one and a half, half a million."""
    text = re.sub(rf"\bhalf an? ({_any(ORDERS)})\b", lambda found: str(ORDERS[found[1]] // 2), text)
    text = WHOLE.sub(lambda found: str(_counted(re.findall("[a-z]+", found[0]))), text)
    text = POINT.sub(lambda found: f"{found[1] or 0}.{found[2]}".replace(" ", ""), text)
    text = SHARE.sub(lambda found: str(int(found[1] or 0) + int(found[2] or 1) / SHARES[found[3]]), text)
    return MIXED.sub(lambda found: str(int(found[1]) + int(found[2]) / int(found[3])), text)


def _any(words: Iterable[str]) -> str:
    """A pattern for one of some words."""
    return "|".join(words)


SMALL = rf"(?:(?:{_any(TENS)})(?:[\s-]+(?:{_any(COUNTED[1:10])}))?|{_any(COUNTED)}|nought)\b"
ORDER = rf"\s+(?:{_any(ORDERS)})\b"
WHOLE = re.compile(rf"\b(?:{SMALL}|an?(?={ORDER}))(?:{ORDER}(?:\s+(?:and\s+)?{SMALL}(?!\s+(?:{_any(SHARES)})))?)*")
POINT = re.compile(r"\b(\d+\s+)?point((?:\s+\d)+)\b")
SHARE = re.compile(rf"(?:\b([1-9]\d*)\s+and\s+)?(?:(?<![\d.])(\d+)\b|\ban?|^|(?=half))[\s-]*\b({_any(SHARES)})s?\b")
MIXED = re.compile(r"(?<![\d./])(\d+)\s+(\d)/(\d)\b")  # 1 1/2


def _counted(words: list[str]) -> int:
    """The whole number that some words spell."""
    whole = part = 0
    for word in words:
        part = part * ORDERS.get(word, 1) + SPELLED.get(word, 0)
        if ORDERS.get(word, 0) >= 1_000:
            whole, part = whole + part, 0
    return whole + part


def numbers_in(value: Any) -> list[float]:
    """The numbers of an answer, in order: of 9600, "9,600 viewers", "about 10k", "61 %", "two thousand"."""
    if isinstance(value, bool):
        return []
    if isinstance(value, (int, float, np.number)):
        return [float(value)]
    text = value[: 20 * LONGEST] if isinstance(value, str) else ""
    found = NUMBER.finditer(text if re.search(r"\d", text) else in_digits(text.casefold()))
    parts = (match.groups(default="") for match in found)
    return [float(re.sub(r"\D", "", whole) + fraction) * SCALES[scale.lower()] for whole, fraction, scale in parts]


def ungrouped(text: str) -> str:
    """A text about how many: 9.600 is 9,600 in most of the world, and no count has three decimals."""
    return re.sub(r"(?<![\d.,])([1-9]\d{0,2})\.(\d{3})(?![\d.])", r"\1\2", text)


def counts_in(value: Any) -> list[float]:
    """The numbers of an answer about how many."""
    return numbers_in(ungrouped(value[: 20 * LONGEST]) if isinstance(value, str) else value)


def fields_missing(answer: Any, fields: list[str]) -> str | None:
    """Say which fields of a dictionary are not there or not filled in; None where all are."""
    if not isinstance(answer, dict):
        return f"The answer is a dictionary with {', '.join(fields)}."
    missing = [field for field in fields if field not in answer]
    if missing:
        return f"The answer is a dictionary with {', '.join(fields)}; '{missing[0]}' is missing."
    empty = [field for field in fields if answer[field] is None or answer[field] == ""]
    return f"'{empty[0]}' is still empty." if empty else None
