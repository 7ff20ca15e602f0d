"""Measure when viewers know too little of a few liked films: the figure `FEW_LIKES` of the app.

    python tools/measure_audience.py [--ratings course|movielens] [--viewers 240] [--films 3]

Viewers are in four parts; the models learn from three. From each viewer of the fourth, some of the likes are given,
drawn at random or those with the fewest likes, and the others have to be found. The table compares lists by audience,
and by both, with the best known films: differences of NDCG@12, with 95% intervals over viewers, by how many likes the
given films have together. ``both + facts`` adds a quarter of a profile of all that the catalog says.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.app.catalogue import COLD, LIKE, WARM  # noqa: E402
from helpers.data import LIKED, load_movies, load_ratings  # noqa: E402
from helpers.evaluation import ndcg  # noqa: E402
from helpers.recommenders import EASE, ContentProfile, ContentToCF, Hybrid, catalogue_vectors  # noqa: E402
from helpers.recommenders.hybrid import standardize  # noqa: E402

K, LEAST, PARTS = 12, 8, 4
BINS = [0, 30, 60, 100, 150, 250, np.inf]


def judged(order: np.ndarray, hidden: set) -> float:
    """NDCG@12 of a list for the likes that are hidden."""
    hits = np.isin(order[:K], list(hidden))[None]
    return float(ndcg(hits, np.array([len(hidden)]))[0])


def measure(which: str, viewers: int, films: int) -> pd.DataFrame:
    """A row for each viewer and way to give likes."""
    movies, ratings, random = load_movies(), load_ratings(which), np.random.default_rng(0)
    likes = ratings[ratings["rating"] >= LIKED].groupby("user_id")["movie_id"].agg(list)
    likes = likes[likes.str.len() >= max(LEAST, films + 1)]
    chosen = random.permutation(likes.index.to_numpy())[:viewers]
    rows = []
    for part in np.array_split(chosen, PARTS):
        known = ratings[~ratings["user_id"].isin(part)]
        count = known.loc[known["rating"] >= LIKED, "movie_id"].value_counts().reindex(movies.index, fill_value=0)
        popular = known["movie_id"].value_counts().reindex(movies.index, fill_value=0)
        both = Hybrid([EASE(), ContentToCF(), ContentProfile(catalogue_vectors)], WARM, COLD).fit(known, movies)
        models = {"audience": both.models_[1], "both": both, "facts": both.models_[2]}
        for viewer in part:
            of_viewer = likes[viewer]
            rarest = sorted(of_viewer, key=lambda film: (count[film], film))[:films]
            for given in ([*random.choice(of_viewer, films, replace=False)], rarest):
                history = pd.DataFrame({"movie_id": given, "rating": LIKE})
                scores = {name: model.fold_in(history, len(movies)) for name, model in models.items()}
                left = scores["both"].index
                both_and_facts = standardize([scores["both"][left], scores["facts"][left]])
                scores["both + facts"] = pd.Series(np.array([0.75, 0.25]) @ both_and_facts, left)
                scores["popular"] = popular[left]
                row = {"viewer": viewer, "likes": count[given].sum()}
                for name, score in scores.items():
                    row[name] = judged(score.sort_values(ascending=False, kind="stable").index, {*of_viewer} - {*given})
                rows.append(row)
    return pd.DataFrame(rows)


def interval(differences: pd.Series, viewers: pd.Series) -> str:
    """The mean and its 95% interval over viewers."""
    means = differences.groupby(viewers).mean()
    half = 1.96 * means.std() / np.sqrt(len(means))
    return f"{means.mean():+.3f} [{means.mean() - half:+.3f}, {means.mean() + half:+.3f}]"


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--ratings", choices=["course", "movielens"], default="course")
    parser.add_argument("--viewers", type=int, default=240, help="how many are asked (default: 240)")
    parser.add_argument("--films", type=int, default=3, help="liked films that are given (default: 3)")
    options = parser.parse_args()
    found = measure(options.ratings, options.viewers, options.films)
    pairs = [("audience", "popular"), ("both", "popular"), ("both + facts", "both")]
    for span, some in found.groupby(pd.cut(found["likes"], BINS, right=False), observed=True):
        told = [f"{one} - {other} {interval(some[one] - some[other], some['viewer'])}" for one, other in pairs]
        print(f"{len(some):4} lists, likes {span}: {'; '.join(told)}")


if __name__ == "__main__":
    main()
