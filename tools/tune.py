"""Tune every model on MovieLens with the same budget, judge it on the test before and after, and keep the figures.

    COURSE_DATA_DIR=FOLDER python tools/tune.py [--models als,ease] [--trials 12] [--seeds 3] [--judge]

Validation data is cut from the training (`helpers.evaluation.tuning`); the test is looked at once for each model, with
its default settings and with the ones that were found. Models with a seed are judged with several, and intervals are
over viewers and seeds, that of the difference, too. With --judge, the settings that were found stay, and are only
judged anew. Kept under ``tuning movielens`` in
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


def search(name: str, task: Task, trials: int) -> dict:
    """The settings of a model that are best on validation data, and how good they and the defaults are there."""
    found = tune(MODELS[name](), SPACES.get(name, {}), task.train, task.movies, trials if name in SPACES else 1)
    quality = found.trials.set_index("trial")[f"ndcg@{K}"]
    return {
        "settings": found.trials["settings"][0],
        "trials": len(quality),
        "validation": round(float(quality.max()), DIGITS),
        "validation by default": round(float(quality[0]), DIGITS),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", help="some of them, with commas between")
    parser.add_argument("--trials", type=int, default=TRIALS, help="settings that each model may try")
    parser.add_argument("--seeds", type=int, default=3, help="with which a model that has one is judged")
    parser.add_argument("--judge", action="store_true", help="search nothing: judge the settings that are kept")
    options = parser.parse_args()
    task = Task("movielens", k=K)
    try:
        kept = results.load("tuning", "movielens")["models"]
    except ValueError:
        kept = {}
    for name in options.models.split(",") if options.models else MODELS:
        begin = time.process_time()
        entry = kept[name] if options.judge else search(name, task, options.trials)
        default = judge(MODELS[name], task, options.seeds)
        tuned = judge(partial(MODELS[name], **entry["settings"]), task, options.seeds) if entry["settings"] else default
        entry |= {"default": figure(default), "tuned": figure(tuned) | {"minus default": figure(tuned - default)}}
        kept[name] = entry
        document = {"protocol": task.describe(), "metric": f"ndcg@{K}", "models": kept}
        results.keep(document, "tuning", "movielens")  # after each, so that nothing is lost
        before, after = (entry[when]["mean"] for when in ("default", "tuned"))
        print(
            f"{name}: {before:.4f} -> {after:.4f} {entry['settings']} ({time.process_time() - begin:.0f} s)", flush=True
        )


if __name__ == "__main__":
    main()
