"""Does an encoder know the language of some texts? Its vectors do not tell: they look as good as any."""

from __future__ import annotations

import collections
import math
import unicodedata
import warnings
from collections.abc import Iterable
from typing import Any, NamedTuple

from helpers.encoding.models import MULTILINGUAL, TFIDF, default_tokenizer

SAMPLE = 200  # texts that are looked at
CHARACTERS = 1_000  # of each of them
ONE_LANGUAGE = 60_000  # tokens; an encoder for many languages has a larger vocabulary
FEW_WORDS = 4  # in so short a text, one name decides
SPLIT = 1.4  # tokens a word from which a text is foreign: English has 1.0 to 1.3, French and Spanish 1.5, others more
MANY = 0.2  # share of the texts, or a tenth of the tokens, from which somebody should know


class Diagnosis(NamedTuple):
    """How well an encoder knows some texts; shares are NaN where its tokenizer does not tell."""

    unknown: float  # share of the tokens that it does not know
    foreign: float  # share of the texts whose words it knows only in pieces
    script: str  # in which most letters are written, such as Latin, Cyrillic, Thai


def diagnose(texts: Iterable[str], tokenizer: Any) -> Diagnosis:
    """Look at up to 200 texts as an encoder's tokenizer sees them, which is one of tokenizers or of transformers.

    An English tokenizer knows nearly every English word whole, and cuts a word of another language into pieces. Of 13
    languages in Latin letters, 12 had at least 1.6 tokens a word, and French 1.5 (single texts down to 1.2, which pass
    unnoticed); English synopses have at most 1.3.
    """
    texts = list(texts)
    sample = [text[:CHARACTERS] for text in texts[:: max(1, len(texts) // SAMPLE)]]
    tokenizer = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if not hasattr(tokenizer, "encode_batch"):
        return Diagnosis(math.nan, math.nan, _script(sample))
    sign = unknown_sign(tokenizer)
    tokens = unknown = judged = foreign = 0
    for found in tokenizer.encode_batch(sample, add_special_tokens=False):
        real = [place for place, mask in enumerate(found.attention_mask) if mask]
        tokens += len(real)
        unknown += sum(found.ids[place] == sign for place in real)
        of_words = [found.word_ids[place] for place in real if found.tokens[place].strip("#▁Ġ").isalpha()]
        if len(set(of_words)) >= FEW_WORDS:
            judged += 1
            foreign += len(of_words) >= SPLIT * len(set(of_words))
    one_language = tokenizer.get_vocab_size() < ONE_LANGUAGE
    return Diagnosis(
        unknown / max(1, tokens) if sign is not None else math.nan,
        foreign / max(1, judged) if one_language else math.nan,
        _script(sample),
    )


def unknown_sign(tokenizer: Any) -> int | None:
    """Number of the token that stands for what a tokenizer does not know."""
    found = map(tokenizer.token_to_id, ("[UNK]", "<unk>"))
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
    if found.unknown >= MANY / 2:
        seen = f"{found.unknown:.0%} of the tokens of these texts are unknown to the encoder"
    elif found.foreign >= MANY:
        seen = f"{found.foreign:.0%} of these texts are in words that the encoder knows only in pieces"
    else:
        return None
    script = "" if found.script == "Latin" else f" (most letters are {found.script})"
    return (
        f"{seen}{script}: it was made for another language, and similarities may mean little. Better: the encoder "
        f"'{MULTILINGUAL}' for more than fifty languages, or, without a download, '{TFIDF}', which compares spelling."
    )


def warn_of_another_language(texts: list[str], encoder: Any) -> None:
    """Say so when an encoder (None: the course's) does not know the language of what it has encoded."""
    tokenizer = default_tokenizer() if encoder is None else getattr(encoder, "tokenizer", None)
    if tokenizer is not None and (line := advice(texts, tokenizer)):
        warnings.warn(line, stacklevel=3)


def _script(texts: list[str]) -> str:
    letters = collections.Counter(letter for text in texts for letter in text if letter.isalpha())
    scripts: collections.Counter[str] = collections.Counter()
    for letter, count in letters.items():
        scripts[unicodedata.name(letter, "?").split()[0]] += count
    name = scripts.most_common(1)[0][0] if scripts else "?"
    return {"CJK": "Chinese"}.get(name, name.title())
