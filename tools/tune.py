"""Tune every model on MovieLens with the same budget, judge it on the test before and after, and keep the figures.

    COURSE_DATA_DIR=FOLDER python tools/tune.py [--models als,ease] [--trials 12] [--seeds 3]

Validation data is cut from the training (`helpers.evaluation.tuning`); the test is looked at once for each model, with
its default settings and with the ones that were found. Models with a seed are judged with several, and intervals are
over viewers and seeds, that of the difference, too. Kept under ``tuning movielens`` in
``data/reference_results.json``, which `helpers.recommenders.spaces.tuned_models` reads.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from measure_models import DIGITS, figure
from sklearn.base import clone

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.evaluation import evaluate_users, results  # noqa: E402
from helpers.evaluation.scoreboard import Task  # noqa: E402
from helpers.evaluation.tuning import TRIALS, tune  # noqa: E402
from helpers.recommenders import MODELS  # noqa: E402
from helpers.recommenders.spaces import SPACES  # noqa: E402

K = 10


def judge(make: Callable, task: Task, seeds: int) -> np.ndarray:
    """NDCG on the test: (n_seeds, n_viewers)."""
    by_chance = "seed" in make().get_params(deep=False)
    models = [make().set_params(seed=seed) for seed in range(seeds)] if by_chance else [make()]
    return np.array([evaluate_users(model, task.train, task.test, K, task.movies)[f"ndcg@{K}"] for model in models])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", help="some of them, with commas between")
    parser.add_argument("--trials", type=int, default=TRIALS, help="settings that each model may try")
    parser.add_argument("--seeds", type=int, default=3, help="with which a model that has one is judged")
    options = parser.parse_args()
    task = Task("movielens", k=K)
    try:
        kept = results.load("tuning", "movielens")["models"]
    except ValueError:
        kept = {}
    for name in options.models.split(",") if options.models else MODELS:
        begin = time.process_time()
        budget = options.trials if name in SPACES else 1
        found = tune(MODELS[name](), SPACES.get(name, {}), task.train, task.movies, budget)
        settings, trials = found.trials["settings"][0], found.trials
        default = judge(MODELS[name], task, options.seeds)
        tuned = judge(partial(clone, found.model), task, options.seeds) if settings else default
        kept[name] = entry = {
            "settings": settings,
            "trials": len(trials),
            "validation": round(float(trials[f"ndcg@{K}"][0]), DIGITS),
            "validation by default": round(float(trials.loc[trials["trial"] == 0, f"ndcg@{K}"].iloc[0]), DIGITS),
            "default": figure(default),
            "tuned": figure(tuned) | {"minus default": figure(tuned - default)},
        }
        document = {"protocol": task.describe(), "metric": f"ndcg@{K}", "models": kept}
        results.keep(document, "tuning", "movielens")  # after each, so that nothing is lost
        before, after = (entry[when]["mean"] for when in ("default", "tuned"))
        print(f"{name}: {before:.4f} -> {after:.4f} {settings} ({time.process_time() - begin:.0f} s)", flush=True)


if __name__ == "__main__":
    main()
