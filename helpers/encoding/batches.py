"""From texts to vectors: taken from what is kept, else made in batches, whole or piece by piece, plain or compiled."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from helpers.encoding import compiled
from helpers.encoding.models import encoder_key, load_encoder, prompt_of
from helpers.encoding.tfidf import PairEncoder
from helpers.encoding.vector_cache import VectorCache

BATCH = 16  # texts that go through the network together; on two cores, more is slower
STATIC_BATCH = 128  # texts that go through an encoder without a network together
FAST_FROM = 512  # texts from which on compiling the encoder, some seconds, pays
PLAIN = "float32"  # how an encoder works that is not compiled
LENGTH_NEAR = 0.01  # by which the length of a vector may differ from 1, as it does in bfloat16

_COMPILED: Any = weakref.WeakKeyDictionary()  # encoder: what it was like, and its compiled form, None where none is


class Way(NamedTuple):
    """What, beside a text, decides on its vector."""

    encoder: Any  # None for the course's, which is loaded only when a text is new
    truncation: bool = True
    prompt: str = ""
    fast: bool | None = None  # None: compiled for `FAST_FROM` new texts and more; kept vectors of either will do

    def keys(self, texts: list[str], model: str | None, precision: str) -> dict[str, bytes]:
        """A key for each text, under which its vector is kept: a SHA-256 of everything that makes it."""
        begin = hashlib.sha256(repr((model, self.truncation, self.prompt, precision)).encode()).digest()
        return {text: hashlib.sha256(begin + text.encode()).digest() for text in texts}


def make_vectors(texts: list[str], way: Way, kept: VectorCache, bar: Any, at_once: int) -> np.ndarray:
    """Unit vectors of texts, (n_texts, dimensions) float32: what is kept, and new ones, kept `at_once` together."""
    if isinstance(way.encoder, PairEncoder):
        of_model = make_vectors(texts, way._replace(encoder=way.encoder.model), kept, bar, at_once)
        return way.encoder.beside(texts, of_model)
    model = encoder_key(way.encoder) if kept.path else None
    kept = kept if model else VectorCache(None)
    found: dict[str, np.ndarray] = {}

    def take(precision: str) -> list[str]:
        """Take what is kept of one precision, and give the texts that are still missing."""
        keys = way.keys([text for text in dict.fromkeys(texts) if text not in found], model, precision)
        vectors = kept.get(keys.values())
        found.update({text: vectors[key] for text, key in keys.items() if key in vectors})
        return [text for text in keys if text not in found]

    fast = way.fast if compiled.available() else False
    missing = take(compiled.kind() if fast else PLAIN)
    if fast is None and len(texts) >= FAST_FROM and missing:
        missing = take(compiled.kind())
        fast = len(missing) >= FAST_FROM
    bar.update(len(texts) - len(missing))
    if missing:
        encoder = load_encoder() if way.encoder is None else way.encoder
        worker = _compiled(encoder, missing) if fast else encoder
        precision = PLAIN if worker is encoder else compiled.kind()
        if way.fast and precision == PLAIN:  # it could not be compiled
            missing = take(PLAIN)
    for start in range(0, len(missing), at_once):
        part = missing[start : start + at_once]
        made = dict(zip(part, _encode(part, worker, way, bar), strict=True))
        _refuse_without_direction(made)
        kept.put({key: made[text] for text, key in way.keys(part, model, precision).items()})
        found |= made
    return np.stack([found[text] for text in texts])


def _compiled(encoder: Any, texts: list[str]) -> Any:
    """The compiled form of an encoder, made once a process and compared with it on some texts; else itself."""
    key = encoder_key(encoder)
    if _COMPILED.get(encoder, (None,))[0] != key or key is None:
        _COMPILED[encoder] = key, compiled.compile_encoder(encoder, texts)
    return _COMPILED[encoder][1] or encoder


def _refuse_without_direction(made: dict[str, np.ndarray]) -> None:
    lengths = np.linalg.norm(np.array(list(made.values())), axis=1)
    bad = [text for text, length in zip(made, lengths, strict=True) if not abs(length - 1) < LENGTH_NEAR]
    if bad:
        raise ValueError(
            f"encode: the encoder gives no vector for {bad[0][:40]!r} ({len(bad)} such texts): it knows "
            "nothing in it. Leave it out first, or choose another encoder."
        )


def first_few(names: Any) -> str:
    """Five of some names, for a message: ``1, 2, 3, 4, 5, ...``."""
    return ", ".join(map(str, names[:5])) + (", ..." if len(names) > 5 else "")


def _reads_all(encoder: Any) -> bool:
    """Whether an encoder reads all tokens of every text."""
    return getattr(encoder, "max_seq_length", None) in (None, np.inf)


def _encode(texts: list[str], encoder: Any, way: Way, bar: Any) -> np.ndarray:
    if way.truncation or _reads_all(encoder):
        return _encode_batches(texts, encoder, way.prompt, bar)
    split = [split_long_text(text, encoder, way.prompt) for text in texts]
    owner = np.repeat(np.arange(len(texts)), [len(pieces) for pieces in split])
    pieces = [piece for pieces in split for piece in pieces]
    of_pieces = _encode_batches(pieces, encoder, way.prompt, None)
    sums = np.zeros((len(texts), of_pieces.shape[1]), dtype=np.float32)
    np.add.at(sums, owner, of_pieces * np.array([[len(piece)] for piece in pieces], dtype=np.float32))
    bar.update(len(texts))
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def _encode_batches(texts: list[str], encoder: Any, prompt: str, bar: Any) -> np.ndarray:
    """Encode in batches of similar length: a batch is as slow as its longest text."""
    if isinstance(encoder, compiled.CompiledEncoder):
        return encoder.encode(texts, prompt, bar)
    order = np.argsort([-len(text) for text in texts], kind="stable")
    size = STATIC_BATCH if _reads_all(encoder) else BATCH
    options: dict[str, Any] = {"normalize_embeddings": True, "show_progress_bar": False}
    options |= {"prompt": prompt} if hasattr(encoder, "prompts") else {}
    vectors: Any = None
    for start in range(0, len(order), size):
        places = order[start : start + size]
        batch = encoder.encode([texts[place] for place in places], **options)
        if vectors is None:
            vectors = np.empty((len(texts), batch.shape[1]), dtype=np.float32)
        vectors[places] = batch
        if bar is not None:
            bar.update(len(places))
    return vectors


def split_long_text(text: str, encoder: Any, prompt: str | None = None) -> list[str]:
    """Cut a text into pieces that the encoder reads whole, behind the prompt (by default the encoder's own).

    Cuts fall between words, after as many tokens as fit. A word that is too long, as in Chinese, is cut into halves.
    """
    words = text.split()
    if _reads_all(encoder) or not words:
        return [text]
    prompt = prompt_of(encoder) if prompt is None else prompt
    marks = encoder.tokenizer.num_special_tokens_to_add()
    room = max(1, encoder.max_seq_length - marks - (_count_tokens([prompt], encoder)[0] if prompt else 0))
    pieces: list[str] = []
    piece: list[str] = []
    used = 0
    for whole, tokens in zip(words, _count_tokens(words, encoder), strict=True):
        for word, count in _fitting(whole, tokens, room, encoder):
            if piece and used + count > room:
                pieces.append(" ".join(piece))
                piece, used = [], 0
            piece.append(word)
            used += count
    return [*pieces, " ".join(piece)]


def _fitting(word: str, count: int, room: int, encoder: Any) -> Iterator[tuple[str, int]]:
    """A word and its number of tokens, or its halves, or theirs, until they fit."""
    if count <= room or len(word) == 1:
        yield word, count
        return
    halves = [word[: len(word) // 2], word[len(word) // 2 :]]
    for half, tokens in zip(halves, _count_tokens(halves, encoder), strict=True):
        yield from _fitting(half, tokens, room, encoder)


def _count_tokens(words: list[str], encoder: Any) -> list[int]:
    return [len(tokens) for tokens in encoder.tokenizer(words, add_special_tokens=False, verbose=False)["input_ids"]]
