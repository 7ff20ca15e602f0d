"""Does an encoder know the language of some texts? Its vectors do not tell: they look as good as any."""

from __future__ import annotations

import collections
import math
import string
import unicodedata
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from helpers.encoding.models import MULTILINGUAL, PAIR, TFIDF, default_tokenizer

SAMPLE = 200  # texts that are looked at
CHARACTERS = 1_000  # of each of them
ONE_LANGUAGE = 60_000  # tokens; an encoder for many languages has a larger vocabulary
FEW_WORDS = 4  # in so short a text, one name decides
SPLIT = 1.4  # tokens a word from which a text is foreign: English has 1.0 to 1.2, the median of French is 1.7
UNKNOWN = 0.1  # share of the tokens that are unknown letters, from which a text is foreign
ENGLISH = (
    "the and of to with from that this these his their who which are were it its they when while after before into "
    "through about"
)
PROSE = 0.1  # share of these among the words that makes a text English; English has a quarter, others next to none
MANY = 0.2  # share of the texts from which somebody should know
MOST = 0.5  # share of the tokens, signs such as emoji included, from which so, too
PUNCTUATION = string.punctuation + "«»“”„‘’¿¡。、…"


class Diagnosis(NamedTuple):
    """How well an encoder knows some texts; shares are NaN where its tokenizer does not tell."""

    unknown: float  # share of the tokens that it does not know
    foreign: float  # share of the texts in words that it does not know, or knows only in pieces
    script: str  # in which most letters are written, such as Latin, Cyrillic, Thai


def diagnose(texts: Iterable[str], tokenizer: Any) -> Diagnosis:
    """Look at up to 200 texts as an encoder's tokenizer sees them, which is one of tokenizers or of transformers.

    An English tokenizer cuts words of another language into pieces, or does not know their letters. So it does with
    names and rare terms: capitalized words do not count, and a text with the little words of English is English.
    """
    texts = list(texts)
    sample = [text[:CHARACTERS] for text in texts[:: max(1, len(texts) // SAMPLE)]]
    tokenizer = uncut(tokenizer)
    if tokenizer is None:
        return Diagnosis(math.nan, math.nan, _script(sample))
    sign, tokens, unknown, foreign = unknown_sign(tokenizer), 0, 0, []
    common = tokenizer.encode(ENGLISH, add_special_tokens=False)
    english = set(ENGLISH.split()) if len(common) <= len(ENGLISH.split()) + 1 and sign not in common.ids else set()
    limit = SPLIT if tokenizer.get_vocab_size() < ONE_LANGUAGE else math.inf
    for text, found in zip(sample, tokenizer.encode_batch(sample, add_special_tokens=False), strict=True):
        odd = [span for span, token in zip(found.offsets, found.ids, strict=True) if token == sign]
        tokens, unknown = tokens + len(found), unknown + len(odd)
        words = _words(text)
        little = [word for word in words if word == word.lower()]
        if len(words) >= FEW_WORDS and sum(word in english for word in little) >= PROSE * len(words):
            foreign.append(False)
        elif sum(text[begin:end].isalpha() for begin, end in odd) >= UNKNOWN * len(found) > 0:
            foreign.append(True)
        elif len(little) >= FEW_WORDS:
            pieces = tokenizer.encode(" ".join(little), add_special_tokens=False)
            foreign.append(len(pieces) >= limit * len(little))
    share = unknown / max(1, tokens) if sign is not None else math.nan
    return Diagnosis(share, sum(foreign) / max(1, len(foreign)), _script(sample))


def _words(text: str) -> list[str]:
    """Words of letters alone: no numbers, addresses or code. Where all letters are large, they say nothing."""
    words = [word.strip(PUNCTUATION) for word in (text.lower() if text.isupper() else text).split()]
    return [word for word in words if word and all(unicodedata.category(sign)[0] in "LM" for sign in word)]


def unknown_sign(tokenizer: Any) -> int | None:
    """Number of the token that stands for what a tokenizer does not know."""
    found = (tokenizer.token_to_id(sign) for sign in ("[UNK]", "<unk>"))
    return next((number for number in found if number is not None), None)


def uncut(tokenizer: Any) -> Any:
    """Copy a tokenizer so that it neither cuts texts nor fills them up; None for one that cannot be copied."""
    from tokenizers import Tokenizer

    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(tokenizer, "to_str"):
        return None
    copy = Tokenizer.from_str(tokenizer.to_str())
    copy.no_truncation()
    copy.no_padding()
    return copy


def advice(texts: Iterable[str], tokenizer: Any) -> str | None:
    """Say in one line that an encoder does not know the language of texts, and which one would; None if it does."""
    found = diagnose(texts, tokenizer)
    if not (found.foreign >= MANY or found.unknown >= MOST):
        return None
    if found.unknown >= UNKNOWN:
        seen = f"{found.unknown:.0%} of the tokens of these texts are unknown to the encoder"
    else:
        seen = f"{found.foreign:.0%} of these texts are in words that the encoder knows only in pieces"
    latin = found.script == "Latin"
    script = "" if latin else f" (most letters are {found.script})"
    spelling = f"'{PAIR}', which compares spelling, too" if latin else f"'{TFIDF}', which compares spelling alone"
    return (
        f"{seen}{script}: it was made for another language, and similarities may mean little. Better: the encoder "
        f"'{MULTILINGUAL}' for more than fifty languages. Without a download: {spelling}."
    )


def warn_of_another_language(texts: list[str], encoder: Any) -> None:
    """Say so when an encoder (None: the course's) does not know the language of what it has encoded."""
    tokenizer = default_tokenizer() if encoder is None else getattr(encoder, "tokenizer", None)
    if tokenizer is not None and (line := advice(texts, tokenizer)):
        warnings.warn(line, stacklevel=3)


def _script(texts: list[str]) -> str:
    letters = collections.Counter(letter for text in texts for letter in text if letter.isalpha())
    scripts: collections.Counter[str] = collections.Counter({"?": 0})
    for letter, count in letters.items():
        scripts[unicodedata.name(letter, "?").split()[0]] += count
    name = scripts.most_common(1)[0][0]
    return {"CJK": "Chinese"}.get(name, name.title())
