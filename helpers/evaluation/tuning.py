"""Tune a recommender: try random settings on validation data cut from the training ratings, never on the test."""

from __future__ import annotations

from numbers import Integral
from typing import Any, NamedTuple

import pandas as pd
from sklearn.base import BaseEstimator, clone
from sklearn.model_selection import ParameterSampler

from helpers.data import SCALE
from helpers.evaluation import evaluate_users, split_last, split_random

TRIALS = 12  # settings that every model may try; the first are its defaults


class Tuning(NamedTuple):
    """The result of a search: an unfitted model with the best settings, and all trials, best first.

    A row of the trials holds ``ndcg@k`` on the validation data, ``settings``, and ``trial`` (0: the defaults).
    """

    model: Any
    trials: pd.DataFrame


def tune(
    model: BaseEstimator,
    space: dict[str, Any],
    train: pd.DataFrame,
    movies: pd.DataFrame | None = None,
    trials: int = TRIALS,
    k: int = 10,
    seed: int = 0,
    scale: tuple = SCALE,
) -> Tuning:
    """Search for the best settings at random, with a budget that can be the same for all models.

    The later part of every viewer's training ratings is the validation data (a random part if no times are known). A
    comparison of models is fair only if each was tuned as hard as the others (Dacrema, Cremonesi, and Jannach, 2019).

    Parameters
    ----------
    model : sklearn.base.BaseEstimator
        A recommender; its own settings are the first trial.
    space : dict
        For each setting, a list of values or a distribution, as for `sklearn.model_selection.ParameterSampler`; empty
        for a model without settings to tune.
    train : pandas.DataFrame
        The training ratings of a split; the test stays hidden.
    trials : int
        The budget: how many settings are fitted and judged, 1 or more.
    seed : int
        For the search and for the validation split.
    movies, k, scale
        As for `helpers.evaluation.evaluate_users`; lists are judged by NDCG.

    References
    ----------
    J. Bergstra and Y. Bengio (2012), Random search for hyper-parameter optimization, JMLR 13. M. F. Dacrema,
    P. Cremonesi and D. Jannach (2019), Are we really making much progress?, RecSys.
    """
    if not isinstance(trials, Integral) or trials < 1:
        raise ValueError(f"tune: trials is {trials}; ask for a whole number, 1 or more.")
    known, validation = (split_last if "timestamp" in train else split_random)(train, seed=seed)
    drawn = ParameterSampler(space, trials - 1, random_state=seed) if space and trials > 1 else []
    rows = []
    for number, settings in enumerate([{}, *drawn]):
        settings = {name: _plain(value) for name, value in settings.items()}
        candidate = clone(model).set_params(**settings)
        quality = evaluate_users(candidate, known, validation, k, movies, scale=scale)[f"ndcg@{k}"].mean()
        rows.append({f"ndcg@{k}": float(quality), "settings": settings, "trial": number})
    table = pd.DataFrame(rows).sort_values(f"ndcg@{k}", ascending=False, kind="stable", ignore_index=True)
    return Tuning(clone(model).set_params(**table["settings"][0]), table)


def _plain(value: Any) -> Any:
    """A number as people write it: three digits, of Python's types, so that it can be kept and compared."""
    value = value.item() if hasattr(value, "item") else value
    return float(f"{value:.3g}") if isinstance(value, float) else value
