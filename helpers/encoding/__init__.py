"""Turn texts into vectors: with any encoder, in batches, cached, from memory or from a file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.encoding.batches import BATCH, Way, first_few, make_vectors, split_long_text
from helpers.encoding.csv_files import encode_csv
from helpers.encoding.languages import warn_of_another_language
from helpers.encoding.models import (
    CHOICES,
    DEFAULT,
    MODEL_NAME,
    as_encoder,
    encoder_label,
    find_model_folder,
    load_encoder,
    prompt_of,
)
from helpers.encoding.static import static_encoder
from helpers.encoding.tfidf import PairEncoder, TfidfEncoder
from helpers.encoding.vector_cache import open_cache


def encode(
    texts: Iterable[str],
    encoder: Any = None,
    *,
    truncation: bool = True,
    prompt_name: str = "passage",
    cache: bool | str | Path | None = True,
    save_every: int = 1_024,
    progress: bool | None = None,
    fast: bool | None = None,
) -> np.ndarray:
    """Encode texts as unit vectors.

    Parameters
    ----------
    texts : pandas.Series or iterable of str
        Texts; the index of a Series names them in errors. A text that is there twice is encoded once.
    encoder : sentence_transformers.SentenceTransformer or str, optional
        An encoder, or a name for `load_encoder`; by default the course's, loaded only if a text is not in the cache.
    truncation : bool
        For a text longer than the encoder reads: whether only the beginning counts, or all pieces, weighted by length.
    prompt_name : str
        ``"passage"`` or ``"query"``: some encoders put other words before a question than before what answers it.
    cache : bool or path
        Whether to keep each vector, and to take it from there: in the course's cache, or in the folder that is given.
    save_every : int
        How many new texts are kept together: an interruption costs at most so many.
    progress : bool, optional
        Show a progress bar; by default for 200 texts and more.
    fast : bool, optional
        Whether to use the compiled encoder where OpenVINO is installed, see `helpers.encoding.compiled`. By default, it
        encodes 512 new texts and more, and the cache may give vectors of either: their cosine is 0.9999 at least.

    Returns
    -------
    numpy.ndarray
        (n_texts, dimensions) float32, rows of length 1.

    Raises
    ------
    ValueError
        When a text is missing, empty or not text (the ids are named), or holds nothing that the encoder knows; when
        there is no such encoder or prompt.
    """
    from tqdm import tqdm

    if not isinstance(save_every, int | np.integer) or save_every < 1:
        raise ValueError(f"encode: save_every is {save_every!r}; it is a whole number, 1 or more.")
    listed = _checked(texts)
    distinct = list(dict.fromkeys(listed))
    encoder = as_encoder(encoder, distinct)
    if not listed:
        return np.empty((0, _dimensions(encoder)), dtype=np.float32)
    show = len(listed) >= 200 if progress is None else progress
    way = Way(encoder, bool(truncation), prompt_of(encoder, prompt_name), fast)
    with tqdm(total=len(listed), desc="Encoding", unit=" texts", disable=not show, delay=0.5) as bar:
        vectors = make_vectors(listed, way, open_cache(cache), bar, save_every)
    warn_of_another_language(distinct, encoder)
    return vectors


def _checked(texts: Any) -> list[str]:
    """Any iterable of texts as a list; errors name the ids of a Series, else numbers."""
    try:
        if isinstance(texts, str | bytes | dict | set | frozenset | pd.DataFrame):
            raise TypeError("it is not a text for each row")
        series = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    except (TypeError, ValueError) as error:
        said = f"encode: texts is a {type(texts).__name__}; give a list of texts, or one column of a table ({error})."
        raise ValueError(said) from error
    bad = [identifier for identifier, text in series.items() if not isinstance(text, str) or not text.strip()]
    if bad:
        raise ValueError(
            f"encode: {len(bad)} of {len(series)} texts are missing, empty or not text (ids {first_few(bad)}). "
            "Leave them out first."
        )
    for identifier, text in series.items():
        if half := re.search("[\ud800-\udfff]", text):
            raise ValueError(
                f"encode: the text of id {identifier} has half a character at place {half.start() + 1} "
                f"({ascii(half[0])}). Read it with the right encoding, or leave the text out."
            )
    return series.tolist()


def _dimensions(encoder: Any) -> int:
    """Numbers in a vector; the course's encoder is not loaded for that."""
    for name in ("get_embedding_dimension", "get_sentence_embedding_dimension"):  # newer and older libraries
        if hasattr(encoder, name):
            return getattr(encoder, name)()
    return CHOICES[DEFAULT].dimensions
