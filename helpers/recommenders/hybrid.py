"""Blend recommenders, with weights chosen on held-out ratings of the training."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pandas as pd

from helpers.recommenders.base import SCALE, Recommender, likes
from helpers.recommenders.content import ContentToCF
from helpers.recommenders.factors import EASE

STEPS = 4  # weights are multiples of 1 / STEPS
HELD_OUT = 0.2  # of every viewer's ratings, the last ones, while the weights are chosen
JUDGED_AT = 10


class Hybrid(Recommender):
    """A weighted sum of the scores of other models, brought to one scale for every viewer.

    Parameters
    ----------
    models : sequence of Recommender, optional
        By default `EASE` for what was rated and `ContentToCF` for what was not.
    weights : sequence of float, optional
        One a model. By default they are chosen: the models are fitted on the earlier part of every viewer's ratings,
        and the blend with the best NDCG@10 on the later part wins. The test never takes part in this.
    """

    def __init__(self, models=None, weights=None):
        self.models = [EASE(), ContentToCF()] if models is None else list(models)
        self.weights = weights

    def fit(self, ratings: pd.DataFrame, movies: pd.DataFrame | None = None, scale: tuple = SCALE) -> Recommender:
        """Choose the weights, then learn from all ratings; see `Recommender.fit`. Uses ``timestamp`` if it is there."""
        if self.weights is None:
            self.chosen = self._choose(ratings, movies, scale)
        else:
            self.chosen = np.asarray(self.weights, dtype=float)
        self._training = ratings
        return super().fit(ratings, movies, scale)

    def _learn(self) -> None:
        for model in self.models:
            model.fit(self._training, self._catalogue(), self.scale)
        del self._training

    def _catalogue(self) -> pd.DataFrame:
        return pd.DataFrame(index=pd.Index(self.items, name="movie_id")) if self.movies is None else self.movies

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        return np.einsum(
            "m,mnf->nf", self.chosen, np.stack([standardize(model._scores(histories)) for model in self.models])
        )

    def _film_vectors(self) -> np.ndarray:
        """Those of the part that weighs most and has vectors of films."""
        parts = [self.models[place] for place in np.argsort(-self.chosen, kind="stable")]
        with_vectors = [part for part in parts if type(part)._film_vectors is not Recommender._film_vectors]
        return with_vectors[0]._film_vectors() if with_vectors else super()._film_vectors()

    def _choose(self, ratings: pd.DataFrame, movies: pd.DataFrame | None, scale: tuple) -> np.ndarray:
        """Weights of the blend that ranks held-out likes best; of equals the one that trusts the first model most."""
        ordered = ratings.sort_values("timestamp", kind="stable") if "timestamp" in ratings else ratings
        from_end = ordered.groupby("user_id").cumcount(ascending=False)
        count = ordered.groupby("user_id")["movie_id"].transform("size")
        later = from_end < (count * HELD_OUT).astype(int)
        known, held = ordered[~later], ordered[later]
        if held.empty:
            return np.eye(len(self.models))[0]
        films = pd.DataFrame(index=np.unique(ratings["movie_id"])) if movies is None else movies
        trial = [copy.deepcopy(model).fit(known, films, scale) for model in self.models]
        histories = trial[0]._histories
        wanted = likes(trial[0]._matrix(held, trial[0].users))
        judged = wanted.any(axis=1)
        scores = np.stack([standardize(model._scores(histories[judged])) for model in trial])
        scores[:, ~np.isnan(histories[judged])] = -np.inf
        steps = itertools.product(range(STEPS, -1, -1), repeat=len(trial))
        blends = [np.array(step) / STEPS for step in steps if sum(step) == STEPS]
        return max(blends, key=lambda weights: _ndcg(_blend(weights, scores), wanted[judged]))


def standardize(scores: np.ndarray) -> np.ndarray:
    """Scores of every viewer with mean 0 and spread 1, so that models on other scales can be added."""
    scores = np.asarray(scores, dtype=np.float64)
    spread = scores.std(axis=1, keepdims=True)
    return (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)


def _blend(weights: np.ndarray, scores: np.ndarray) -> np.ndarray:
    used = weights > 0
    return np.einsum("m,mnf->nf", weights[used], scores[used])


def _ndcg(scores: np.ndarray, wanted: np.ndarray) -> float:
    """Mean NDCG@10 of the rankings by these scores."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :JUDGED_AT]
    discounts = 1 / np.log2(np.arange(2, order.shape[1] + 2))
    gains = np.take_along_axis(wanted, order, axis=1) @ discounts
    best = np.cumsum(discounts)[np.minimum(wanted.sum(axis=1).astype(int), len(discounts)) - 1]
    return float((gains / best).mean())
