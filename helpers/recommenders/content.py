"""Recommend by what films are about: their text, genres, directors, and cast. This works for films nobody rated."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.sparse.linalg import svds

from helpers.data import load_vectors
from helpers.recommenders.base import Histories, Recommender, unit
from helpers.recommenders.factors import ALS
from helpers.recommenders.neighborhood import above_mean

Vectors = np.ndarray | Callable[[pd.DataFrame], np.ndarray]
YEARS = 40  # a difference in years that counts as much as the length of a part of `catalogue_vectors`


@dataclass(repr=False, eq=False)
class ContentProfile(Recommender):
    """Describe a viewer by the weighted mean vector of what they liked, minus some of that of what they disliked.

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        (n_movies, dimensions), one row per row of the `movies` given to `fit` (a DataFrame is read by its index), or a
        function that makes them from `movies`, such as `catalogue_vectors`; by default, the course's.
    center : bool
        Whether to subtract the mean vector of all films first, which makes hubs rarer.
    dislike : float
        Weight of disliked films relative to liked ones (0: they do not count).

    References
    ----------
    J. J. Rocchio (1971), Relevance feedback in information retrieval, in: The SMART Retrieval System, chapter 14.
    """

    needs_ratings = False

    vectors: Vectors = load_vectors
    center: bool = True
    dislike: float = 0.25

    def _learn(self, ratings: pd.DataFrame) -> None:
        self.film_vectors_ = film_vectors(self, self.vectors, self.center)

    def _scores(self, histories: Histories) -> np.ndarray:
        above = above_mean(histories)
        weights = histories.liked + np.maximum(above, 0) - self.dislike * np.maximum(-above, 0)
        return unit(weights @ self.film_vectors_) @ self.film_vectors_.T


class FeatureVectors(ContentProfile):
    """Build a content profile from genres and people instead of text; see `feature_vectors`."""

    def __init__(self, dimensions: int = 32, dislike: float = 0.25):
        self.dimensions, self.dislike = dimensions, dislike

    def _learn(self, ratings: pd.DataFrame) -> None:
        self.film_vectors_ = film_vectors(self, functools.partial(feature_vectors, dimensions=self.dimensions))


@dataclass(repr=False, eq=False)
class ContentToCF(ALS):
    """Give films that nobody rated a vector in the space of `ALS`, by ridge regression from what is known about them.

    Films with likes keep the vectors that `ALS` learned; the others get the predicted ones.

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        As for `ContentProfile`; by default, `catalogue_vectors`.
    ridge : float
        Regularization of the ridge regression.
    factors, regularization, confidence, rounds, seed
        As for `ALS`.

    References
    ----------
    Z. Gantner et al. (2010), Learning attribute-to-feature mappings for cold-start recommendations, ICDM.
    """

    vectors: Vectors | None = None
    ridge: float = 30.0

    def _learn(self, ratings: pd.DataFrame) -> None:
        super()._learn(ratings)
        texts = film_vectors(self, catalogue_vectors if self.vectors is None else self.vectors)
        count = self.histories_.liked.sum(axis=0)
        weights = np.sqrt(count)[:, None]
        design = np.column_stack([np.ones(len(texts)), texts])
        left = (design * weights).T @ (design * weights) + self.ridge * np.eye(design.shape[1])
        mapped = design @ np.linalg.solve(left, (design * weights**2).T @ self.film_factors_)
        self.film_vectors_ = np.where(count[:, None] > 0, self.film_factors_, mapped)


def film_vectors(model: Recommender, vectors: Vectors, center: bool = True) -> np.ndarray:
    """Return unit vectors (n_items, dimensions) of a model's films, by `items_`, minus their mean if `center`."""
    if model.movies_ is None:
        raise ValueError(f"{type(model).__name__}: fit(ratings, movies) needs the films.")
    try:
        rows = vectors(model.movies_) if callable(vectors) else vectors
    except ValueError as error:
        raise ValueError(f"{type(model).__name__}: {error} For films of your own, give their vectors=.") from error
    if isinstance(rows, pd.DataFrame):
        rows = rows.reindex(model.movies_.index)
    rows = np.asarray(rows)
    if rows.ndim != 2 or rows.dtype.kind not in "fiub" or not np.isfinite(rows).all():
        raise ValueError(f"{type(model).__name__}: vectors are a table of numbers, a row for each film.")
    if len(rows) != len(model.movies_):
        raise ValueError(f"{type(model).__name__}: {len(rows)} vectors for {len(model.movies_)} films.")
    rows = rows[np.argsort(model.movies_.index.to_numpy(), kind="stable")].astype(np.float64)
    if center:
        rows -= rows.mean(axis=0)
    return unit(rows)


def columns_of(movies: pd.DataFrame, *names: str) -> list[pd.Series]:
    """Return columns of the films, with empty texts for missing cells; refuse films that lack a column."""
    absent = [name for name in names if name not in movies]
    if absent:
        raise ValueError(f"the films have no column '{absent[0]}' (found: {', '.join(map(str, movies))}).")
    return [movies[name].astype(object).fillna("").astype(str) for name in names]


def one_hot(cells: pd.Series) -> np.ndarray:
    """Return zeros and ones, with a column for each of the values that "|" separates: (n, n_values)."""
    return cells.str.get_dummies("|").to_numpy(dtype=np.float64)


def catalogue_vectors(movies: pd.DataFrame) -> np.ndarray:
    """Describe films by all that the catalog says: text, genres, people, tags, and year, each minus its mean.

    Returns (n_movies, dimensions) float32: three parts of length 1 (text; genres and people; tags), then the year in
    units of `YEARS`.
    """
    tags = one_hot(columns_of(movies, "tags", "year")[0]).astype(np.float32)
    parts = [unit(part - part.mean(axis=0)) for part in (load_vectors(movies), feature_vectors(movies), tags)]
    years = years_of(movies)
    return np.hstack([*parts, (years - years.mean()).to_numpy(dtype=np.float32)[:, None] / YEARS])


def years_of(movies: pd.DataFrame) -> pd.Series:
    """Return the years of films as numbers; a missing one becomes the mean of all."""
    years = pd.to_numeric(movies["year"], errors="coerce").astype(float)
    return years.fillna(years.mean()).fillna(0)


def feature_vectors(movies: pd.DataFrame, dimensions: int = 32) -> np.ndarray:
    """Describe films by genres and people.

    Genres are columns of zeros and ones. Directors and cast become vectors that are learned from who worked with whom
    and in which genres: a truncated singular value decomposition of the positive pointwise mutual information. A film
    gets the mean vector of its people. Returns (n_movies, n_genres + dimensions) float32, both parts of length 1.

    References
    ----------
    O. Levy and Y. Goldberg (2014), Neural word embedding as implicit matrix factorization, NeurIPS, section 4.
    """
    said, director, cast = columns_of(movies, "genres", "director", "cast")
    genres = one_hot(said).astype(np.float32)
    in_film = sparse.csr_matrix(one_hot((director + "|" + cast).str.strip("|")))
    vectors = _people_vectors(in_film, genres, dimensions)
    return np.hstack([unit(genres), unit(in_film @ vectors)]).astype(np.float32)


def _people_vectors(in_film: sparse.csr_matrix, genres: np.ndarray, dimensions: int) -> np.ndarray:
    """Vectors (n_people, dimensions) from who is in which films; zeros where nobody has company that says anything."""
    together = (in_film.T @ sparse.hstack([in_film, sparse.csr_matrix(genres)])).tocoo()
    total = together.sum()
    expected = together.sum(axis=1).A1[together.row] * together.sum(axis=0).A1[together.col] / max(total, 1)
    information = np.log(together.data / expected)
    positive = sparse.csr_matrix((np.maximum(information, 0), (together.row, together.col)), shape=together.shape)
    if min(positive.shape) < 2 or not positive.count_nonzero():
        return np.zeros((in_film.shape[1], dimensions))
    start = np.full(min(positive.shape), 1.0)
    left, strengths, _ = svds(positive, k=min(dimensions, min(positive.shape) - 1), v0=start)
    return left * np.sqrt(strengths)
