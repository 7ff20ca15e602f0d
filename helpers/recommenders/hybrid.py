"""Build on other recommenders: blend them (Hybrid), or let a learned ranker sort their candidates (Reranked)."""

from __future__ import annotations

import contextlib
import itertools
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone

from helpers.evaluation import ndcg, split_cold, split_last, split_random
from helpers.recommenders.base import Histories, Recommender, in_order, tie_order
from helpers.recommenders.content import ContentProfile, ContentToCF, catalogue_vectors, years_of
from helpers.recommenders.factors import ALS, EASE
from helpers.recommenders.neighborhood import ItemKNN

STEPS = 4  # weights are multiples of 1 / STEPS
HELD_OUT = 0.2  # of every viewer's ratings, or of the films, while weights or a ranker are learned
JUDGED_AT = 10
SMALLEST_SPREAD = 1e-3  # so that films without likes keep their order when the warm blend knows nothing about them


class _Built(Recommender):
    """What is built on other models, which are fitted as clones: those that were given stay as they are."""

    models: Sequence[Recommender] | None
    seed: int

    def _parts(self) -> list[Recommender]:
        """The models that were given, or else the default ones."""
        if self.models is None:
            return self._default()
        models = list(self.models) if isinstance(self.models, Sequence) else []
        if not models or not all(isinstance(model, Recommender) for model in models):
            raise ValueError(f"{type(self).__name__}: models is a list of recommenders, such as [EASE(), ALS()].")
        return models

    def _default(self) -> list[Recommender]:
        raise NotImplementedError

    def _fit_parts(self, ratings: pd.DataFrame) -> list[Any]:
        movies = pd.DataFrame(index=self.items_) if self.movies_ is None else self.movies_
        parts = [clone(part) for part in self._parts()]
        for part in parts:
            if "seed" in part.get_params(deep=False):
                part.set_params(seed=part.seed + self.seed)
            part.fit(ratings, movies, self.scale_)
        return parts

    def _try(self, known: pd.DataFrame, held: pd.DataFrame) -> tuple[list[Any], Histories, np.ndarray]:
        """Models that know some ratings, the histories of all viewers, and their likes among the ratings held out."""
        parts = self._fit_parts(known)
        users = parts[0].users_
        held = self._timed(held[held["user_id"].isin(users)])
        return parts, parts[0].histories_, self._as_histories(held, users).liked


@dataclass(repr=False, eq=False)
class Hybrid(_Built):
    """Add up the weighted scores of other models, brought to one scale for every viewer.

    For films without likes, the weights `warm_` say how high they stand among all films, and `cold_` in which order.

    Parameters
    ----------
    models : sequence of Recommender, optional
        By default, `EASE` for films that were rated, and for the others `ContentToCF` and a `ContentProfile` of all
        that the catalog says.
    weights, cold_weights : sequence of float, optional
        One for each model. By default, they are chosen by NDCG@10 on ratings held out of the training: the later part
        of every viewer's, and those of hidden films. If `weights` are given, `cold_weights` are the same by default.
    regularization, map_regularization, ridge, dislike : float
        Settings of the default models: the regularization of `EASE`, that and the ridge of `ContentToCF`, and the
        dislike of `ContentProfile`. Models that you pass keep their own.
    seed : int
        For what is hidden; also added to the seeds of the models.
    """

    models: Sequence[Recommender] | None = None
    weights: Sequence[float] | None = None
    cold_weights: Sequence[float] | None = None
    seed: int = 0
    regularization: float = 200.0
    map_regularization: float = 10.0
    ridge: float = 30.0
    dislike: float = 0.25

    def _default(self) -> list[Recommender]:
        return [
            EASE(self.regularization),
            ContentToCF(ridge=self.ridge, regularization=self.map_regularization),
            ContentProfile(catalogue_vectors, dislike=self.dislike),
        ]

    def _learn(self, ratings: pd.DataFrame) -> None:
        warm, cold = self._given("weights"), self._given("cold_weights")
        if cold is None:
            cold = self._choose(*split_cold(ratings, HELD_OUT, self.seed), hidden=True) if warm is None else warm
        self.cold_, self.warm_ = cold, self._choose(*_later(ratings, self.seed)) if warm is None else warm
        self.models_ = self._fit_parts(ratings)
        self.is_warm_ = self.histories_.liked.any(axis=0)

    def _given(self, name: str) -> np.ndarray | None:
        """Weights that were set, if they were."""
        value, count = getattr(self, name), len(self._parts())
        if value is None:
            return None
        weights = np.asarray(value)
        numbers = weights.shape == (count,) and weights.dtype.kind in "iuf"
        if not (numbers and (weights >= 0).all() and weights.any()):
            raise ValueError(f"Hybrid: {name} is {value!r:.60}; it is {count} numbers, 0 or more, not all of them 0.")
        return weights.astype(float)

    def _scores(self, histories: Histories) -> np.ndarray:
        scores = np.stack([standardize(part._scores(histories)) for part in self.models_])
        blended = _blend(self.warm_, scores)
        if not self.is_warm_.all():
            new = blended[:, ~self.is_warm_]
            order = standardize(_blend(self.cold_, scores)[:, ~self.is_warm_])
            spread = np.maximum(new.std(axis=1, keepdims=True), SMALLEST_SPREAD)
            blended[:, ~self.is_warm_] = new.mean(axis=1, keepdims=True) + spread * order
        return blended

    def _film_vectors(self) -> np.ndarray:
        """Those of the part that weighs most and has vectors of films."""
        for position in np.argsort(-self.warm_, kind="stable"):
            with contextlib.suppress(NotImplementedError):
                return self.models_[position]._film_vectors()
        return super()._film_vectors()

    def _choose(self, known: pd.DataFrame, held: pd.DataFrame, hidden: bool = False) -> np.ndarray:
        """Weights of the blend that ranks held-out likes best; of equals the one that trusts the first model most.

        If `hidden`, the candidates are the films of `held`, else all that a viewer has not rated.
        """
        steps = itertools.product(range(STEPS, -1, -1), repeat=len(self._parts()))
        blends = [np.array(step) / STEPS for step in steps if sum(step) == STEPS]
        if held.empty or known.empty:
            return blends[0]
        trial, histories, liked = self._try(known, held)
        judged = liked.any(axis=1)
        if not judged.any():
            return blends[0]
        histories, liked = histories[judged], liked[judged]
        scores = np.stack([standardize(part._scores(histories)) for part in trial])
        scores[:, histories.rated] = -np.inf
        if hidden:
            scores[:, :, ~np.isin(self.items_, held["movie_id"])] = -np.inf
        relevant = liked.sum(axis=1).astype(int)
        ties = tie_order(histories)  # by id, a model that knows nothing would win

        def quality(weights: np.ndarray) -> float:
            best = in_order(_blend(weights, scores).round(9), ties)[:, :JUDGED_AT]
            return float(ndcg(np.take_along_axis(liked, best, axis=1), relevant).mean())

        return max(blends, key=quality)


@dataclass(repr=False, eq=False)
class Reranked(_Built):
    """Retrieve, then re-rank: gradient boosting sorts the first model's best films again, by their features.

    The features of a viewer and a film: the standardized score of each model, the number of likes of the film and of
    the viewer, the film's year, and how much later that is than the mean year of what the viewer liked. The ranker
    learns which candidates were liked in the later part of every viewer's training ratings, hidden from the models.

    Parameters
    ----------
    models : sequence of Recommender, optional
        The first retrieves; the scores of all are features. By default, `ALS`, `EASE`, `ItemKNN`, and, for films with
        texts, a `ContentProfile`.
    candidates : int
        How many films are re-ranked for each viewer.
    rounds, learning_rate : int, float
        Number of trees of the ranker, and its learning rate.
    seed : int
        Added to the seeds of the models.

    References
    ----------
    P. Covington, J. Adams and E. Sargin (2016), Deep neural networks for YouTube recommendations, RecSys, section 2.
    """

    models: Sequence[Recommender] | None = None
    candidates: int = 100
    rounds: int = 100
    learning_rate: float = 0.05
    seed: int = 0

    def _default(self) -> list[Recommender]:
        return [ALS(), EASE(), ItemKNN(), *([] if self.movies_ is None else [ContentProfile()])]

    def _learn(self, ratings: pd.DataFrame) -> None:
        from sklearn.ensemble import HistGradientBoostingClassifier

        known, held = _later(ratings, self.seed)
        self.ranker_ = None
        if len(known) and len(held):
            self.models_, histories, liked = self._try(known, held)
            candidates, features = self._features(histories, histories.liked.sum(axis=0))
            targets = np.take_along_axis(liked, candidates, axis=1).ravel()
            if 0 < targets.mean() < 1:
                ranker = HistGradientBoostingClassifier(
                    learning_rate=self.learning_rate, max_iter=self.rounds, max_leaf_nodes=15, random_state=self.seed
                )
                self.ranker_ = ranker.fit(features, targets)
        self.models_ = self._fit_parts(ratings)

    def _features(self, histories: Histories, likes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Candidates (n, candidates), best first, and their features (n * candidates, n_features)."""
        scores = [standardize(part._scores(histories)) for part in self.models_]
        unseen = np.where(histories.rated, -np.inf, scores[0]).round(9)
        candidates = in_order(unseen, tie_order(histories))[:, : self.candidates]
        tables = [*scores, np.broadcast_to(likes / max(likes.sum(), 1), histories.stars.shape)]
        tables.append(np.broadcast_to(histories.liked.sum(axis=1)[:, None], histories.stars.shape))
        if self.movies_ is not None and "year" in self.movies_:
            years = years_of(self.movies_).sort_index().to_numpy()
            own = histories.liked @ years / np.maximum(histories.liked.sum(axis=1), 1)
            tables += [np.broadcast_to(years, histories.stars.shape), years - own[:, None]]
        return candidates, np.column_stack([np.take_along_axis(table, candidates, axis=1).ravel() for table in tables])

    def _scores(self, histories: Histories) -> np.ndarray:
        scores = standardize(self.models_[0]._scores(histories))
        if self.ranker_ is None:
            return scores
        candidates, features = self._features(histories, self.histories_.liked.sum(axis=0))
        chances = self.ranker_.predict_proba(features)[:, 1].reshape(candidates.shape)
        above = scores.max(axis=1, keepdims=True) + 1 + chances  # candidates before all others
        np.put_along_axis(scores, candidates, above, axis=1)
        return scores

    def _film_vectors(self) -> np.ndarray:
        return self.models_[0]._film_vectors()


def _later(ratings: pd.DataFrame, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The earlier and the later part of every viewer's ratings; where no times are known, two parts at random."""
    if "timestamp" not in ratings:
        return split_random(ratings, HELD_OUT, seed)
    with warnings.catch_warnings(action="ignore", category=UserWarning):  # chance will do for ratings of one time
        return split_last(ratings, HELD_OUT, seed)


def standardize(scores: np.ndarray) -> np.ndarray:
    """Scores of every viewer with mean 0 and spread 1, so that models on other scales can be added."""
    scores = np.asarray(scores, dtype=np.float64)
    spread = scores.std(axis=1, keepdims=True)
    return (scores - scores.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)


def _blend(weights: np.ndarray, scores: np.ndarray) -> np.ndarray:
    used = weights > 0
    return np.einsum("m,mnf->nf", weights[used], scores[used])
