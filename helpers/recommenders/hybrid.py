"""Blend recommenders, with weights chosen on held-out ratings of the training."""

from __future__ import annotations

import copy
import itertools

import numpy as np
import pandas as pd

from helpers.data import SCALE
from helpers.evaluation import split_last, split_random
from helpers.recommenders.base import Recommender, likes
from helpers.recommenders.content import ContentProfile, ContentToCF, catalogue_vectors
from helpers.recommenders.factors import EASE

STEPS = 4  # weights are multiples of 1 / STEPS
HELD_OUT = 0.2  # of every viewer's ratings, and of the films, while the weights are chosen
JUDGED_AT = 10
SMALLEST_SPREAD = 1e-3  # so that films without likes keep their order when the warm blend knows nothing about them


class Hybrid(Recommender):
    """A weighted sum of the scores of other models, brought to one scale for every viewer.

    Films with likes and films without have weights of their own, `warm` and `cold`. For films without likes, `warm`
    says how high they stand among all films, and `cold` in which order.

    Parameters
    ----------
    models : sequence of Recommender, optional
        By default `EASE` for what was rated, and `ContentToCF` and a `ContentProfile` of all that the catalogue says
        for what was not.
    weights : sequence of float, optional
        One a model, for all films. By default they are chosen on ratings held out of the training, by NDCG@10: for
        films with likes, on the later part of every viewer's ratings; for those without, on films whose ratings are
        hidden. The test never takes part in this.
    cold_weights : sequence of float, optional
        The ones for films without likes, where `weights` are given; by default the same.
    """

    def __init__(self, models=None, weights=None, cold_weights=None):
        self.models = default_models() if models is None else list(models)
        self.weights, self.cold_weights = weights, cold_weights

    def fit(self, ratings: pd.DataFrame, movies: pd.DataFrame | None = None, scale: tuple = SCALE) -> Recommender:
        """Choose the weights, then learn from all ratings; see `Recommender.fit`. Uses ``timestamp`` if it is there."""
        if self.weights is not None:
            self.warm = self.cold = np.asarray(self.weights, dtype=float)
            if self.cold_weights is not None:
                self.cold = np.asarray(self.cold_weights, dtype=float)
        else:
            films = pd.DataFrame(index=np.unique(ratings["movie_id"])) if movies is None else movies
            split = split_last if "timestamp" in ratings else split_random
            self.warm = self._choose(*split(ratings, HELD_OUT), films, scale)
            self.cold = self._choose(*_some_films(ratings), films, scale, hidden=True)
        self._training = ratings
        return super().fit(ratings, movies, scale)

    def _learn(self) -> None:
        for model in self.models:
            model.fit(self._training, self._catalogue(), self.scale)
        self._is_warm = likes(self._histories).any(axis=0)
        del self._training

    def _catalogue(self) -> pd.DataFrame:
        return pd.DataFrame(index=pd.Index(self.items, name="movie_id")) if self.movies is None else self.movies

    def _scores(self, histories: np.ndarray) -> np.ndarray:
        scores = np.stack([standardize(model._scores(histories)) for model in self.models])
        blended = _blend(self.warm, scores)
        if not self._is_warm.all():
            new = blended[:, ~self._is_warm]
            order = standardize(_blend(self.cold, scores)[:, ~self._is_warm])
            spread = np.maximum(new.std(axis=1, keepdims=True), SMALLEST_SPREAD)
            blended[:, ~self._is_warm] = new.mean(axis=1, keepdims=True) + spread * order
        return blended

    def _film_vectors(self) -> np.ndarray:
        """Those of the part that weighs most and has vectors of films."""
        parts = [self.models[place] for place in np.argsort(-self.warm, kind="stable")]
        with_vectors = [part for part in parts if type(part)._film_vectors is not Recommender._film_vectors]
        return with_vectors[0]._film_vectors() if with_vectors else super()._film_vectors()

    def _choose(self, known, held, films: pd.DataFrame, scale: tuple, hidden: bool = False) -> np.ndarray:
        """Weights of the blend that ranks held-out likes best; of equals the one that trusts the first model most.

        If `hidden`, the candidates are the films of `held`, else all that a viewer has not rated.
        """
        if held.empty or known.empty:
            return np.eye(len(self.models))[0]
        trial = [copy.deepcopy(model).fit(known, films, scale) for model in self.models]
        seen = trial[0]._histories
        wanted = likes(trial[0]._matrix(held[held["user_id"].isin(trial[0].users)], trial[0].users))
        judged = wanted.any(axis=1)
        if not judged.any():
            return np.eye(len(self.models))[0]
        scores = np.stack([standardize(model._scores(seen[judged])) for model in trial])
        scores[:, ~np.isnan(seen[judged])] = -np.inf
        if hidden:
            scores[:, :, ~np.isin(trial[0].items, held["movie_id"])] = -np.inf
        ties = trial[0]._tie_order(seen[judged])  # by id, a model that knows nothing would win
        scores = np.take_along_axis(scores, ties[None], axis=2)
        wanted = np.take_along_axis(wanted[judged], ties, axis=1)
        steps = itertools.product(range(STEPS, -1, -1), repeat=len(trial))
        blends = [np.array(step) / STEPS for step in steps if sum(step) == STEPS]
        return max(blends, key=lambda weights: _ndcg(_blend(weights, scores).round(9), wanted))


def default_models() -> list[Recommender]:
    """The parts of a `Hybrid`, by default."""
    return [EASE(), ContentToCF(), ContentProfile(catalogue_vectors)]


def _some_films(ratings: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Ratings of most films, and those of the rest."""
    films = np.unique(ratings["movie_id"])
    chosen = np.random.default_rng(0).choice(films, int(len(films) * HELD_OUT), replace=False)
    hidden = ratings["movie_id"].isin(chosen)
    return ratings[~hidden], ratings[hidden]


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
