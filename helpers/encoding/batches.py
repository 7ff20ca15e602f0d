"""From texts to vectors: taken from what is kept, else made in batches, whole or piece by piece, plain or compiled."""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable

import numpy as np

from helpers.encoding import compiled
from helpers.encoding.models import encoder_key, prompt_of
from helpers.encoding.vector_cache import VectorCache
from helpers.home import cache_folder

BATCH = 16  # texts that go through the network together; on two cores, more is slower
STATIC_BATCH = 128  # texts that go through an encoder without a network together
FAST_FROM = 512  # texts from which on compiling the encoder, some seconds, pays
PLAIN = "float32"  # how an encoder works that is not compiled
LENGTH_NEAR = 0.01  # by which the length of a vector may differ from 1, as it does in bfloat16

_COMPILED = weakref.WeakKeyDictionary()  # encoder: what it was like, and its compiled form, or None when there is none


def make_vectors(
    texts: list[str], encoder, load: Callable, long: str, fast: bool | None, kept: VectorCache, bar, at_once: int
) -> dict[str, np.ndarray]:
    """Make vectors of texts that all differ, or take them from what is kept.

    Parameters
    ----------
    texts : list of str
        All different.
    encoder, load
        An encoder, or None for the one that `load` gives, which is called only when a text is new.
    long : {"truncate", "mean"}
        See `helpers.encoding.encode`.
    fast : bool, optional
        True for the compiled encoder, False for the plain one. None compiles for `FAST_FROM` new texts and more, and
        takes kept vectors of either.
    kept : VectorCache
        Where vectors are kept, `at_once` together.
    bar : tqdm.tqdm
        Moves with every text.

    Returns
    -------
    dict of str to numpy.ndarray
        By text, (dimensions,) float32 of length 1.
    """
    model = encoder_key(encoder) if kept.path else None
    kept, found = kept if model else VectorCache(None), {}

    def take(way: str) -> list[str]:
        """Take what is kept of one way, and give the texts that are still missing."""
        keys = _keys([text for text in texts if text not in found], model, long, way) if kept.path else {}
        vectors = kept.get(keys.values())
        found.update({text: vectors[key] for text, key in keys.items() if key in vectors})
        return [text for text in texts if text not in found]

    fast = fast if compiled.available() else False
    missing = take(compiled.kind() if fast else PLAIN)
    if missing and fast is None and len(texts) >= FAST_FROM:
        missing = take(compiled.kind())
    bar.update(len(found))
    if not missing:
        return found
    encoder = load() if encoder is None else encoder
    worker = _compiled(encoder, missing) if fast or (fast is None and len(missing) >= FAST_FROM) else encoder
    way = PLAIN if worker is encoder else compiled.kind()
    if fast and way == PLAIN:  # it could not be compiled
        missing = take(PLAIN)
    for start in range(0, len(missing), at_once):
        part = missing[start : start + at_once]
        made = dict(zip(part, _encode(part, worker, long, bar), strict=True))
        _refuse_without_direction(made)
        kept.put({key: made[text] for text, key in _keys(part, model, long, way).items()})
        found |= made
    return found


def _keys(texts: list[str], model: str | None, long: str, way: str) -> dict[str, bytes]:
    """A key for each text, under which its vector is kept: a SHA-256 of everything that makes it."""
    begin = hashlib.sha256(f"{model} {long} {way}".encode()).digest()
    return {text: hashlib.sha256(begin + text.encode()).digest() for text in texts}


def _compiled(encoder, texts: list[str]):
    """The compiled form of an encoder, made once a process and compared with it on some texts; else itself."""
    key = encoder_key(encoder)
    if _COMPILED.get(encoder, (None,))[0] != key or key is None:
        folder = cache_folder() / f"{compiled.FOLDER}{(key or 'unknown')[:32]}"
        _COMPILED[encoder] = key, compiled.compile_encoder(encoder, texts, folder)
    return _COMPILED[encoder][1] or encoder


def _refuse_without_direction(made: dict[str, np.ndarray]) -> None:
    lengths = np.linalg.norm(np.array(list(made.values())), axis=1)
    bad = [text for text, length in zip(made, lengths, strict=True) if not abs(length - 1) < LENGTH_NEAR]
    if bad:
        raise ValueError(
            f"encode: the encoder gives no vector for {bad[0][:40]!r} ({len(bad)} such texts): nothing in it that it "
            "knows. Leave it out first, or choose another encoder."
        )


def limit_of(encoder) -> float:
    """How many tokens of a text an encoder reads; infinite when it reads all of it."""
    limit = getattr(encoder, "max_seq_length", None)
    return np.inf if limit is None else limit


def _encode(texts: list[str], encoder, long: str, bar) -> np.ndarray:
    if long == "truncate" or np.isinf(limit_of(encoder)):  # a static encoder reads all of every text
        return _encode_batches(texts, encoder, bar)
    pieces = [split_long_text(text, encoder) for text in texts]
    owner = np.repeat(np.arange(len(texts)), [len(split) for split in pieces])
    of_pieces = _encode_batches([piece for split in pieces for piece in split], encoder, None)
    sums = np.zeros((len(texts), of_pieces.shape[1]), dtype=np.float32)
    np.add.at(sums, owner, of_pieces)
    bar.update(len(texts))
    return sums / np.linalg.norm(sums, axis=1, keepdims=True)


def _encode_batches(texts: list[str], encoder, bar) -> np.ndarray:
    """Encode in batches of similar length: a batch is as slow as its longest text."""
    if isinstance(encoder, compiled.CompiledEncoder):
        return encoder.encode(texts, bar)
    order = np.argsort([-len(text) for text in texts], kind="stable")
    size = BATCH if np.isfinite(limit_of(encoder)) else STATIC_BATCH
    vectors = None
    for start in range(0, len(order), size):
        places = order[start : start + size]
        batch = encoder.encode([texts[place] for place in places], normalize_embeddings=True, show_progress_bar=False)
        if vectors is None:
            vectors = np.empty((len(texts), batch.shape[1]), dtype=np.float32)
        vectors[places] = batch
        if bar is not None:
            bar.update(len(places))
    return vectors


def split_long_text(text: str, encoder) -> list[str]:
    """Cut a text into pieces that the encoder reads whole.

    Cuts fall between words, after as many tokens as fit (two places of 256 go to the marks of begin and end). A word
    that is too long by itself, such as a whole text in Chinese, is cut into halves until they fit.
    """
    prompt, marks = prompt_of(encoder), encoder.tokenizer.num_special_tokens_to_add()
    room = max(1, encoder.max_seq_length - marks - (_count_tokens([prompt], encoder)[0] if prompt else 0))
    words = text.split()
    pieces, piece, used = [], [], 0
    for whole, tokens in zip(words, _count_tokens(words, encoder), strict=True):
        for word, count in _fitting(whole, tokens, room, encoder):
            if piece and used + count > room:
                pieces.append(" ".join(piece))
                piece, used = [], 0
            piece.append(word)
            used += count
    return [*pieces, " ".join(piece)]


def _fitting(word: str, count: int, room: int, encoder):
    """A word and its number of tokens, or its halves, or theirs, until they fit."""
    if count <= room or len(word) == 1:
        yield word, count
        return
    halves = [word[: len(word) // 2], word[len(word) // 2 :]]
    for half, tokens in zip(halves, _count_tokens(halves, encoder), strict=True):
        yield from _fitting(half, tokens, room, encoder)


def _count_tokens(words: list[str], encoder) -> list[int]:
    return [len(tokens) for tokens in encoder.tokenizer(words, add_special_tokens=False)["input_ids"]]
