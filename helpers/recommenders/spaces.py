"""The settings of each model that `helpers.evaluation.tuning.tune` tries, and the best ones that were found."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from scipy.stats import loguniform, randint

from helpers.evaluation import results
from helpers.recommenders import MODELS

_NETWORK = {"dimensions": [16, 32, 48, 64], "learning_rate": loguniform(1e-3, 3e-2)}
_NEIGHBORS = {"k": randint(10, 200), "similarity": ["cosine", "pearson"], "shrink": loguniform(1, 100)}
_ALS = {
    "factors": [16, 32, 64, 96],
    "regularization": loguniform(1, 100),
    "confidence": loguniform(1, 40),
    "rounds": [10, 15, 20],
}

SPACES: dict[str, dict[str, Any]] = {  # a model without an entry has no settings to tune
    "recent-popularity": {"half_life": loguniform(30, 5_000)},
    "item-knn": _NEIGHBORS,
    "user-knn": _NEIGHBORS,
    "biased-mf": {
        "factors": [4, 8, 16, 32],
        "regularization": loguniform(0.02, 0.5),
        "damping": loguniform(0.5, 30),
    },
    "als": _ALS,
    "bpr": _NETWORK | {"regularization": loguniform(1e-4, 0.1)},
    "ease": {"regularization": loguniform(20, 2_000)},
    "neural-cf": _NETWORK,
    "markov-chain": {"window": randint(1, 40), "damping": loguniform(0.1, 1_000)},
    "sasrec": {
        "length": [15, 30, 50],
        "dimensions": [16, 32, 48],
        "dropout": [0.2, 0.4, 0.6],
        "learning_rate": loguniform(1e-3, 1e-2),
    },
    "content-profile": {"center": [True, False], "dislike": loguniform(0.01, 1)},
    "feature-vectors": {"dimensions": [8, 16, 32, 64, 128], "dislike": loguniform(0.01, 1)},
    "content-to-cf": _ALS | {"ridge": loguniform(3, 300)},
    "two-tower": _NETWORK,
    "hybrid": {
        "regularization": loguniform(20, 2_000),
        "map_regularization": loguniform(1, 100),
        "ridge": loguniform(3, 300),
        "dislike": loguniform(0.01, 1),
    },
    "reranked": {"candidates": [50, 100, 200], "rounds": [30, 60, 100, 200], "learning_rate": loguniform(0.01, 0.1)},
}


def tuned_models() -> dict[str, Callable]:
    """Every model of `MODELS` with the settings that the search on MovieLens found (``python tools/tune.py``).

    Like the entries of `MODELS`, these are functions without arguments that return a model.
    """
    kept = results.load("tuning", "movielens")["models"]
    return {name: partial(make, **kept.get(name, {"settings": {}})["settings"]) for name, make in MODELS.items()}
