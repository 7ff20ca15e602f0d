"""Exercises of notebook 01, Recommender concepts."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd

from helpers.data import load_ratings, toy_ratings
from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, order, predict
from helpers.exercises.texts import SENTENCE, fields_missing, trouble_with

BRUNO = 2  # his user_id
APPROACHES = {  # and what else people call them
    "collaborative": r"collaborative|\bcf\b",
    "content-based": "content",
    "vector-based": "vector|embedding",
}


def pearson(a, b):
    """Pearson correlation of two viewers over the films that both rated (NaN: not rated)."""
    both = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[both], b[both]
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / np.sqrt((a @ a) * (b @ b))


def _cosine_without_centering(a, b):
    both = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[both], b[both]
    return (a @ b) / np.sqrt((a @ a) * (b @ b))


def _missing_as_zero(a, b):
    a, b = np.nan_to_num(a), np.nan_to_num(b)
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / np.sqrt((a @ a) * (b @ b))


def _not_divided_by_lengths(a, b):
    both = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[both], b[both]
    return (a - a.mean()) @ (b - b.mean())


def _means_of_all_ratings(a, b):
    both = ~np.isnan(a) & ~np.isnan(b)
    a, b = a[both] - np.nanmean(a), b[both] - np.nanmean(b)
    return (a @ b) / np.sqrt((a @ a) * (b @ b))


def _both(a, b):
    """What two viewers gave the films that both rated."""
    both = ~np.isnan(a) & ~np.isnan(b)
    return a[both], b[both]


def _squares(a, b):
    """The squares of the lengths, after each row has lost its mean."""
    return [((row - row.mean()) ** 2).sum() for row in _both(a, b)]


def _missing_not_left_out(a, b):
    a, b = a - a.mean(), b - b.mean()
    return (a @ b) / np.sqrt((a @ a) * (b @ b))


def _two_viewers(rng):
    """Twelve films, rated by two viewers, a few of them by one only."""
    a, b = rng.integers(1, 6, size=(2, 12)).astype(float)
    a[rng.choice(12, 2, replace=False)] = np.nan
    b[rng.choice(12, 2, replace=False)] = np.nan
    return a, b


def predict_aliens_for_ada() -> float:
    """Predict what Ada would give Aliens, from the two viewers most similar to her who rated it."""
    toy = toy_ratings()
    similar = toy.T.corr()["Ada"].loc[["Finn", "Dan"]]  # Pearson over the films that both rated
    means = toy.mean(axis=1)
    deviations = toy.loc[similar.index, "Aliens"] - means[similar.index]
    return float(means["Ada"] + (similar * deviations).sum() / similar.sum())


def _neighbors_of_ada(k: int = 2) -> tuple[pd.DataFrame, pd.Series]:
    """The toy ratings, and the similarities with Ada of the k most similar viewers who rated Aliens."""
    ratings = toy_ratings()
    rated = ratings.index[ratings["Aliens"].notna()]
    similar = pd.Series({name: pearson(ratings.loc["Ada"].to_numpy(), ratings.loc[name].to_numpy()) for name in rated})
    return ratings, similar.nlargest(k)


def _stars_without_means() -> float:
    ratings, similar = _neighbors_of_ada()
    return float((similar * ratings.loc[similar.index, "Aliens"]).sum() / similar.sum())


def _divided_by_how_many() -> float:
    own = float(toy_ratings().mean(axis=1)["Ada"])
    return own + (_weights_not_divided() - own) / 2


def _weights_not_divided() -> float:
    ratings, similar = _neighbors_of_ada()
    means = ratings.mean(axis=1)
    deviations = ratings.loc[similar.index, "Aliens"] - means[similar.index]
    return float(means["Ada"] + (similar * deviations).sum())


def _unweighted() -> float:
    return _pulled_by(_neighbors_of_ada()[1] ** 0)


def _pull_of_everybody() -> float:
    return _pulled_by(_neighbors_of_ada(k=len(toy_ratings()))[1])


def _pulled_by(weights: pd.Series) -> float:
    ratings = toy_ratings()
    means = ratings.mean(axis=1)
    deviations = ratings.loc[weights.index, "Aliens"] - means[weights.index]
    return float(means["Ada"] + (weights * deviations).sum() / weights.abs().sum())


def _only_the_deviation() -> float:
    return predict_aliens_for_ada() - float(toy_ratings().mean(axis=1)["Ada"])


def unit_rows(rows):
    """Scale every row to length 1."""
    rows = np.asarray(rows, dtype=float)
    lengths = np.sqrt((rows**2).sum(axis=1, keepdims=True))
    return rows / lengths


def likes() -> pd.Series:
    """Count for every film the ratings of 4 or more."""
    ratings = load_ratings()
    liked = ratings["movie_id"][ratings["rating"] >= 4]
    return liked.value_counts().reindex(np.unique(ratings["movie_id"]), fill_value=0).sort_index()


def popular_for_bruno() -> list[int]:
    """Find the five films with the most likes that Bruno has not rated, most likes first."""
    ratings = load_ratings()
    seen = ratings["movie_id"][ratings["user_id"] == BRUNO]
    liked = ratings["movie_id"][(ratings["rating"] >= 4) & ~ratings["movie_id"].isin(seen)]
    return liked.value_counts().index[:5].tolist()


def _best_mean_for_bruno() -> list[int]:
    ratings = load_ratings()
    seen = ratings["movie_id"][ratings["user_id"] == BRUNO]
    means = ratings.groupby("movie_id")["rating"].mean().drop(seen, errors="ignore")
    return means.sort_values(ascending=False, kind="stable").index[:5].tolist()


def _least_liked_for_bruno() -> list[int]:
    ratings = load_ratings()
    seen = ratings["movie_id"][ratings["user_id"] == BRUNO]
    return likes().drop(seen).sort_values(kind="stable").index[:5].tolist()


def a_choice() -> dict[str, str]:
    """Choose an approach for a catalog of one's own, and say why, and when it fails."""
    return {
        "catalog": "the talks at a conference that takes place once a year",
        "approach": "vector-based",
        "because": "Nobody has rated a talk before it is given, but every talk comes with an abstract.",
        "fails when": "All abstracts use the same fashionable words, so everything is near everything else.",
    }


def judge_choice(answer) -> str | None:
    """Say what is wrong with an answer to the open exercise, as far as a machine can see."""
    missing = fields_missing(answer, list(a_choice()))
    if missing is not None:
        return missing
    said = str(answer["approach"])[:100].casefold()
    if sum(bool(re.search(f"(?<!not )({names})", said)) for names in APPROACHES.values()) != 1:
        return f"Name one of the approaches, the one that you would try first: {', '.join(APPROACHES)}."
    if not isinstance(answer["catalog"], str):
        return "'catalog' asks for a name, as a text in quotation marks."
    words = {"catalog": 1, "because": SENTENCE, "fails when": SENTENCE}
    return next(filter(None, (trouble_with(field, answer[field], least) for field, least in words.items())), None)


q1 = Exercise(
    "1.1",
    "Pearson by hand",
    pearson,
    inputs=[
        (np.array([4.0, 5, np.nan, 5, 4, 2, np.nan, 3]), np.array([2.0, 3, 3, 3, 2, 1, 1, np.nan])),
        (np.array([1.0, 2, 3]), np.array([6.0, 4, 2])),
    ],
    random_inputs=_two_viewers,
    mistakes=[
        Mistake(
            "covariance",
            "That is the covariance. Divide it by both standard deviations, or the sum of the products by both "
            "lengths.",
            lambda a, b: np.cov(_both(a, b), ddof=0)[0, 1],
        ),
        Mistake(
            "covariance of a sample",
            "That is the covariance, divided by n - 1. Divide it by both standard deviations, too.",
            lambda a, b: np.cov(*_both(a, b))[0, 1],
        ),
        Mistake(
            "n and n - 1 mixed",
            "One deviation divides by n and the other by n - 1. NumPy and pandas differ there: use one for both.",
            lambda a, b: np.cov(_both(a, b), ddof=0)[0, 1] / (np.std(_both(a, b)[0]) * np.std(_both(a, b)[1], ddof=1)),
        ),
        Mistake(
            "square root forgotten",
            "You divided by the squares of the lengths. The square root is missing.",
            lambda a, b: _not_divided_by_lengths(a, b) / (_squares(a, b)[0] * _squares(a, b)[1]),
        ),
        Mistake(
            "lengths added",
            "You added the squares of the two lengths. Multiply the lengths.",
            lambda a, b: _not_divided_by_lengths(a, b) / np.sqrt(sum(_squares(a, b))),
        ),
        Mistake(
            "each without its own gaps",
            "You drop each viewer's gaps separately, so the films no longer match. Use one mask for both: the films "
            "that both rated.",
            lambda a, b: np.corrcoef(a[~np.isnan(a)], b[~np.isnan(b)])[0, 1],
        ),
        Mistake(
            "the whole table",
            "np.corrcoef returns a table: the number that you want is where row 0 meets column 1.",
            lambda a, b: np.corrcoef(*_both(a, b)),
        ),
        Mistake(
            "sign lost",
            "Your result is never negative. Two viewers may disagree: keep the sign.",
            lambda a, b: abs(pearson(a, b)),
        ),
        Mistake(
            "a distance",
            "That is 1 minus the correlation, a distance. Two viewers who agree get 1.",
            lambda a, b: 1 - pearson(a, b),
        ),
        Mistake(
            "Pearson without centering",
            "That is the cosine. First subtract each viewer's mean from their ratings, so that a harsh and a generous "
            "viewer can agree.",
            _cosine_without_centering,
        ),
        Mistake(
            "missing counted as zero",
            "You counted a missing rating as zero stars. Not rated is not hated: keep only the films that both rated.",
            _missing_as_zero,
        ),
        Mistake(
            "not divided by the lengths",
            "That is the sum of the products, which grows with every film. Divide it by the lengths of both rows.",
            _not_divided_by_lengths,
        ),
        Mistake(
            "means over other films",
            "Your means are over all films that a viewer rated. Take them over the films that both rated.",
            _means_of_all_ratings,
        ),
        Mistake(
            "missing not left out",
            "A single NaN makes the whole result NaN. Keep only the films that both rated.",
            _missing_not_left_out,
        ),
    ],
    hints=[
        "~np.isnan(a) & ~np.isnan(b) is True for the films that both rated.",
        "Take those films, subtract each viewer's mean, then compute the cosine of what is left.",
        "(a @ b) / np.sqrt((a @ a) * (b @ b)) is the cosine.",
    ],
    praise="You need it in the next cell.",
)

q2 = Exercise(
    "1.2",
    "What would Ada give Aliens?",
    predict_aliens_for_ada,
    tolerance=0.006,
    mistakes=[
        Mistake(
            "neighbors' stars without their means",
            "You averaged the stars themselves. For Finn, 3 is a lot: use how far it is above his own mean.",
            _stars_without_means,
        ),
        Mistake(
            "weights not divided out",
            "The deviations are added up, but not divided by the sum of the similarities. So more neighbors would "
            "mean more stars.",
            _weights_not_divided,
        ),
        Mistake(
            "divided by how many",
            "You divide by how many neighbors there are. In a weighted mean, divide by the sum of the weights: the "
            "similarities.",
            _divided_by_how_many,
        ),
        Mistake(
            "Ada's mean forgotten",
            "That is how far Ada would go above her own mean. Add her mean.",
            _only_the_deviation,
        ),
        Mistake(
            "neighbors unweighted",
            "Both neighbors pull equally in your answer. Weight each by how similar it is to Ada.",
            _unweighted,
        ),
        Mistake(
            "everybody's pull",
            "Everybody who rated the film pulls in your answer. Take the two viewers most similar to Ada.",
            _pull_of_everybody,
        ),
        Mistake(
            "everybody's mean",
            "That is the mean over everybody who rated the film. Use the two viewers most similar to Ada, weighted.",
            lambda: float(toy_ratings()["Aliens"].mean()),
        ),
    ],
    hints=[
        "The two are Finn and Dan. Their similarities are in the table above.",
        "For each: the rating of Aliens minus their own mean. Weight by similarity, divide by the sum of similarities.",
        "means['Ada'] + (s_finn * (3 - means['Finn']) + s_dan * (5 - means['Dan'])) / (s_finn + s_dan), "
        "with means = toy.mean(axis=1).",
    ],
    asks="Give two digits after the decimal point, or all of them.",
    praise="Nearly five stars, although one of the two neighbors never gave more than three.",
)

q3 = Exercise(
    "1.3",
    "Rows of length one",
    unit_rows,
    inputs=[(np.array([[3.0, 4.0], [1.0, 0.0]]),), (np.array([[1.0, 2.0, 2.0], [0.0, 5.0, 12.0], [2.0, 3.0, 6.0]]),)],
    random_inputs=lambda rng: (rng.normal(size=(4, 6)),),
    mistakes=[
        Mistake(
            "rows as they were",
            "The rows come back as they were. In a loop, `row = ...` names a new row and leaves the matrix alone.",
            lambda rows: rows,
        ),
        Mistake(
            "the lengths themselves",
            "Those are the lengths. Divide each row by its own.",
            lambda rows: np.linalg.norm(rows, axis=1),
        ),
        Mistake(
            "lengths across the columns",
            "NumPy divides the columns by these lengths, not the rows. keepdims=True makes a column of them.",
            lambda rows: rows / np.linalg.norm(rows, axis=1),
        ),
        Mistake(
            "sum of the row",
            "You divided by the sum of the row, where negative numbers cancel. The length squares them first.",
            lambda rows: rows / rows.sum(axis=1, keepdims=True),
        ),
        Mistake(
            "largest number",
            "You divided by the largest number of each row. Divide by its length, the root of the sum of squares.",
            lambda rows: rows / rows.max(axis=1, keepdims=True),
        ),
        Mistake(
            "standardized",
            "You subtracted the mean and divided by the deviation. Here the row is only scaled, to length 1.",
            lambda rows: (rows - rows.mean(axis=1, keepdims=True)) / rows.std(axis=1, keepdims=True),
        ),
        Mistake(
            "columns instead of rows",
            "You scaled the columns. A film is a row: sum along axis=1.",
            lambda rows: rows / np.sqrt((rows**2).sum(axis=0)),
        ),
        Mistake(
            "one length for the whole matrix",
            "You divided all rows by one number, the length of the whole matrix. Each row has its own: axis=1.",
            lambda rows: rows / np.linalg.norm(rows),
        ),
        Mistake(
            "sum instead of length",
            "You divided by the sum of the absolute numbers. The length is the square root of the sum of the squares.",
            lambda rows: rows / np.abs(rows).sum(axis=1, keepdims=True),
        ),
        Mistake(
            "square root forgotten",
            "You divided by the sum of the squares. The length is its square root.",
            lambda rows: rows / (rows**2).sum(axis=1, keepdims=True),
        ),
    ],
    hints=[
        "The length of a row is the square root of the sum of its squares.",
        "np.linalg.norm(rows, axis=1) gives the length of every row.",
        "rows / np.linalg.norm(rows, axis=1, keepdims=True): keepdims makes it a column, so each row is divided "
        "by its own length.",
    ],
    praise="For these rows, dot product and cosine are the same thing.",
)

q4 = Exercise(
    "1.4",
    "Popular films for Bruno",
    popular_for_bruno,
    scores=likes,
    mistakes=[
        Mistake(
            "films he has seen",
            "Bruno has rated some of these. Leave out what he has seen: nobody has to tell him about those films.",
            lambda: likes().sort_values(ascending=False, kind="stable").index[:5].tolist(),
        ),
        Mistake(
            "best mean instead of most likes",
            "These have the best mean rating, some of them from only a handful of viewers. Count the likes.",
            _best_mean_for_bruno,
        ),
        Mistake(
            "sorted ascending",
            "These have the fewest likes. Sort with the most likes first.",
            _least_liked_for_bruno,
        ),
    ],
    hints=[
        'ratings[ratings["rating"] >= 4] holds the likes. value_counts() of their movie_id counts them, most first.',
        'Leave out what he rated: ratings["movie_id"][ratings["user_id"] == 2].',
        "counts[~counts.index.isin(seen)].index[:5]",
    ],
    praise="It took no model, and it is a list that puts many models to shame.",
)

q5 = Exercise(
    "1.5",
    "Your own catalog",
    a_choice,
    judge=judge_choice,
    asks="Answer with a catalog, one of the three approaches, and a sentence of 8 words or more for each of 'because' "
    "and 'fails when'.",
    rubric=[
        "Does your reason name the data that you have (ratings, categories, texts) and what is missing?",
        "Would your sentence about failure help a colleague notice it before the customers do?",
        "Did you consider popularity, a rival that costs nothing?",
    ],
    mistakes=[
        Mistake("an approach of another name", "Name one of the approaches", lambda: {**a_choice(), "approach": "AI"}),
        Mistake("no reason", "'because' asks for a sentence", lambda: {**a_choice(), "because": "It is good."}),
        Mistake(
            "one sentence for both",
            "say the same",
            lambda: {**a_choice(), "fails when": a_choice()["because"]},
        ),
    ],
    hints=[
        "Think of things that people choose from: recipes, talks, jobs, vacations.",
        "Are there ratings or purchases? Well-kept categories? Texts? Which of these does every new item have?",
        'approach is "collaborative", "content-based" or "vector-based".',
    ],
    praise="Keep it: notebook 09 lets you build it.",
)

EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about notebook 00",
    [
        choose(
            "1.A",
            "A similarity of 1",
            "Two films have a similarity of 1. What does that mean?",
            right="the language model turned both synopses into the same vector",
            wrong={
                "the same viewers like them": "No viewer took part: only the synopses did.",
                "their titles are spelled alike": "Titles matter for the search box, not for the similarity.",
                "they have the same genres": "The language model read no genres.",
            },
            hint="What did the language model read, and what did it turn that into?",
        ),
        predict(
            "1.B",
            "A dot product",
            """
            a, b = [1, 2, 0], [3, 1, 5]
            sum(left * right for left, right in zip(a, b))
            """,
            wrong={
                12: "You added all six numbers. Multiply pair by pair first.",
                27: "You multiplied the two sums. Multiply pair by pair, then add.",
            },
            hint="There are three products: 1 * 3, 2 * 1, and 0 * 5.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "1.C",
            "A film that came out today",
            "A film came out today, and nobody has rated it yet. Which approach can do nothing with it?",
            right="collaborative filtering",
            wrong={
                "content-based filtering": "Its genres are known on the first day.",
                "vectors of synopses": "Its synopsis is there on the first day.",
            },
            hint="Which approach needs nothing but the table of ratings?",
        ),
        order(
            "1.D",
            "A prediction from neighbors",
            "The function starts at a viewer's own mean and adds the weighted mean of the neighbors' deviations.",
            """
            def predict(own_mean, deviations, weights):
                total = 0
                for deviation, weight in zip(deviations, weights):
                    total += weight * deviation
                total /= sum(weights)
                return own_mean + total
            """,
            wrong={
                "125346": "You divide while the total is still 0, so the weights are never divided out.",
                "132456": "Python stops: a loop needs its indented line below it, and the total needs a first value.",
            },
            inputs=[(3.0, [1.0, -1.0], [0.9, 0.3]), (2.5, [2.0], [0.5])],
            hint="Start the total, fill it in the loop, divide, and return.",
        ),
        choose(
            "1.E",
            "When measures agree",
            "All vectors have length 1. Which measures put the neighbors of a film in the same order?",
            right="dot product, cosine, and distance",
            wrong={
                "cosine and Pearson only": "Pearson also subtracts the mean; other measures agree with it here.",
                "none of them": "The squared distance is 2 - 2 cos. What does that say about the order?",
                "dot product and distance, but not cosine": "For length 1, the dot product is the cosine.",
            },
            hint="The squared distance of two such vectors is 2 - 2 cos.",
        ),
    ],
)
