"""Recommend by what films are about: their text, genres, directors and cast. These models know films nobody rated."""

from __future__ import annotations

import functools

import numpy as np
import pandas as pd

from helpers.data import load_vectors
from helpers.recommenders.base import Recommender, likes, unit
from helpers.recommenders.factors import ALS
from helpers.recommenders.neighborhood import row_means

YEARS = 40  # a difference in years that counts as much as the length of a part of `catalogue_vectors`


class ContentProfile(Recommender):
    """A viewer is the weighted mean of the vectors of what they liked, minus some of what they disliked.

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        (n_movies, dimensions), a row for each row of the `movies` given to `fit`, or a function that makes them from
        `movies`, such as `catalogue_vectors`; by default the vectors of the course's synopses.
    center : bool
        Subtract the mean vector of all films first, against hubs.
    dislike : float
        Weight of disliked films against liked ones (0: they do not count).

    References
    ----------
    J. J. Rocchio (1971), Relevance feedback in information retrieval, in: The SMART Retrieval System, chapter 14.
    """

    needs_ratings = False

    def __init__(self, vectors=load_vectors, center: bool = True, dislike: float = 0.25):
        self.vectors, self.center, self.dislike = vectors, center, dislike

    def _learn(self) -> None:
        self._rows = self._prepare(self._raw_vectors())

    def _raw_vectors(self) -> np.ndarray:
        """The vectors of `items`, in their order."""
        if self.movies is None:
            raise ValueError(f"{type(self).__name__}: fit(ratings, movies) needs the films.")
        rows = np.asarray(self.vectors(self.movies) if callable(self.vectors) else self.vectors)
        if len(rows) != len(self.movies):
            raise ValueError(f"{type(self).__name__}: {len(rows)} vectors for {len(self.movies)} films.")
        return rows[np.argsort(self.movies.index.to_numpy(), kind="stable")].astype(np.float64)

    def _prepare(self, rows: np.ndarray) -> np.ndarray:
        return unit(rows - rows.mean(axis=0) if self.center else rows)

    def profiles(self, histories: np.ndarray) -> np.ndarray:
        """Profile vectors (n, dimensions) of rating histories; zeros where nothing is rated."""
        means = row_means(histories, 0.0)[:, None]
        above = np.nan_to_num(histories - means)
        weights = likes(histories) + np.maximum(above, 0) - self.dislike * np.maximum(-above, 0)
        return unit(weights @ self._rows)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return self.profiles(histories) @ self._rows.T

    def _film_vectors(self) -> np.ndarray:
        return self._rows


class FeatureVectors(ContentProfile):
    """A content profile over features instead of text: genres as zeros and ones, people as learned vectors.

    See `feature_vectors`.
    """

    def __init__(self, dimensions: int = 32, dislike: float = 0.25):
        super().__init__(functools.partial(feature_vectors, dimensions=dimensions), dislike=dislike)


class ContentToCF(Recommender):
    """Bring films that nobody rated into the space of `ALS`: a ridge regression from what they are to film factors.

    Films with likes keep the factors that were learned from these; the others get the mapped ones.

    Parameters
    ----------
    vectors : numpy.ndarray or callable, optional
        As for `ContentProfile`; by default `catalogue_vectors`.
    regularization : float
        Of the ridge regression.
    als : dict, optional
        Parameters of `ALS`.
    everywhere : bool
        Use the mapped factors for all films, also for those with likes.

    References
    ----------
    Z. Gantner et al. (2010), Learning attribute-to-feature mappings for cold-start recommendations, ICDM.
    """

    def __init__(
        self,
        vectors=None,
        regularization: float = 30.0,
        als: dict | None = None,
        everywhere: bool = False,
    ):
        self.vectors, self.regularization, self.als, self.everywhere = vectors, regularization, als, everywhere

    def _learn(self) -> None:
        content = ContentProfile(catalogue_vectors if self.vectors is None else self.vectors)
        content.movies, content.items = self.movies, self.items
        texts = content._prepare(content._raw_vectors())
        self._model = ALS(**(self.als or {}))
        self._model.items, self._model._histories = self.items, self._histories
        self._model._learn()
        count = likes(self._histories).sum(axis=0)
        warm, weights = count > 0, np.sqrt(count)[:, None]
        design = np.column_stack([np.ones(len(texts)), texts])
        left = (design * weights).T @ (design * weights) + self.regularization * np.eye(design.shape[1])
        mapped = design @ np.linalg.solve(left, (design * weights**2).T @ self._model.film_factors)
        keep = warm[:, None] & (not self.everywhere)
        self.film_factors = np.where(keep, self._model.film_factors, mapped)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return self._model.viewer_factors(histories) @ self.film_factors.T

    def _film_vectors(self) -> np.ndarray:
        return self.film_factors


def catalogue_vectors(movies: pd.DataFrame) -> np.ndarray:
    """Describe films by all that the catalogue says: text, genres, people, tags and year, each centred on its mean.

    Parameters
    ----------
    movies : pandas.DataFrame
        As from `helpers.data.load_movies`.

    Returns
    -------
    numpy.ndarray
        (n_movies, dimensions) float32: three parts of length 1, text, genres with people, and tags; then the year, in
        units of `YEARS`.
    """
    tags = movies["tags"].fillna("").str.get_dummies("|").to_numpy(dtype=np.float32)
    parts = [unit(part - part.mean(axis=0)) for part in (load_vectors(movies), feature_vectors(movies), tags)]
    years = (movies["year"] - movies["year"].mean()).to_numpy(dtype=np.float32)[:, None] / YEARS
    return np.hstack([*parts, years])


def feature_vectors(movies: pd.DataFrame, dimensions: int = 32) -> np.ndarray:
    """Describe films by genres and people.

    Genres are columns of zeros and ones. Directors and cast become vectors that are learned from who worked with whom
    and in which genres: a truncated singular value decomposition of the positive pointwise mutual information. A film
    has the mean of its people.

    Parameters
    ----------
    movies : pandas.DataFrame
        With ``genres``, ``director`` and ``cast``, names joined by ``|``.
    dimensions : int
        Of the vectors of people.

    Returns
    -------
    numpy.ndarray
        (n_movies, n_genres + dimensions) float32, both parts scaled to length 1.

    References
    ----------
    O. Levy and Y. Goldberg (2014), Neural word embedding as implicit matrix factorization, NeurIPS, section 4.
    """
    from scipy import sparse
    from scipy.sparse.linalg import svds

    genres = movies["genres"].fillna("").str.get_dummies("|").to_numpy(dtype=np.float32)
    people = (movies["director"].fillna("") + "|" + movies["cast"].fillna("")).str.strip("|").str.get_dummies("|")
    in_film = sparse.csr_matrix(people.to_numpy(dtype=np.float64))
    together = (in_film.T @ sparse.hstack([in_film, sparse.csr_matrix(genres)])).tocoo()
    total = together.sum()
    expected = together.sum(axis=1).A1[together.row] * together.sum(axis=0).A1[together.col] / total
    information = np.log(together.data / expected)
    positive = sparse.csr_matrix((np.maximum(information, 0), (together.row, together.col)), shape=together.shape)
    start = np.full(min(positive.shape), 1.0)
    left, strengths, _ = svds(positive, k=min(dimensions, min(positive.shape) - 1), v0=start)
    vectors = left * np.sqrt(strengths)
    return np.hstack([unit(genres), unit(in_film @ vectors)]).astype(np.float32)
