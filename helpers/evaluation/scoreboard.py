"""The scoreboard: every model of the course under one protocol, as a table and as a JSON document."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pandas as pd

from helpers import evaluation
from helpers.data import SCALE, like_of, load_movies, load_ratings, load_vectors
from helpers.evaluation import results
from helpers.evaluation.checks import TooLargeError
from helpers.search.index import as_count

PROTOCOLS: dict[str, Callable] = {
    "last": lambda ratings, seed: evaluation.split_last(ratings, seed=seed),
    "random": lambda ratings, seed: evaluation.split_random(ratings, seed=seed),
    "date": lambda ratings, seed: evaluation.split_date(ratings),
    "cold": lambda ratings, seed: evaluation.split_cold(ratings, seed=seed),
}


class Task:
    """What models are judged on: training ratings, test ratings, and the films that may be recommended.

    Parameters
    ----------
    ratings : str or pandas.DataFrame
        ``"course"``, ``"movielens"``, or ratings as from `helpers.data.read_ratings_csv` (no texts then).
    protocol : str
        A key of `PROTOCOLS`. Warnings of its split are repeated, and kept in ``notes``.
    k, seed : int
        Length of the lists; seed of the split and of the bootstrap.
    """

    def __init__(self, ratings: str | pd.DataFrame = "course", protocol: str = "last", k: int = 10, seed: int = 0):
        self.name, table = ("own", ratings) if isinstance(ratings, pd.DataFrame) else (ratings, load_ratings(ratings))
        own = self.name == "own"
        if protocol not in PROTOCOLS:
            raise ValueError(f"protocol {protocol!r} is unknown; choose {', '.join(PROTOCOLS)}.")
        self.scale = table.attrs.get("scale", SCALE)
        self.movies: pd.DataFrame | None = None if own else load_movies()
        self.vectors = None if self.movies is None else load_vectors(self.movies)
        if own and protocol == "cold":
            raise ValueError("protocol 'cold' needs texts of the films, which your own ratings do not have.")
        if own and protocol in ("last", "date") and "timestamp" not in table:
            raise ValueError(f"protocol '{protocol}' needs a time of each rating; name its column, or use random.")
        self.protocol, self.k, self.seed = protocol, as_count(k, "Task"), seed
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", UserWarning)
            self.train, self.test = PROTOCOLS[protocol](table, seed)
        self.notes = [str(warning.message) for warning in caught]
        for note in self.notes:
            warnings.warn(note, stacklevel=2)
        self.where = None
        if protocol == "cold" and self.movies is not None:
            self.where = pd.Series(~self.movies.index.isin(self.train["movie_id"]), self.movies.index)

    def describe(self) -> dict:
        """Describe the protocol in words and numbers, so that others can repeat it."""
        return {
            "split": self.protocol,
            "k": self.k,
            "seed": self.seed,
            **({"scale": list(self.scale[:2])} if self.name == "own" else {}),
            "liked_from": like_of(self.scale),
            "viewers": int(self.train["user_id"].nunique()),
            "films": len(self.movies) if self.movies is not None else int(self.train["movie_id"].nunique()),
            "training_ratings": len(self.train),
            "test_ratings": len(self.test),
            "candidates": "all films not yet rated" if self.where is None else "films that nobody rated in training",
            **({"notes": self.notes} if self.notes else {}),
        }

    def judge(self, model: Any) -> pd.DataFrame:
        """Fit and judge one model, such as ``EASE()``; see `helpers.evaluation.evaluate`."""
        return evaluation.evaluate(
            model, self.train, self.test, self.k, self.movies, self.vectors, self.where, self.seed, self.scale
        )


def run(task: Task, models: dict[str, Callable]) -> Iterator[tuple[str, pd.DataFrame]]:
    """Make and judge models one by one, with a progress bar; yield the name and the table of each.

    A model for which there are too many films is left out, with a warning that says why; it is an error if all are.
    """
    from tqdm import tqdm

    judged = 0
    for name, make in tqdm(models.items(), desc="Models", unit=" model"):
        try:
            table = task.judge(make())
        except TooLargeError as error:
            if not judged and name == list(models)[-1]:
                raise
            task.notes.append(f"{name} is left out. {error}")
            warnings.warn(task.notes[-1], stacklevel=2)
            continue
        judged += 1
        yield name, table


def as_document(task: Task, judged: dict[str, pd.DataFrame]) -> dict:
    """Make a JSON document: ratings, protocol, and the metrics of each model, with intervals where there are any."""
    models = [
        {"model": name}
        | {metric: row["mean"] if np.isnan(row["low"]) else dict(row) for metric, row in table.round(5).iterrows()}
        for name, table in judged.items()
    ]
    return {"ratings": task.name, "protocol": task.describe(), "models": models}


def as_table(document: dict) -> pd.DataFrame:
    """Return the means of a document as a table: one row per model, one column per metric."""
    table = pd.DataFrame(document["models"]).set_index("model").rename_axis(None)
    return table.map(lambda value: value["mean"] if isinstance(value, dict) else value)


def intervals(document: dict, metric: str) -> pd.DataFrame:
    """Return the mean and interval of one metric: one row per model, columns ``mean``, ``low``, ``high``."""
    return pd.DataFrame({entry["model"]: entry[metric] for entry in document["models"]}).T


def keep(document: dict) -> None:
    """Store a document as the reference that others compare with; see `helpers.evaluation.results`."""
    results.keep(document, "evaluate", document["ratings"], document["protocol"]["split"])


def load_reference(ratings: str, protocol: str = "last") -> dict:
    """Read a document that `keep` stored: results measured once, on data that may be absent now."""
    return results.load("evaluate", ratings, protocol)
