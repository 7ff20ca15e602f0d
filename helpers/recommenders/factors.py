"""Recommend by learned vectors (BiasedMF, ALS), or by a linear map from films to films (EASE)."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from helpers.data import SCALE
from helpers.recommenders.base import Recommender, check_pairs, likes


class BiasedMF(Recommender):
    """Predict stars: a mean, a bias of the viewer, a bias of the film, and the product of two vectors.

    Fitted by alternating least squares: with the films fixed, each viewer is a ridge regression, and the other way
    round.

    Parameters
    ----------
    factors : int
        Length of the vectors.
    regularization : float
        Weight of the squared length of a vector, for each rating of its owner.
    damping : float
        Weight of a squared bias: as many ratings at the mean pull it towards 0.
    rounds : int
        How often both sides are solved.
    seed : int
        Of the first, random vectors.

    References
    ----------
    Y. Koren, R. Bell and C. Volinsky (2009), Matrix factorization techniques for recommender systems, IEEE Computer
    42(8). Regularisation by the number of ratings: Y. Zhou et al. (2008), Large-scale parallel collaborative filtering
    for the Netflix prize, AAIM.
    """

    def __init__(
        self, factors: int = 16, regularization: float = 0.16, damping: float = 5.0, rounds: int = 12, seed: int = 0
    ):
        self.factors, self.regularization, self.damping = factors, regularization, damping
        self.rounds, self.seed = rounds, seed

    def _learn(self) -> None:
        rng = np.random.default_rng(self.seed)
        self.mean = float(np.nanmean(self._histories))
        films = rng.normal(scale=0.1, size=(len(self.items), self.factors))
        film_biases = np.zeros(len(self.items))
        above = self._histories.T - self.mean
        for _ in range(self.rounds):
            viewers = self._solve(self._histories - self.mean, films, film_biases)
            solved = self._solve(above, viewers[:, 1:], viewers[:, 0])
            film_biases, films = solved[:, 0], solved[:, 1:]
        self.film_biases, self.film_factors = film_biases, films

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

    def _ratings(self, histories: np.ndarray) -> np.ndarray:
        return np.clip(self._scores(histories), *SCALE)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        viewers = self._solve(histories - self.mean, self.film_factors, self.film_biases)
        return self.mean + viewers[:, :1] + self.film_biases + viewers[:, 1:] @ self.film_factors.T

    def _film_vectors(self) -> np.ndarray:
        return self.film_factors


class ALS(Recommender):
    """Implicit feedback: who liked what, with more confidence in a like than in its absence.

    Minimises the sum over all pairs of ``c (p - x y)^2 + regularization (|x|^2 + |y|^2)``, where p is 1 for a like and
    0 otherwise, and the confidence c is ``1 + confidence`` for a like and 1 otherwise.

    Parameters
    ----------
    factors : int
        Length of the vectors.
    regularization, confidence : float
        As above.
    rounds : int
        How often both sides are solved.
    seed : int
        Of the first, random vectors.

    References
    ----------
    Y. Hu, Y. Koren and C. Volinsky (2008), Collaborative filtering for implicit feedback datasets, ICDM, equations 3-5.
    """

    def __init__(
        self, factors: int = 32, regularization: float = 10.0, confidence: float = 5.0, rounds: int = 15, seed: int = 0
    ):
        self.factors, self.regularization, self.confidence = factors, regularization, confidence
        self.rounds, self.seed = rounds, seed

    def _learn(self) -> None:
        liked = likes(self._histories).astype(np.float64)
        rng = np.random.default_rng(self.seed)
        self.film_factors = rng.normal(scale=0.1, size=(len(self.items), self.factors))
        self.losses = []
        for _ in range(self.rounds):
            viewers = self._solve(liked, self.film_factors)
            self.film_factors = self._solve(liked.T, viewers)
            self.losses.append(self._loss(liked, viewers))

    def _solve(self, liked: np.ndarray, others: np.ndarray) -> np.ndarray:
        """Vectors (n, factors) of each row of likes, given the vectors of the columns."""
        shared = others.T @ others + self.regularization * np.eye(self.factors)
        products = np.einsum("nf,ng->nfg", others, others).reshape(len(others), -1)
        of_likes = sparse.csr_array(liked) @ products  # most pairs are no likes
        left = shared + self.confidence * of_likes.reshape(len(liked), self.factors, self.factors)
        return np.linalg.solve(left, ((1 + self.confidence) * liked @ others)[..., None])[..., 0]

    def _loss(self, liked: np.ndarray, viewers: np.ndarray) -> float:
        error = (liked - viewers @ self.film_factors.T) ** 2
        weighted = ((1 + self.confidence * liked) * error).sum()
        return float(weighted + self.regularization * ((viewers**2).sum() + (self.film_factors**2).sum()))

    def viewer_factors(self, histories: np.ndarray) -> np.ndarray:
        """Vectors (n, factors) of rating histories (n, n_items)."""
        return self._solve(likes(histories).astype(np.float64), self.film_factors)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return self.viewer_factors(histories) @ self.film_factors.T

    def _film_vectors(self) -> np.ndarray:
        return self.film_factors


class EASE(Recommender):
    """A linear map from the likes of a viewer to scores, in closed form, where no film may recommend itself.

    Parameters
    ----------
    regularization : float
        Weight of the squared entries of the map.

    References
    ----------
    H. Steck (2019), Embarrassingly shallow autoencoders for sparse data, WWW, equation 8.
    """

    def __init__(self, regularization: float = 200.0):
        self.regularization = regularization

    def _learn(self) -> None:
        check_pairs(len(self.items), "EASE")
        liked = likes(self._histories).astype(np.float64)
        together = liked.T @ liked
        together[np.diag_indices_from(together)] += self.regularization
        self.weights = np.linalg.inv(together)
        self.weights /= -np.diag(self.weights)
        np.fill_diagonal(self.weights, 0)

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return likes(histories) @ self.weights

    def _film_vectors(self) -> np.ndarray:
        return self.weights.T
