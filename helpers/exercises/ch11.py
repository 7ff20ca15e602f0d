"""Exercises of notebook 11, How evaluations fail."""

from __future__ import annotations

import numpy as np

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, predict
from helpers.exercises.texts import fields_missing, trouble_with, words_of


def confounds(one, other):
    """Conditions, apart from the model, in which two evaluations differ."""
    return {name for name in one if name != "model" and one[name] != other[name]}


def as_names(answer):
    """A collection as a set: the order does not count."""
    return set(answer) if isinstance(answer, (list, tuple, set, dict)) else answer


def later_share(train_times, test_begins):
    """For each viewer: the share of all training ratings that were given after the viewer's test began."""
    return np.array([(train_times > begin).mean() for begin in test_begins])


def interval(differences, seeds, viewers):
    """95% interval of a mean difference, over samples of seeds (rows) and of viewers (columns)."""
    means = [differences[np.ix_(rows, columns)].mean() for rows, columns in zip(seeds, viewers, strict=True)]
    return np.quantile(means, [0.025, 0.975])


def _means(differences, seeds, viewers, of=np.mean):
    return [of(differences[np.ix_(*pair)]) for pair in zip(seeds, viewers, strict=True)]


def _seeds_and_viewers(rng):
    """Three seeds that differ, viewers of whom a few differ much, and many samples of both."""
    differences = rng.normal(size=(3, 1)) + rng.exponential(size=(3, 30)) ** 2
    return differences, rng.integers(3, size=(1000, 3)), rng.integers(30, size=(1000, 30))


def a_comparison() -> dict:
    """Plan a comparison that holds up: what is claimed, what is held constant, and what would refute it."""
    return {
        "claim": "On films without ratings, a map learned from texts ranks better than a plain profile of texts.",
        "held constant": "Both read the same text vectors, and are judged on the same hidden films and viewers.",
        "settings": "Both are tuned by random search, thirty tries each, on films hidden from the training.",
        "split": "Fifteen percent of the films are hidden, in ten different draws.",
        "interval over": "viewers and draws of hidden films",
        "refuted by": "an interval of the difference that lies below zero, or contains zero with twenty draws",
    }


# Words that name nothing that was drawn at random.
NOT_DRAWN = {
    *("all", "and", "any", "everything", "for", "nobody", "none", "not", "nothing", "over", "some", "the", "yes"),
    *("average", "confidence", "difference", "interval", "mean", "means", "median", "metric", "model", "models"),
    *("averages", "both", "map", "ndcg", "percent", "precision", "recall", "rmse", "score", "scores"),
}
FIELDS = {"claim": 6, "held constant": 6, "settings": 6, "split": 5, "interval over": 1, "refuted by": 5}  # words


def judge_comparison(answer) -> str | None:
    """See that every part of the plan says something, and that what is drawn at random is named."""
    missing = fields_missing(answer, list(FIELDS))
    if missing is not None:
        return missing
    if all(len(word) < 3 or word in NOT_DRAWN or word.isdigit() for word in words_of(str(answer["interval over"]))):
        return "'interval over' names what would come out differently next time: viewers, seeds, draws, films."
    return next(filter(None, (trouble_with(name, answer[name], least) for name, least in FIELDS.items())), None)


CONDITIONS = {"model": "map", "split": "last fifth", "inputs": "everything", "k": 10, "tuned": True}

q1 = Exercise(
    "11.1",
    "What else differs?",
    confounds,
    inputs=[
        (CONDITIONS, {**CONDITIONS, "model": "profile", "inputs": "text"}),
        (CONDITIONS, {**CONDITIONS, "model": "profile"}),
        (CONDITIONS, {"model": "profile", "split": "random", "inputs": "everything", "k": 10, "tuned": False}),
        (
            {"model": "profile", "split": "", "k": 0, "tuned": False},
            {"model": "map", "split": "random", "k": 10, "tuned": True},
        ),
        ({"seed": 1, "model": "map", "films": 900}, {"films": 900, "model": "map", "seed": 2}),
        ({"seed": 1, "model": "map", "draws": 5}, {"seed": 5, "model": "map", "draws": 1}),
    ],
    form=as_names,
    mistakes=[
        Mistake(
            "all names",
            "Those are all the names. Keep the ones whose values differ.",
            lambda one, other: {name for name in one if name != "model"},
        ),
        Mistake(
            "how many",
            "That is how many there are. Return their names.",
            lambda one, other: len(confounds(one, other)),
        ),
        Mistake(
            "pairs",
            "Those are names with their values. Return the names alone.",
            lambda one, other: set(one.items()) ^ set(other.items()),
        ),
        Mistake(
            "values of the first",
            "Those are values of the first. Return the names of the conditions.",
            lambda one, other: {one[name] for name in confounds(one, other)},
        ),
        Mistake(
            "names in one only",
            "Both have the same keys. Compare the values: one[name] != other[name].",
            lambda one, other: set(one) - set(other),
        ),
        Mistake(
            "the model, too",
            "The model is what you compare, so it has to differ. Everything else is a confound: leave 'model' out.",
            lambda one, other: {name for name in one if one[name] != other[name]},
        ),
        Mistake(
            "what is equal",
            "Those are the conditions that agree. Confounds are the ones that do not.",
            lambda one, other: {name for name in one if name != "model" and one[name] == other[name]},
        ),
        Mistake(
            "values, not names",
            "Those are the values that differ. Give the names of the conditions.",
            lambda one, other: {other[name] for name in one if name != "model" and one[name] != other[name]},
        ),
    ],
    hints=[
        "Go through the names in `one`, and compare one[name] with other[name].",
        "Leave out the name 'model'.",
        "{name for name in one if name != 'model' and one[name] != other[name]}",
    ],
    praise="An empty set is what a fair comparison looks like.",
)

q2 = Exercise(
    "11.2",
    "Later than the test",
    later_share,
    inputs=[(np.array([1, 2, 3, 4]), np.array([2, 4])), (np.array([5, 5, 6]), np.array([5, 1, 9]))],
    random_inputs=lambda rng: (rng.integers(100, size=50), rng.integers(100, size=8)),
    mistakes=[
        Mistake(
            "not after",
            "That is the share that was not given later. Turn the comparison around.",
            lambda train_times, test_begins: np.array([(train_times <= begin).mean() for begin in test_begins]),
        ),
        Mistake(
            "divided by the viewers",
            "You divided by the number of viewers. Divide by the number of training ratings.",
            lambda train_times, test_begins: np.array(
                [(train_times > begin).sum() / len(test_begins) for begin in test_begins]
            ),
        ),
        Mistake(
            "a share per rating",
            "That is a number per rating. Give one per viewer.",
            lambda train_times, test_begins: (train_times[:, None] > test_begins).mean(axis=1),
        ),
        Mistake(
            "one moment for all",
            "You took one moment for everybody. Each viewer has a test of their own.",
            lambda train_times, test_begins: (train_times > test_begins.mean()).mean(),
        ),
        Mistake(
            "at that moment, too",
            "A rating given in the same second is not later. Compare with >, not with >=.",
            lambda train_times, test_begins: np.array([(train_times >= begin).mean() for begin in test_begins]),
        ),
        Mistake(
            "before instead of after",
            "That is the share given before the test began: the part a model may know.",
            lambda train_times, test_begins: np.array([(train_times < begin).mean() for begin in test_begins]),
        ),
        Mistake(
            "one number for everybody",
            "You averaged over the viewers. Give one share per viewer, in their order.",
            lambda train_times, test_begins: np.mean([(train_times > begin).mean() for begin in test_begins]),
        ),
        Mistake(
            "a count",
            "You counted the ratings. A share is the mean of True and False.",
            lambda train_times, test_begins: np.array([(train_times > begin).sum() for begin in test_begins]),
        ),
    ],
    hints=[
        "For one viewer: train_times > begin is True for each rating that was given later.",
        "The mean of True and False is a share.",
        "np.array([(train_times > begin).mean() for begin in test_begins])",
    ],
    praise="A model that learns from these ratings knows the future, even if it is other people's.",
)

q3 = Exercise(
    "11.3",
    "Seeds and viewers",
    interval,
    inputs=[_seeds_and_viewers(np.random.default_rng(11))],
    random_inputs=_seeds_and_viewers,
    tolerance=0.06,  # quantiles are computed in nine ways; of so many samples, all are nearer to each other
    mistakes=[
        Mistake(
            "percent and shares mixed up",
            "np.percentile takes percent: 2.5 and 97.5. (np.quantile takes 0.025 and 0.975.)",
            lambda differences, seeds, viewers: np.percentile(_means(differences, seeds, viewers), [0.025, 0.975]),
        ),
        Mistake(
            "5% on each side",
            "You left out 5% on each side, which is a 90% interval. Leave out 2.5%.",
            lambda differences, seeds, viewers: np.quantile(_means(differences, seeds, viewers), [0.05, 0.95]),
        ),
        Mistake(
            "deviations",
            "That is the interval of a normal distribution. Ask the samples themselves: the quantiles 0.025 and 0.975 "
            "of their means.",
            lambda differences, seeds, viewers: (lambda means: means.mean() + np.array([-1.96, 1.96]) * means.std())(
                np.array(_means(differences, seeds, viewers))
            ),
        ),
        Mistake(
            "no samples",
            "Those are quantiles of the numbers themselves. Take the mean of each sample first.",
            lambda differences, seeds, viewers: np.quantile(differences, [0.025, 0.975]),
        ),
        Mistake(
            "the mean alone",
            "That is the mean. The interval is two numbers: the quantiles 0.025 and 0.975 of the means of the samples.",
            lambda differences, seeds, viewers: np.mean(_means(differences, seeds, viewers)),
        ),
        Mistake(
            "pairs of row and column",
            "differences[rows, columns] pairs rows with columns one by one. Take all columns of these rows: "
            "differences[rows][:, columns].",
            lambda differences, seeds, viewers: np.quantile(
                [differences[rows, columns].mean() for rows, columns in zip(seeds, viewers, strict=True)],
                [0.025, 0.975],
            ),
        ),
        Mistake(
            "sums instead of means",
            "Those are the sums of the samples. Take their means.",
            lambda differences, seeds, viewers: np.quantile(
                _means(differences, seeds, viewers, np.sum), [0.025, 0.975]
            ),
        ),
        Mistake(
            "spread of single numbers",
            "That is the range of single numbers. Take the mean of each sample first.",
            lambda differences, seeds, viewers: np.quantile(
                [differences[np.ix_(*pair)] for pair in zip(seeds, viewers, strict=True)], [0.025, 0.975]
            ),
        ),
        Mistake(
            "viewers only",
            "You drew viewers and kept every seed. Another run has other seeds, too: take the rows that `seeds` names.",
            lambda differences, seeds, viewers: np.quantile(
                [differences[:, columns].mean() for columns in viewers], [0.025, 0.975]
            ),
        ),
        Mistake(
            "seeds only",
            "You drew seeds and kept every viewer. Take the columns that `viewers` names, too.",
            lambda differences, seeds, viewers: np.quantile(
                [differences[rows].mean() for rows in seeds], [0.025, 0.975]
            ),
        ),
        Mistake(
            "the whole range",
            "That is the whole range of the means. Leave out 2.5% on each side: the quantiles 0.025 and 0.975.",
            lambda differences, seeds, viewers: np.quantile(
                [differences[np.ix_(*pair)].mean() for pair in zip(seeds, viewers, strict=True)], [0, 1]
            ),
        ),
        Mistake(
            "the means themselves",
            "Those are the means of all samples. The interval is two numbers: their quantiles 0.025 and 0.975.",
            lambda differences, seeds, viewers: np.array(
                [differences[np.ix_(*pair)].mean() for pair in zip(seeds, viewers, strict=True)]
            ),
        ),
    ],
    hints=[
        "One sample: differences[rows][:, columns], with a row of `seeds` and one of `viewers`. Its mean is a number.",
        "zip(seeds, viewers) gives the rows and columns of each sample.",
        "means = [differences[rows][:, columns].mean() for rows, columns in zip(seeds, viewers)], then np.quantile",
    ],
    asks="The ends are the quantiles 0.025 and 0.975 of the means of the samples.",
    praise="bootstrap_interval in helpers does this for every claim of the course that has seeds or draws.",
)

q4 = Exercise(
    "11.4",
    "A comparison of your own",
    a_comparison,
    judge=judge_comparison,
    asks="Answer with six texts. The claim, what is held constant, and the settings need 6 words or more each; the "
    "split and what would refute the claim need 5.",
    rubric=[
        "Would a person who hopes for the other result accept the plan?",
        "Do both models read the same data, and was each tuned as hard as the other?",
        "Could the result come out against the claim? If it could not, it is no test.",
    ],
    mistakes=[
        Mistake("a field left out", "is a dictionary with", lambda: {"claim": "EASE is better than ALS on my ratings"}),
        Mistake("nothing drawn", "names what would come out differently",
                lambda: {**a_comparison(), "interval over": "nothing"}),
        Mistake("filler", "again and again", lambda: {**a_comparison(), "split": "a split " * 9}),
        Mistake("one text twice", "say the same",
                lambda: {**a_comparison(), "held constant": a_comparison()["claim"]}),
    ],
    hints=[
        "Start with the claim. Then ask what else could make the score higher, and hold that constant.",
        "The interval is over everything that was drawn at random. What would differ if you did it all again?",
        "Write down what result would change your mind before you run anything.",
    ],
    praise="Keep this form. It takes five minutes, and it would have spared us every mistake in this notebook.",
)  # fmt: skip


EXERCISES = [q1, q2, q3, q4]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "11.A",
            "Paired",
            "Two models were judged on the same viewers. What do you resample to learn whether they differ?",
            right="the viewers; each one counts with the difference between their two scores",
            wrong={
                "the viewers, drawn separately for each model": "A viewer hard for one is hard for both. Keep pairs.",
                "the films of the catalog": "The claim is about viewers, and so is the interval.",
            },
            hint="What would be different if you ran it again with other people?",
        ),
        predict(
            "11.B",
            "A mean over viewers",
            """
            import numpy as np
            one, other = np.array([0.4, 0.0, 0.2]), np.array([0.1, 0.0, 0.2])
            float((one - other).mean())
            """,
            wrong={
                0.3: "That is the difference of one viewer. Average over all three.",
                0.2: "That is the mean of the first model. Subtract the second, viewer by viewer.",
            },
            hint="Two of the three viewers see no difference.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "11.C",
            "The interval contains zero",
            "The interval of a difference is [−0.01, +0.02]. What may you write?",
            right="this data does not settle which of the two is better",
            wrong={
                "the two are equally good": "That is not shown, either: a difference of 0.02 fits the interval, too.",
                "the second one is better, by a little": "The mean says so; the interval says that it may be chance.",
            },
            hint="Absence of evidence is not evidence of absence.",
        ),
        find_bug(
            "11.D",
            "A fair race",
            """
            def best(scores, budget):
                found = []
                for name, tried in scores.items():
                    tries = 1 if name == "baseline" else budget
                    found.append((max(tried[:tries]), name))
                return max(found)[1]
            """,
            line=4,
            fixed="        tries = budget",
            shown="best({'baseline': [1, 9, 2], 'ours': [3, 4, 5]}, budget=3)",
            wrong={
                5: "The best of all tries, and who it belongs to: that is right.",
                6: "The winner's name, as the caller wants.",
            },
            hint="Who gets how many tries?",
        ),
        predict(
            "11.E",
            "Ties",
            """
            import numpy as np
            scores = np.zeros(5)
            int(np.argsort(-scores, kind="stable")[0])
            """,
            wrong={
                4: "A stable sort keeps equal scores in the order in which they came.",
                1: "Python counts positions from 0.",
            },
            hint="All scores are equal. Which position comes first?",
        ),
    ],
)
