"""Recommend by learned vectors (BiasedMF, ALS), or by a linear map from films to films (EASE)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import sparse
from scipy.linalg import lapack

from helpers.evaluation.checks import TooLargeError
from helpers.recommenders.base import Histories, Recommender

MOST_MEMORY = 1.8e9  # bytes that `EASE` may take
BYTES_A_PAIR = 16  # of films: 8 while a matrix is inverted, 4 that are kept, 4 to spare


@dataclass(repr=False, eq=False)
class BiasedMF(Recommender):
    """Predict stars: a mean, a bias for the viewer, a bias for the film, and the product of two vectors.

    Fitted by alternating least squares: with the films held fixed, each viewer is a ridge regression, and vice versa.

    Parameters
    ----------
    factors, rounds, seed : int
        How many numbers a vector has, how often both sides are solved, and the seed of the random first vectors.
    regularization : float
        Weight of the squared length of a vector, for each rating of its owner.
    damping : float
        Weight of a squared bias; it acts like as many ratings at the mean, which pull the bias toward 0.

    References
    ----------
    Y. Koren, R. Bell and C. Volinsky (2009), Matrix factorization techniques for recommender systems, IEEE Computer
    42(8). Regularization by the number of ratings: Y. Zhou et al. (2008), Large-scale parallel collaborative filtering
    for the Netflix prize, AAIM.
    """

    predicts_stars = True

    factors: int = 16
    regularization: float = 0.16
    damping: float = 5.0
    rounds: int = 12
    seed: int = 0

    def _learn(self, ratings: pd.DataFrame) -> None:
        rng = np.random.default_rng(self.seed)
        stars = self.histories_.stars
        self.mean_ = float(np.nanmean(stars))
        films = rng.normal(scale=0.1, size=(len(self.items_), self.factors))
        film_biases = np.zeros(len(self.items_))
        for _ in range(self.rounds):
            viewers = self._solve(stars - self.mean_, films, film_biases)
            solved = self._solve(stars.T - self.mean_, viewers[:, 1:], viewers[:, 0])
            film_biases, films = solved[:, 0], solved[:, 1:]
        self.film_biases_, self.film_vectors_ = film_biases, films

    def _solve(self, above: np.ndarray, others: np.ndarray, other_biases: np.ndarray) -> np.ndarray:
        """Bias and vector (n, 1 + factors) of each row of ratings, given those of the columns, by ridge regression."""
        known = ~np.isnan(above)
        target = np.where(known, above - other_biases, 0)
        design = np.column_stack([np.ones(len(others)), others])
        count = known.sum(axis=1)
        products = np.einsum("nf,ng->nfg", design, design).reshape(len(design), -1)
        left = (sparse.csr_array(known.astype(np.float64)) @ products).reshape(len(above), design.shape[1], -1)
        penalty = np.repeat(self.regularization * np.maximum(count, 1)[:, None], design.shape[1], axis=1)
        penalty[:, 0] = self.damping
        left += penalty[:, None, :] * np.eye(design.shape[1])
        return np.linalg.solve(left, (target @ design)[..., None])[..., 0]

    def _scores(self, histories: Histories) -> np.ndarray:
        viewers = self._solve(histories.stars - self.mean_, self.film_vectors_, self.film_biases_)
        return self.mean_ + viewers[:, :1] + self.film_biases_ + viewers[:, 1:] @ self.film_vectors_.T


@dataclass(repr=False, eq=False, kw_only=True)
class ALS(Recommender):
    """Learn from who liked what (implicit feedback), with more confidence in a like than in its absence.

    Minimizes the sum over all pairs of ``c (p - x y)^2 + regularization (|x|^2 + |y|^2)``, where p is 1 for a like and
    0 otherwise, and the confidence c is ``1 + confidence`` for a like and 1 otherwise.

    Parameters
    ----------
    factors, rounds, seed : int
        As for `BiasedMF`.
    regularization, confidence : float
        As above.

    References
    ----------
    Y. Hu, Y. Koren and C. Volinsky (2008), Collaborative filtering for implicit feedback datasets, ICDM, equations 3-5.
    """

    factors: int = 32
    regularization: float = 10.0
    confidence: float = 5.0
    rounds: int = 15
    seed: int = 0

    def _learn(self, ratings: pd.DataFrame) -> None:
        likes = self.histories_.likes.astype(np.float64)
        of_films = sparse.csr_array(likes.T)
        rng = np.random.default_rng(self.seed)
        self.film_factors_ = rng.normal(scale=0.1, size=(len(self.items_), self.factors))
        for _ in range(self.rounds):
            viewers = self._solve(likes, self.film_factors_)
            self.film_factors_ = self._solve(of_films, viewers)
        self.film_vectors_ = self.film_factors_

    def _solve(self, likes: sparse.csr_array, others: np.ndarray) -> np.ndarray:
        """Vectors (n, factors) of each row of likes, given the vectors of the columns: exact, zeros without likes.

        Rows with equally many likes are solved together. With the n liked vectors in A (n, factors), the system
        ``(S + confidence A'A) x = (1 + confidence) A'1`` is also ``x = B'w`` with B = A S^-1 and
        ``(I + confidence A B') w = (1 + confidence) 1``, which has n unknowns instead of `factors`: most films have few
        likes.
        """
        shared = others.T @ others + self.regularization * np.eye(self.factors)
        if self.regularization:
            mapped = np.linalg.solve(shared, others.T).T
        solved, counts = np.zeros((likes.shape[0], self.factors)), np.diff(likes.indptr)
        for count in np.unique(counts[counts > 0]):
            rows = np.flatnonzero(counts == count)
            columns = likes.indices[likes.indptr[rows][:, None] + np.arange(count)]
            liked = others[columns]
            if self.regularization and count < self.factors / 2:
                small = np.eye(count) + self.confidence * (mapped[columns] @ liked.transpose(0, 2, 1))
                weights = np.linalg.solve(small, np.full((len(rows), count, 1), 1 + self.confidence))
                solved[rows] = (mapped[columns].transpose(0, 2, 1) @ weights)[..., 0]
            else:
                left = shared + self.confidence * (liked.transpose(0, 2, 1) @ liked)
                solved[rows] = np.linalg.solve(left, (1 + self.confidence) * liked.sum(axis=1)[..., None])[..., 0]
        return solved

    def viewer_factors(self, histories: Histories) -> np.ndarray:
        """Vectors (n, factors) of rating histories."""
        return self._solve(histories.likes.astype(np.float64), self.film_factors_)

    def _scores(self, histories: Histories) -> np.ndarray:
        return self.viewer_factors(histories) @ self.film_vectors_.T


@dataclass(repr=False, eq=False)
class EASE(Recommender):
    """Learn a linear map from a viewer's likes to scores, in closed form; no film may recommend itself.

    Parameters
    ----------
    regularization : float
        Weight of the squared entries of the map.

    References
    ----------
    H. Steck (2019), Embarrassingly shallow autoencoders for sparse data, WWW, equation 8.
    """

    regularization: float = 200.0

    def _learn(self, ratings: pd.DataFrame) -> None:
        films, most = len(self.items_), int((MOST_MEMORY / BYTES_A_PAIR) ** 0.5)
        if films > most:  # before anything is allocated
            raise TooLargeError(
                f"EASE: {films:,} films make {films**2:,} pairs, {films**2 * BYTES_A_PAIR / 1e9:,.0f} GB; it may take "
                f"{MOST_MEMORY / 1e9:.1f}. Keep the {most:,} films with the most ratings, or take ALS or ItemKNN."
            )
        known = np.flatnonzero(self.histories_.liked.any(axis=0))  # a film without likes has weights of 0
        likes = self.histories_.likes[:, known].astype(np.float64)
        together = np.asfortranarray((likes.T @ likes).toarray())
        together[np.diag_indices_from(together)] += self.regularization
        self.weights_ = np.zeros((films, films), dtype=np.float32)
        if len(known):
            weights = inverse_in_place(together)
            weights /= -np.diag(weights).copy()
            np.fill_diagonal(weights, 0)
            self.weights_[np.ix_(known, known)] = weights
        self.film_vectors_ = self.weights_.T

    def _scores(self, histories: Histories) -> np.ndarray:
        return histories.likes @ self.weights_


def inverse_in_place(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a symmetric positive definite matrix, in its own memory; `LinAlgError` where there is none."""
    inverse, failed = lapack.dpotrf(matrix, lower=1, overwrite_a=1)
    if not failed:
        inverse, failed = lapack.dpotri(inverse, lower=1, overwrite_c=1)
    if failed:
        raise np.linalg.LinAlgError("the matrix is not positive definite")
    for row in range(len(inverse)):  # only the lower triangle is that of the inverse
        inverse[row, row + 1 :] = inverse[row + 1 :, row]
    return inverse
