"""Measure on MovieLens what the notebooks claim of recommenders, each claim with its control, and keep it.

    COURSE_DATA_DIR=... python tools/measure_claims.py [--only NAME ...] [--check]

It writes ``data/reference_results.json``, which `helpers.evaluation.claims` reads. An experiment is a function in
`EXPERIMENTS`; it returns claims, each a difference that is above 0 where the claim holds, and tables. Intervals are
over viewers, and over the seeds of a model or the draws of a split. With --check nothing is written; what is no longer
as it was kept is named either way.
"""

from __future__ import annotations

import argparse
import copy
import functools
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import LIKED, load_movies, load_ratings, load_vectors, read_movielens  # noqa: E402
from helpers.evaluation import (  # noqa: E402
    claims,
    evaluate_users,
    matched_auc,
    ranks_of_likes,
    results,
    rmse,
    split_cold,
    split_date,
    split_last,
    split_random,
    summarize,
)
from helpers.evaluation.exposure import miscalibration, weighted_recall  # noqa: E402
from helpers.recommenders import (  # noqa: E402
    ALS,
    BiasedMF,
    Hybrid,
    ItemKNN,
    Popularity,
    Random,
    Recommender,
    UserKNN,
    catalogue_vectors,
)
from helpers.recommenders.base import NOTHING, in_order, tie_order  # noqa: E402
from helpers.recommenders.spaces import tuned_models  # noqa: E402

SEEDS, SEEDS_OF_ALL, DRAWS, FOLDS, BUCKETS = 5, 3, 10, 5, 20
ORDERS, DRAWS_OF_PEOPLE = 3, 3
FEW = 2  # draws of hidden films that tests measure again
DIGITS = 4
LITTLE_ERROR = 0.885  # stars, root mean squared: what a factorization reaches on such ratings
CLOSE = 0.003  # how far a figure may be from the one that is kept: processors differ


class Claim(NamedTuple):
    """A claim, what was held equal, and the differences that tell: (n_viewers,) or (n_draws, n_viewers)."""

    claim: str
    control: str
    unit: str
    differences: object
    draws: str = ""

    def measured(self) -> dict:
        values = np.atleast_2d(np.asarray(self.differences, dtype=float))
        row = summarize([pd.DataFrame({"x": line}) for line in values]).loc["x"].round(DIGITS).to_dict()
        viewers = int((~np.isnan(values)).any(axis=0).sum())
        return {"claim": self.claim, "control": self.control, "unit": self.unit} | row | {
            "viewers": viewers, "draws": self.draws,
        }  # fmt: skip


class Fitted:
    """A model that is fitted already, for `evaluate_users`; with a history, it knows no viewers but those."""

    def __init__(self, model: Recommender, history: pd.DataFrame | None = None):
        self.model = model
        if history is not None:
            self.model = copy.copy(model)
            self.model.ratings_ = NOTHING
            Recommender.update(self.model, history)

    def fit(self, ratings, movies=None):
        return self

    def rank(self, users, k, where=None):
        return self.model.rank(users, k, where)


@functools.cache
def ratings(name: str = "movielens") -> pd.DataFrame:
    return load_ratings(name)


@functools.cache
def movies() -> pd.DataFrame:
    """The films that MovieLens knows: those that came out later can be nobody's hit."""
    films = load_movies()
    return films[films.index.isin(ratings()["movie_id"])]


@functools.cache
def text() -> np.ndarray:
    return load_vectors(movies())


@functools.cache
def everything() -> np.ndarray:
    """Text, genres, people, tags, and year of every film."""
    return catalogue_vectors(movies())


@functools.cache
def last() -> tuple[pd.DataFrame, pd.DataFrame]:
    return split_last(ratings())


def in_time(seed: int) -> pd.DataFrame:
    """Ratings of every viewer, oldest first. Those of one second are shuffled: by id, famous films were first."""
    shuffled = ratings().sample(frac=1, random_state=seed)
    return shuffled.sort_values(["user_id", "timestamp"], kind="stable", ignore_index=True)


def judge(model, split=None, k: int = 10, where=None) -> pd.DataFrame:
    return evaluate_users(model, *(split or last()), k, movies(), text(), where)


@functools.cache
def fitted(model: Callable, **parameters) -> Recommender:
    """A model that knows all but the last fifth; every experiment looks at the same one."""
    return model(**parameters).fit(last()[0], movies())


@functools.cache
def judged(model: Callable, **parameters) -> pd.DataFrame:
    return judge(Fitted(fitted(model, **parameters)))


def seeded(model: Callable) -> list[pd.DataFrame]:
    """A model on the last fifth, once per seed."""
    return [judged(model, seed=seed) for seed in range(SEEDS)]


def column(tables, name: str = "ndcg@10") -> np.ndarray:
    """One metric as (n_draws, n_viewers), NaN where a viewer was not judged in a draw."""
    tables = [tables] if isinstance(tables, pd.DataFrame) else tables
    return pd.concat([table[name] for table in tables], axis=1).sort_index().to_numpy().T


def tuned(name: str) -> Callable:
    """A model of `MODELS` with the settings that were found for it, all models with one budget (``tools/tune.py``)."""

    def make(*arguments, **more):
        return tuned_models()[name](*arguments, **more)

    return make


als, ease, item_knn, user_knn = (tuned(name) for name in ("als", "ease", "item-knn", "user-knn"))
content_profile, content_to_cf = tuned("content-profile"), tuned("content-to-cf")


def text_profile() -> Recommender:
    return content_profile(text())


PAIR = {"popularity": Popularity, "EASE": ease}


# ---- experiments -----------------------------------------------------------------------------------------------------


def families() -> tuple[dict, dict]:
    """The order in which the literature has the families, and its error in stars."""
    popular, films, linear = (column(judged(model)) for model in (Popularity, item_knn, ease))
    equal, unit = "same likes, viewers and candidates; tuned with the same budget", "NDCG@10"
    test = last()[1]
    below = LITTLE_ERROR**2 - (fitted(BiasedMF).predict_many(test["user_id"], test["movie_id"]) - test["rating"]) ** 2
    by_viewer = below.groupby(test["user_id"]).sum()
    by_viewer *= len(by_viewer) / len(test)  # so that their mean is that of all ratings
    return {
        "item-knn-popularity": Claim("Similar films (item-knn) beat popularity.", equal, unit, films - popular),
        "ease-item-knn": Claim("EASE beats similar films (item-knn).", equal, unit, linear - films),
        "biased-mf-error": Claim(
            f"Matrix factorization misses by less than {LITTLE_ERROR} stars (RMSE).",
            "last fifth of everybody; every rating counts alike", f"squared stars below {LITTLE_ERROR}²", by_viewer,
        ),
    }, {}  # fmt: skip


def personalization() -> tuple[dict, dict]:
    popular, linear = column(judged(Popularity)), column(judged(ease))
    factors, untuned = column(seeded(als)), column(seeded(ALS))
    by_stars = column(judged(UserKNN, similarity="pearson"))
    neighbors, films = column(judged(user_knn)), column(judged(item_knn))
    draws, equal = f"{SEEDS} seeds of ALS", "same likes, viewers and candidates; tuned with the same budget"
    claim, unit = "Learned vectors (ALS) beat similar viewers (user-knn).", "NDCG@10"
    found = {
        "als-popularity": Claim("Learned vectors (ALS) beat popularity.", equal, unit, factors - popular, draws),
        "als-knn-by-stars": Claim(claim, "none: ALS learns from likes, user-knn from stars", unit, untuned - by_stars,
                                  draws),
        "als-knn-untuned": Claim(claim, "same likes; both with default settings", unit,
                                 untuned - column(judged(UserKNN)), draws),
        "als-knn": Claim(claim, equal, unit, factors - neighbors, draws),
        "als-item-knn": Claim("Learned vectors (ALS) beat similar films (item-knn).", equal, unit, factors - films,
                              draws),
        "ease-knn": Claim("EASE beats similar viewers (user-knn).", equal, unit, linear - neighbors),
        "ease-als": Claim("EASE beats ALS.", equal, unit, linear - factors, draws),
    }  # fmt: skip
    by_seed = {
        str(seed): dict(zip(("mean", "low", "high"), row, strict=True))
        for seed, row in enumerate(summarize(pd.DataFrame((linear - factors).T)).to_numpy().round(DIGITS).tolist())
    }
    return found, {"ease-als by seed": by_seed}


def text_and_taste() -> tuple[dict, dict]:
    counts = fitted(Popularity).likes_
    rivals = {"popularity": Popularity, "text profile": text_profile, "EASE": ease}
    auc = {name: matched_auc(fitted(model), last()[1], counts) for name, model in rivals.items()}
    popular, profile = column(judged(Popularity)), column(judged(text_profile))
    blend = column(judge(Hybrid([Popularity(), content_profile(text())])))
    found = {
        "text-popularity": Claim(
            "Text vectors alone beat popularity.", "same viewers; but popular films are liked more often",
            "NDCG@10", profile - popular,
        ),
        "text-auc": Claim(
            "Text vectors tell what a viewer likes.", "only films of equal popularity compete (likes within 10%)",
            "AUC above that of popularity", auc["text profile"] - auc["popularity"],
        ),
        "text-adds": Claim(
            "Text vectors add to popularity.", "weights chosen on training ratings; popularity is in both", "NDCG@10",
            blend - popular,
        ),
    }  # fmt: skip
    rows = {name: summarize(values.to_frame()).loc["auc"].round(DIGITS).to_dict() for name, values in auc.items()}
    return found, {"auc among equally popular films": rows}


def diversity() -> tuple[dict, dict]:
    course = split_last(ratings("course"))
    simulated = [judge(als(seed=seed), course) for seed in range(SEEDS)], judge(Popularity(), course)

    def differences(lists, popular):
        return column(lists, "diversity") - column(popular, "diversity")

    control, draws = "same viewers, lists of ten; 1 minus mean cosine of texts", f"{SEEDS} seeds of ALS"
    real = Claim("Lists by learned vectors are more diverse than popular films.", control, "diversity",
                 differences(seeded(als), judged(Popularity)), draws)  # fmt: skip
    same = real._replace(claim="The same, on simulated viewers.", differences=differences(*simulated))
    return {"diversity": real, "diversity-simulated": same}, {}


def stars() -> tuple[dict, dict]:
    rows, found = {}, {}
    for where, (train, test) in (("MovieLens", last()), ("simulated", split_last(ratings("course")))):
        makers = {"biased-mf": BiasedMF, "item-knn": ItemKNN, "user-knn": UserKNN}
        for name, make in makers.items():
            one_function = make is BiasedMF
            model = make(**({} if one_function else {"rank_by": "stars"})).fit(train, movies())
            by_stars, by_likes = (
                evaluate_users(Fitted(each), train, test, movies=movies())
                for each in (model, model if one_function else copy.copy(model).set_params(rank_by="likes"))
            )
            rows[f"{name}, {where}"] = {
                "RMSE": round(rmse(model.predict_many(test["user_id"], test["movie_id"]), test["rating"]), 3),
                "NDCG@10, list by predicted stars": round(float(by_stars["ndcg@10"].mean()), 3),
                "NDCG@10, list by likes": None if one_function else round(float(by_likes["ndcg@10"].mean()), 3),
                "popularity, list by predicted stars": round(float(by_stars["popularity"].mean()), 3),
            }
            if where == "MovieLens" and not one_function:
                found[f"likes-stars-{name}"] = Claim(
                    f"{name} makes better lists from likes than from the stars that it predicts.",
                    "same model, same neighbors: only what is sorted differs", "NDCG@10",
                    column(by_likes) - column(by_stars),
                )  # fmt: skip
    return found, {"stars and lists": rows}


def splits() -> tuple[dict, dict]:
    likes = ratings().loc[ratings()["rating"] >= LIKED, "movie_id"].value_counts()
    rows = {}
    for name, split in (("random fifth", split_random(ratings())), ("last fifth", last())):
        liked = split[1].loc[split[1]["rating"] >= LIKED, "movie_id"]
        rows[name] = {"mean likes of a hidden liked film": round(float(liked.map(likes).mean()), 1)}
        for who, model in PAIR.items():
            rows[name][f"{who}, learned from all"] = score(judge(model(), split))
            rows[name][f"{who}, learned from other people"] = score(by_others(model, *split))
    future = Claim(
        "Knowing what a viewer rated afterwards helps to guess.",
        "same hidden films, histories of one size, EASE learned from other people", "NDCG@10",
        column([own_future(seed) for seed in range(ORDERS)]), f"{ORDERS} orders of ratings of one second, and folds",
    )  # fmt: skip
    return {"own-future": future}, {"random and last fifth": rows}


def own_future(seed: int) -> pd.DataFrame:
    """What every viewer's fifth fifths gain when one of the two before them comes from after them instead."""
    ordered = in_time(seed)
    viewer = ordered.groupby("user_id")["movie_id"]
    fifth = 5 * viewer.cumcount() // viewer.transform("size")
    target = ordered[fifth == 2]
    around, before = (by_others(ease, ordered[fifth.isin(fifths)], target, seed) for fifths in ([1, 3], [0, 1]))
    return (around - before).dropna()


def by_others(model: type, history: pd.DataFrame, test: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Judge viewers, a fold of them at a time, by a model that learned from all ratings of the other folds."""
    fold, tables = folds(seed), []
    for number in range(FOLDS):
        mine = [part[part["user_id"].map(fold).eq(number)] for part in (history, test)]
        tables.append(judge(Fitted(of_others(model, seed, number), mine[0]), mine))
    return pd.concat(tables).sort_index()


def folds(seed: int) -> pd.Series:
    """The number of a fold for every viewer."""
    users = ratings()["user_id"].unique()
    return pd.Series(np.random.default_rng(seed).integers(FOLDS, size=len(users)), users)


@functools.lru_cache(2 * FOLDS)
def of_others(model: type, seed: int, number: int) -> Recommender:
    """A model that knows all ratings of the other folds."""
    return model().fit(ratings()[ratings()["user_id"].map(folds(seed)).ne(number)], movies())


def score(table: pd.DataFrame) -> float:
    return round(float(table["ndcg@10"].mean()), DIGITS)


def time() -> tuple[dict, dict]:
    train, test = last()
    begins = test.groupby("user_id")["timestamp"].min()
    after = 1 - np.searchsorted(np.sort(train["timestamp"]), begins, side="right") / len(train)
    popular = judged(Popularity)
    lists = fitted(Popularity).rank(popular.index, 10)
    years = pd.to_datetime(test.groupby("user_id")["timestamp"].max(), unit="s").dt.year.loc[popular.index]
    too_new = (movies()["year"].loc[lists.ravel()].to_numpy().reshape(lists.shape) > years.to_numpy()[:, None]).any(
        axis=1
    )
    rolling = {model: learned_before(model, begins) for model in (Popularity, ease)}
    any_time = {model: [learned_before(model, begins, draw) for draw in range(DRAWS_OF_PEOPLE)] for model in rolling}
    later = {model: column(any_time[model]) - column(rolling[model]) for model in rolling}
    by_date = split_date(ratings())
    dated = {model: judge(model(), by_date) for model in (Popularity, ease)}
    common = rolling[ease].index
    kept = [popular.loc[common], judged(ease).loc[common]]
    claim, unit = "EASE beats popularity.", "NDCG@10"
    equal = "same hidden ratings; as many training ratings, by whole viewers of any time against earlier ones"
    draws = f"{DRAWS_OF_PEOPLE} draws of viewers"
    found = {
        "time-last": Claim(claim, "none for time: the last fifth of each viewer is hidden", unit,
                           column(kept[1]) - column(kept[0])),
        "time-rolling": Claim(claim, "same hidden ratings; learned only from ratings before the viewer's test",
                              unit, column(rolling[ease]) - column(rolling[Popularity])),
        "time-date": Claim(claim, "one date for everybody; only viewers who rated before and after it", unit,
                           column(dated[ease]) - column(dated[Popularity])),
        "time-later-popularity": Claim("Ratings of any time serve popularity better than earlier ones.", equal, unit,
                                       later[Popularity], draws),
        "time-later-ease": Claim("Ratings of any time serve EASE better than earlier ones.", equal, unit, later[ease],
                                 draws),
        "time-later-lead": Claim("Ratings of any time make EASE's lead over popularity larger.", equal, unit,
                                 later[ease] - later[Popularity], draws),
    }  # fmt: skip
    rows = {
        "last fifth of each viewer": {"popularity": score(kept[0]), "EASE": score(kept[1]), "viewers": len(common)},
        "learned before the viewer's test": {
            "popularity": score(rolling[Popularity]), "EASE": score(rolling[ease]), "viewers": len(common),
        },
        "as many ratings of any time": {
            "popularity": score(pd.concat(any_time[Popularity])), "EASE": score(pd.concat(any_time[ease])),
            "viewers": len(common),
        },
        "one date for everybody": {
            "popularity": score(dated[Popularity]), "EASE": score(dated[ease]), "viewers": len(dated[ease]),
        },
    }  # fmt: skip
    leak = {
        "share of training ratings after the viewer's test began": round(float(after.mean()), 3),
        "share of popularity lists with a film from a later year than the viewer's last rating": round(
            float(too_new.mean()), 3
        ),
    }
    return found, {"three splits by time": rows, "leak of the last fifth": {"MovieLens": leak}}


def learned_before(model: type, begins: pd.Series, draw: int | None = None) -> pd.DataFrame:
    """Judge viewers, a bucket at a time, by a model that learned only from ratings before the bucket's first test.

    With `draw`, it learns from as many ratings of any time: those of other viewers, drawn at random and taken whole.
    """
    train, test = last()
    rng = np.random.default_rng(draw)
    tables = []
    for users in np.array_split(begins.sort_values(kind="stable").index, BUCKETS):
        known = train[train["timestamp"] < begins.loc[users].min()]
        if len(known) >= MOST_OF_A_BUCKET:
            mine = [part[part["user_id"].isin(users)] for part in (train, test)]
            if draw is not None:
                others = train[~train["user_id"].isin(users)]
                counts = others["user_id"].value_counts(sort=False).sample(frac=1, random_state=rng).cumsum()
                known = others[others["user_id"].isin(counts.index[counts <= len(known)])]
            tables.append(judge(Fitted(model().fit(known, movies()), mine[0]), mine))
    return pd.concat(tables).sort_index()


MOST_OF_A_BUCKET = 500  # ratings: of fewer nothing is learned


def cold_start(draws: int = DRAWS) -> tuple[dict, dict]:
    rivals = {
        "random": Random, "popularity": Popularity, "EASE": ease,
        "profile, text": lambda: content_profile(text()), "profile, everything": lambda: content_profile(everything()),
        "map, text": lambda: content_to_cf(text()), "map, everything": lambda: content_to_cf(everything()),
    }  # fmt: skip
    tables: dict[str, list[pd.DataFrame]] = {name: [] for name in [*rivals, "hybrid"]}
    for draw in range(draws):
        split = split_cold(ratings(), seed=draw)
        cold = pd.Series(~movies().index.isin(split[0]["movie_id"]), movies().index)
        for name, make in rivals.items():
            tables[name].append(judge(make(), split, 20, cold))
        parts = [ease(), content_to_cf(everything()), content_profile(everything())]
        tables["hybrid"].append(judge(Hybrid(parts), split, 20, cold))

    def compare(claim, control, one, other):
        differences = [left - right for left, right in zip(tables[one], tables[other], strict=False)]
        drawn = f"{len(differences)} draws of hidden films"
        return Claim(claim, control, "recall@20", column(differences, "recall@20"), drawn)

    found = {
        "cold-text": compare("Text finds films without ratings.", "against chance", "profile, text", "random"),
        "cold-ease": compare("EASE finds films without ratings.", "against chance", "EASE", "random"),
        "cold-unequal": compare("A learned map beats a plain profile.",
                                "none: the map reads everything, the profile only text",
                                "map, everything", "profile, text"),
        "cold-map": compare("A learned map beats a plain profile.", "both read everything", "map, everything",
                            "profile, everything"),
        "cold-map-text": compare("A learned map beats a plain profile.", "both read only text", "map, text",
                                 "profile, text"),
        "cold-everything": compare("Genres, people, tags, and year add to text.", "both are plain profiles",
                                   "profile, everything", "profile, text"),
        "cold-hybrid": compare("A hybrid beats the map.", "both read everything", "hybrid", "map, everything"),
    }  # fmt: skip
    rows = {
        name: summarize([table[["recall@20"]] for table in each]).loc["recall@20"].round(DIGITS).to_dict()
        for name, each in tables.items()
    }
    first = {
        name: {"mean": round(float(pd.concat(each[:FEW])["recall@20"].mean()), DIGITS)} for name, each in tables.items()
    }
    return found, {"films without ratings": rows, "films without ratings, first draws": first}


def constant_learning() -> tuple[dict, dict]:
    runs = [tenth_by_tenth(in_time(seed)) for seed in range(ORDERS)]

    def gain(claim, control, one, other):
        differences = [(run[one] - run[other]).mean(axis=1).sort_index() for run in runs]
        return Claim(claim, control, "recall@10", pd.concat(differences, axis=1).to_numpy().T,
                     f"{ORDERS} orders of ratings of one second")  # fmt: skip

    hidden = "frozen, seen films hidden"
    found = {
        "learning-filter": gain("Hiding films seen in the meantime helps.", "same frozen model and history", hidden,
                                "frozen"),
        "learning-update": gain("Folding in new ratings helps.", "both hide what was seen; same weights", "updated",
                                hidden),
        "learning-refit": gain("A new fit helps beyond folding in.", "both know all ratings so far", "refit",
                               "updated"),
    }  # fmt: skip
    means = {name: sum(run[name].mean() for run in runs) / ORDERS for name in runs[0]}
    return found, {"tenth by tenth": {name: row.round(DIGITS).to_dict() for name, row in means.items()}}


def tenth_by_tenth(ordered: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Recall@10 of every viewer (row) in every tenth of their ratings (column), for four ways to keep up."""
    viewer = ordered.groupby("user_id")["movie_id"]
    tenth = 10 * viewer.cumcount() // viewer.transform("size")
    first = ordered[tenth < 2]
    frozen = ease().fit(first, movies())
    updated = copy.copy(frozen)
    found: dict[str, dict[str, pd.Series]] = {
        name: {} for name in ("frozen", "frozen, seen films hidden", "updated", "refit")
    }
    for number in range(2, 10):
        past, piece = ordered[tenth < number], ordered[tenth == number]
        models = [Hiding(frozen, first), Hiding(frozen, past), Hiding(updated, past), ease().fit(past, movies())]
        for name, model in zip(found, models, strict=True):
            found[name][str(number)] = evaluate_users(Fitted(model), past, piece, movies=movies())["recall@10"]
        updated.update(piece)
    return {name: pd.DataFrame(pieces) for name, pieces in found.items()}


class Hiding:
    """A fitted model that ranks by what it knows, without the films of `seen`."""

    def __init__(self, model: Recommender, seen: pd.DataFrame):
        self.model, self.seen = model, seen

    def rank(self, users, k, where=None):
        known = np.intersect1d(users, self.model.users_)
        scores = self.model.scores(known)
        seen = self.seen[self.seen["user_id"].isin(known)]
        columns = np.searchsorted(self.model.items_, seen["movie_id"])
        scores[np.searchsorted(known, seen["user_id"]), columns] = -np.inf
        ties = tie_order(self.model.histories_[np.searchsorted(self.model.users_, known)])
        return self.model.items_[in_order(scores, ties)[:, :k]][np.searchsorted(known, users)]


def catalogue() -> tuple[dict, dict]:
    """MovieLens as it comes, and what choosing films by their ratings, test included, does."""
    folder = Path(os.environ["COURSE_DATA_DIR"]) / "ml-latest-small"
    whole = read_movielens(folder)["ratings.csv"].set_axis(["user_id", "movie_id", "rating", "timestamp"], axis=1)
    train, test = split_last(whole)
    rows = {}
    for name, chosen_by in (("all its ratings, as here", whole), ("its training ratings", train)):
        films = chosen_by.groupby("movie_id").size().sort_values(ascending=False, kind="stable").index[:1_000]
        split = [part[part["movie_id"].isin(films)] for part in (train, test)]
        catalogue = pd.DataFrame(index=pd.Index(np.sort(films), name="movie_id"))
        tables = {who: evaluate_users(model(), *split, movies=catalogue) for who, model in PAIR.items()}
        rows[name] = {who: score(table) for who, table in tables.items()} | {"hidden ratings": len(split[1])}
    share = {"films": [1_000, int(whole["movie_id"].nunique())],
             "ratings": [len(ratings()), len(whole)]}  # fmt: skip
    return {}, {"choosing the films": rows, "what MovieLens means here": share}


def exposure() -> tuple[dict, dict]:
    """What changes when rare films count more, who the mean hides, and whether lists have the mix of what is liked."""
    train, test = last()
    rated = train["movie_id"].value_counts().reindex(movies().index, fill_value=0) + 1
    genres = movies()["genres"].str.get_dummies("|").sort_index()
    genres = genres.div(genres.sum(axis=1), axis=0)
    rivals = {
        "popularity": Popularity, "item-knn": item_knn, "als": als, "ease": ease, "text profile": text_profile,
        "random": Random,
    }  # fmt: skip
    powers = {"0": 0.0, "0.5": 0.5, "1": 1.0}
    weighted, each, apart, alone = {}, {}, {}, {}
    for name, make in rivals.items():
        settings = [{"seed": seed} for seed in range(SEEDS)] if make in (als, Random) else [{}]
        models = [fitted(make, **chosen) for chosen in settings]
        found = [ranks_of_likes(model, test) for model in models]
        weighted[name] = {
            power: np.array([weighted_recall(ranks, rated**value) for ranks in found])
            for power, value in powers.items()
        }
        each[name] = judged(make, **settings[0])["ndcg@10"]
        alone[name] = one_at_a_time(found[0])
        liked = train[(train["rating"] >= LIKED) & train["user_id"].isin(each[name].index)]
        taste = genres.loc[liked["movie_id"]].groupby(liked["user_id"].to_numpy()).mean()
        shown = [genres.loc[model.rank(taste.index, 10).ravel()].to_numpy() for model in models]
        mixes = [films.reshape(len(taste), 10, -1).mean(axis=1) for films in shown]
        apart[name] = np.mean([miscalibration(taste, mix) for mix in mixes], axis=0)
    hidden = found[0].groupby("user_id").size()
    counts = train["user_id"].value_counts().reindex(each["ease"].index)
    quarter = pd.qcut(counts, 4, labels=["fewest ratings", "few", "many", "most ratings"])

    def with_interval(values):
        return summarize(pd.DataFrame({"x": np.asarray(values)})).loc["x"].round(DIGITS).to_dict()

    def by_quarter(values):
        return {str(name): with_interval(part) for name, part in values.groupby(quarter)}

    rarer, unit, draws = "a hidden film counts by 1 / its number of ratings", "recall@10", f"{SEEDS} seeds of ALS"
    found = {
        "exposure-als-ease": Claim("EASE beats ALS.", "every hidden film counts alike", unit,
                                   weighted["ease"]["0"] - weighted["als"]["0"], draws),
        "exposure-als-ease-weighted": Claim("EASE beats ALS.", rarer, unit,
                                            weighted["ease"]["1"] - weighted["als"]["1"], draws),
        "exposure-text-popularity": Claim("Text vectors alone beat popularity.", "every hidden film counts alike", unit,
                                          weighted["text profile"]["0"] - weighted["popularity"]["0"]),
        "exposure-text-popularity-weighted": Claim("Text vectors alone beat popularity.", rarer, unit,
                                                   weighted["text profile"]["1"] - weighted["popularity"]["1"]),
    }  # fmt: skip
    found |= many_ratings(each["ease"], alone["ease"], quarter.eq("most ratings"))
    tables = {
        "weighted recall": {name: {power: round(float(values.mean()), DIGITS) for power, values in row.items()}
                            for name, row in weighted.items()},
        "EASE by number of ratings": by_quarter(each["ease"]),
        "EASE by number of ratings, one hidden like at a time": by_quarter(alone["ease"]),
        "popularity by number of ratings": by_quarter(each["popularity"]),
        "hidden likes by number of ratings": {
            str(name): {"mean": round(float(part.mean()), 1)} for name, part in hidden.groupby(quarter)
        },
        "miscalibration": {name: with_interval(values) for name, values in apart.items()},
    }  # fmt: skip
    return found, tables


def many_ratings(ndcg: pd.Series, alone: pd.Series, most: pd.Series) -> dict:
    """Whether EASE serves the quarter of the viewers with the most ratings better than the others."""
    claim = "EASE serves viewers with many ratings better than others."
    return {
        "groups-ndcg": Claim(claim, "none: more of their likes are hidden, so that there is more to hit", "NDCG@10",
                             most_minus_others(ndcg, most)),
        "groups-alone": Claim(claim, "each hidden like is taken alone: the same exam for all", "share in the first ten",
                              most_minus_others(alone, most)),
    }  # fmt: skip


def most_minus_others(values: pd.Series, most: pd.Series) -> pd.Series:
    """Values whose mean over all viewers is the mean of a group minus that of everybody else."""
    share = float(most.mean())
    return (values - values.mean()) * np.where(most, 1 / share, -1 / (1 - share))


def one_at_a_time(found: pd.DataFrame) -> pd.Series:
    """How often a hidden like is among the first ten when the viewer's other hidden likes are left out, by viewer.

    Other than NDCG and recall, it does not depend on how many there are to be found.
    """
    likes_before = found.groupby("user_id")["rank"].rank(method="first") - 1
    return (found["rank"] - likes_before).lt(10).groupby(found["user_id"]).mean()


EXPERIMENTS = {
    experiment.__name__: experiment
    for experiment in (
        families, personalization, text_and_taste, diversity, stars, splits, time, cold_start, constant_learning,
        catalogue, exposure,
    )
}  # fmt: skip


def scores_by_viewer() -> dict[str, dict[str, str]]:
    """NDCG@10 of every viewer, in a random order, as one line for each model and seed; of the models that are tuned."""
    order, found = None, {}
    for name in results.load("tuning", "movielens")["models"]:
        make = tuned_models()[name]
        by_chance = "seed" in make().get_params()
        for seed in range(SEEDS_OF_ALL if by_chance else 1):
            model = make(seed=seed) if by_chance else make()
            scores = judge(model)["ndcg@10"].round(DIGITS).to_numpy()
            order = np.random.default_rng(0).permutation(len(scores)) if order is None else order
            found.setdefault(name, {})[str(seed)] = " ".join(f"{score:g}" for score in scores[order])
        print(f"scores of {name}", flush=True)
    return found


def same_table(one: dict, other: dict) -> bool:
    """Whether two tables of figures have the same rows and columns, and as good as the same numbers."""
    ours, theirs = (pd.DataFrame.from_dict(table, orient="index").astype(float) for table in (one, other))
    same = ours.index.equals(theirs.index) and ours.columns.equals(theirs.columns)
    return same and np.allclose(ours, theirs, rtol=0.02, atol=0.005, equal_nan=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", choices=[*EXPERIMENTS, "scores"], help="a few experiments; the rest stays")
    parser.add_argument("--check", action="store_true", help="write nothing; name the figures that are not as kept")
    options = parser.parse_args()
    measured: dict[str, dict] = {"claims": {}, "tables": {}, "scores": {}}
    for name in options.only or EXPERIMENTS:
        if name in EXPERIMENTS:
            found, tables = EXPERIMENTS[name]()
            measured["tables"] |= tables
            for key, table in tables.items():
                if not same_table(table, _kept()["tables"].get(key, table)):
                    print(f"table '{key}' is not as it was kept", flush=True)
            for key, claim in found.items():
                measured["claims"][key] = row = claim.measured()
                mean, low, high = (row[end] for end in ("mean", "low", "high"))
                print(f"{key:36}{mean:+.4f} [{low:+.4f}, {high:+.4f}] {claims.verdict(low, high)}", flush=True)
                was = _kept()["claims"].get(key, row)
                if max(abs(row[end] - was[end]) for end in ("mean", "low", "high")) > CLOSE:
                    print(f"    was {was['mean']:+.4f} [{was['low']:+.4f}, {was['high']:+.4f}]", flush=True)
    if not options.check:
        if not options.only or "scores" in options.only:
            measured["scores"] = scores_by_viewer()
        kept = _kept() if options.only else {part: {} for part in measured}
        parts = {part: kept[part] | measured[part] for part in ("claims", "tables")}
        results.keep(parts | {"scores": measured["scores"] or kept["scores"]}, "claims")


def _kept() -> dict[str, dict]:
    """What is kept until now."""
    try:
        return results.load("claims")
    except ValueError:  # nothing yet
        return {"claims": {}, "tables": {}, "scores": {}}


if __name__ == "__main__":
    main()
