"""Try an index before it is needed: vectors that lie as texts do, in any number, and what an option costs and gives."""

from __future__ import annotations

import time
from collections.abc import Iterable

import numpy as np
import pandas as pd

from helpers.data import load_movies, load_vectors
from helpers.search import NeighborIndex

NOISE = 0.5  # length of what is added to a mean of films, of length 1, to make up a vector
ROWS_AT_ONCE = 10_000  # vectors that are made up together


def made_up_vectors(count: int, seed: int = 0) -> np.ndarray:
    """Vectors that lie as texts do: each the mean of two films of the course, with some noise: (count, 384) unit rows.

    Random directions would not do: they have no near neighbors at all, which no collection of texts is like.
    """
    random, films = np.random.default_rng(seed), load_vectors(load_movies())
    rows = np.empty((count, films.shape[1]), dtype=np.float32)
    for start in range(0, count, ROWS_AT_ONCE):
        block = rows[start : start + ROWS_AT_ONCE]
        np.sum(films[random.integers(len(films), size=(len(block), 2))], axis=1, out=block)
        block /= np.linalg.norm(block, axis=1, keepdims=True)
        block += NOISE * random.standard_normal(block.shape, dtype=np.float32) / np.sqrt(block.shape[1])
        block /= np.linalg.norm(block, axis=1, keepdims=True)
    return rows


def tune(
    index: NeighborIndex, option: str, values: Iterable[int], queries: np.ndarray, wanted: np.ndarray
) -> pd.DataFrame:
    """Search with other values of an option: milliseconds per query and recall of each, by value.

    `wanted` holds (n_queries, k) ids of the true neighbors.
    """
    rows = {}
    for value in values:
        index.options[option] = value
        begin = time.perf_counter()
        found = [index.search(query, wanted.shape[1])[0] for query in queries]
        rows[value] = [1_000 * (time.perf_counter() - begin) / len(queries), recall(found, wanted)]
    columns = ["milliseconds per query", f"recall@{wanted.shape[1]}"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns).rename_axis(option)


def recall(found: Iterable[np.ndarray], wanted: Iterable[np.ndarray]) -> float:
    """Share of the wanted neighbors that were found: both (n, k) ids."""
    return float(np.mean([len(set(a) & set(b)) / len(b) for a, b in zip(found, wanted, strict=True)]))
