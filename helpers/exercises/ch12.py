"""Exercises of notebook 12, Who is served."""

from __future__ import annotations

import numpy as np

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, predict
from helpers.exercises.texts import fields_missing, trouble_with


def weighted_recall(found, propensity):
    """Share of the weights 1 / propensity that belongs to what was found."""
    weights = 1 / propensity
    return weights[found].sum() / weights.sum()


def miscalibration(taste, shown):
    """Kullback-Leibler divergence of the mix that is shown from the mix of a taste, in bits; all shares above 0."""
    return (taste * np.log2(taste / shown)).sum()


def draft(one, other, first):
    """Interleave two lists: in each round, the captain who goes first takes a film, then the other one does."""
    shown = []
    for begins in first:
        for ranking in (one, other) if begins == 0 else (other, one):
            shown.append(next(film for film in ranking if film not in shown))
    return shown


def _by_places(one, other, first):
    shown = []
    for place, begins in enumerate(first):
        shown += [one[place], other[place]] if begins == 0 else [other[place], one[place]]
    return shown


def _one_always_first(one, other, first):
    return draft(one, other, np.zeros(len(first), int))


def _a_film_a_round(one, other, first):
    shown = []
    for begins in first:
        shown.append(next(film for film in (one, other)[begins] if film not in shown))
    return shown


def _two_lists(rng):
    return [rng.permutation(12).tolist() for _ in range(2)] + [rng.integers(2, size=5)]


q1 = Exercise(
    "12.1",
    "How much rare films count",
    weighted_recall,
    inputs=[
        (np.array([True, False, True]), np.array([0.5, 0.25, 0.1])),
        (np.array([False, True, False, False]), np.array([0.9, 0.3, 0.3, 0.6])),
        (np.array([False, False]), np.array([0.5, 0.1])),
    ],
    random_inputs=lambda rng: (rng.random(12) < 0.5, rng.uniform(0.05, 1, size=12)),
    mistakes=[
        Mistake(
            "divided by the missed ones",
            "You divided by the weights of what was missed. Divide by all of them, found or not.",
            lambda found, propensity: (1 / propensity[found]).sum() / (1 / propensity[~found]).sum(),
        ),
        Mistake(
            "found as positions",
            "As an index, 0 and 1 are positions. Keep `found` as it is, True and False.",
            lambda found, propensity: (1 / propensity)[found.astype(int)].sum() / (1 / propensity).sum(),
        ),
        Mistake(
            "means divided",
            "You divided the mean weight of the films found by the mean weight of all. Divide the sums.",
            lambda found, propensity: (1 / propensity[found]).mean() / (1 / propensity).mean(),
        ),
        Mistake(
            "what was missed",
            "That is the share of what was missed: the mask is inverted.",
            lambda found, propensity: weighted_recall(~found, propensity),
        ),
        Mistake(
            "one minus the propensity",
            "You weighted by 1 - propensity. Take 1 / propensity.",
            lambda found, propensity: (1 - propensity)[found].sum() / (1 - propensity).sum(),
        ),
        Mistake(
            "not added up",
            "You have a number per film. Add up those of the found ones.",
            lambda found, propensity: found / propensity / (1 / propensity).sum(),
        ),
        Mistake(
            "divided by the number found",
            "You divided by how many were found. Divide by the weights of all liked films.",
            lambda found, propensity: (1 / propensity[found]).sum() / found.sum(),
        ),
        Mistake(
            "a fraction upside down",
            "You took 1 over the share of the propensities. Take 1 over each propensity, then add up.",
            lambda found, propensity: 1 / (propensity[found].sum() / propensity.sum()),
        ),
        Mistake(
            "plain recall",
            "Every film counts the same: that is recall. Weight each film by 1 / propensity.",
            lambda found, propensity: found.mean(),
        ),
        Mistake(
            "weighted by popularity",
            "You weighted by the propensity itself, so the popular films count even more. Take 1 / propensity.",
            lambda found, propensity: propensity[found].sum() / propensity.sum(),
        ),
        Mistake(
            "not normalized",
            "Divide by the weights of all liked films, found or not, so that finding everything gives 1.",
            lambda found, propensity: (1 / propensity[found]).sum(),
        ),
        Mistake(
            "divided by the number of films",
            "You divided by the number of films. Divide by the sum of their weights.",
            lambda found, propensity: (1 / propensity[found]).sum() / len(found),
        ),
    ],
    hints=[
        "weights = 1 / propensity has one number per liked film.",
        "weights[found] are the weights of those that are in the list.",
        "weights[found].sum() / weights.sum()",
    ],
    praise="With equal propensities, this is recall.",
)

q2 = Exercise(
    "12.2",
    "How far off the mix is",
    miscalibration,
    inputs=[
        (np.array([0.7, 0.2, 0.1]), np.array([0.5, 0.3, 0.2])),
        (np.array([0.25, 0.75]), np.array([0.75, 0.25])),
    ],
    random_inputs=lambda rng: (rng.dirichlet(np.ones(6)), rng.dirichlet(np.ones(6))),
    mistakes=[
        Mistake(
            "base 10",
            "That is the logarithm to base 10. For bits, use np.log2.",
            lambda taste, shown: (taste * np.log10(taste / shown)).sum(),
        ),
        Mistake(
            "not added up",
            "You have a number per genre. Add them up.",
            lambda taste, shown: taste * np.log2(taste / shown),
        ),
        Mistake(
            "not weighted",
            "The weights are missing: multiply each logarithm by the share of the taste.",
            lambda taste, shown: np.log2(taste / shown).sum(),
        ),
        Mistake(
            "signs lost",
            "You took absolute values. Keep the signs: what is shown too often counts against what is missing.",
            lambda taste, shown: np.abs(taste * np.log2(taste / shown)).sum(),
        ),
        Mistake(
            "differences",
            "You added up the differences of the shares. The formula has the logarithm of their ratio.",
            lambda taste, shown: np.abs(taste - shown).sum(),
        ),
        Mistake(
            "cross entropy",
            "That is the cross-entropy: the taste is missing inside the logarithm.",
            lambda taste, shown: -(taste * np.log2(shown)).sum(),
        ),
        Mistake(
            "entropy",
            "That is the entropy of the taste. Compare it with what is shown: taste / shown inside the logarithm.",
            lambda taste, shown: -(taste * np.log2(taste)).sum(),
        ),
        Mistake(
            "two logarithms divided",
            "You divided one logarithm by another. Take one logarithm, of the ratio.",
            lambda taste, shown: (taste * np.log2(taste) / np.log2(shown)).sum(),
        ),
        Mistake(
            "in both directions",
            "You added both directions. Weight by the taste alone.",
            lambda taste, shown: ((taste - shown) * np.log2(taste / shown)).sum(),
        ),
        Mistake(
            "weighted by what is shown",
            "You weighted by what is shown. Weight by the taste.",
            lambda taste, shown: (shown * np.log2(taste / shown)).sum(),
        ),
        Mistake(
            "the other way round",
            "Your sum is weighted by what is shown. Weight by the taste: what is liked but not shown counts.",
            lambda taste, shown: (shown * np.log2(shown / taste)).sum(),
        ),
        Mistake(
            "ratio upside down",
            "It is negative: the ratio is upside down. Take the logarithm of taste / shown.",
            lambda taste, shown: (taste * np.log2(shown / taste)).sum(),
        ),
        Mistake(
            "natural logarithm",
            "That is in nats. For bits, use np.log2.",
            lambda taste, shown: (taste * np.log(taste / shown)).sum(),
        ),
        Mistake(
            "a mean",
            "You took the mean over the genres. Take the sum; the shares of the taste are the weights.",
            lambda taste, shown: (taste * np.log2(taste / shown)).mean(),
        ),
    ],
    hints=[
        "taste / shown is above 1 where too little of a genre is shown.",
        "Take np.log2 of the ratio, and weight it by taste.",
        "(taste * np.log2(taste / shown)).sum()",
    ],
    praise="A list with the viewer's own mix has 0 bits.",
)

q3 = Exercise(
    "12.3",
    "Draft the teams",
    draft,
    inputs=[
        ([1, 2, 3, 4], [2, 1, 5, 6], np.array([0, 1])),
        ([7, 8, 9, 5, 3, 1], [8, 7, 5, 9, 1, 3], np.array([1, 1, 0])),
    ],
    random_inputs=lambda rng: tuple(_two_lists(rng)),
    mistakes=[
        Mistake(
            "the captains exchanged",
            "The captains are swapped: 0 means that `one` begins.",
            lambda one, other, first: draft(other, one, first),
        ),
        Mistake(
            "the other captain always first",
            "The second list goes first in every round. `first` says who begins.",
            lambda one, other, first: draft(other, one, np.zeros(len(first), int)),
        ),
        Mistake(
            "everything",
            "You drafted both lists to their ends. There are as many rounds as `first` is long.",
            lambda one, other, first: list(
                dict.fromkeys(film for pair in zip(one, other, strict=True) for film in pair)
            ),
        ),
        Mistake(
            "skipped instead of replaced",
            "When a captain's film is already taken, yours takes none. Take the captain's next best film that is free.",
            lambda one, other, first: list(dict.fromkeys(_by_places(one, other, first))),
        ),
        Mistake(
            "rounds kept apart",
            "You have a list for each round. Make one list of all films.",
            lambda one, other, first: [
                draft(one, other, first)[place : place + 2] for place in range(0, 2 * len(first), 2)
            ],
        ),
        Mistake(
            "half of the list",
            "Half of the films are missing: in each round both captains take one.",
            lambda one, other, first: draft(one, other, first)[: len(first)],
        ),
        Mistake(
            "sorted",
            "You sorted the films. Keep the order in which they were taken.",
            lambda one, other, first: sorted(draft(one, other, first)),
        ),
        Mistake(
            "films twice",
            "A film is shown twice. Take the best film of a ranking that is not in the list yet.",
            _by_places,
        ),
        Mistake(
            "the same captain always first",
            "The first list goes first in every round, and gets the better positions. `first` says who begins.",
            _one_always_first,
        ),
        Mistake(
            "one film a round",
            "In every round both captains take a film, first one, then the other.",
            _a_film_a_round,
        ),
    ],
    hints=[
        "for begins in first: the order of this round is (one, other) if begins == 0, else (other, one).",
        "next(film for film in ranking if film not in shown) is the best film of a ranking that is still free.",
        "Two loops: over the rounds, and within each over the two rankings in their order; append one film each time.",
    ],
    asks="`first` holds 0 where `one` begins a round, 1 where `other` does.",
    praise="Clicks on the films of a team are votes for its model, and each viewer votes on both.",
)


def an_audience() -> dict:
    """Plan how to see who is left behind by a recommender: which groups, by what measure, and what then."""
    return {
        "group": "Viewers who rated fewer than thirty films, and those who mostly like documentaries.",
        "measure": "Recall at ten and the divergence of the genres, for each group, with intervals.",
        "compared with": "Popularity on the same viewers, and the model on everybody else.",
        "next step": "Mix in films by text for the first group, then interleave both lists for a month.",
    }


def judge_audience(answer: object) -> str | None:
    """See that every part of the plan says something of its own."""
    fields = ["group", "measure", "compared with", "next step"]
    missing = fields_missing(answer, fields)
    if missing is not None or not isinstance(answer, dict):
        return missing
    return next(filter(None, (trouble_with(name, answer[name], 5) for name in fields)), None)


q4 = Exercise(
    "12.4",
    "Who is left behind?",
    an_audience,
    judge=judge_audience,
    asks="Answer with four texts of 5 words or more: a group, a measure, what you compare it with, and the next step.",
    rubric=[
        "Would somebody from this group recognize themselves in your words?",
        "Does the measure say something about this group, and not only about the mean of everybody?",
        "Could the result be that nothing is wrong? If it could not, it is no test.",
    ],
    mistakes=[
        Mistake("a field left out", "is a dictionary with", lambda: {"group": "people who rated only a few films"}),
        Mistake("filler", "again and again", lambda: {**an_audience(), "measure": "recall " * 9}),
        Mistake("one text twice", "say the same", lambda: {**an_audience(), "measure": an_audience()["group"]}),
    ],
    hints=[
        "Start with people: who would be disappointed by your list, and would not come back to say so?",
        "A measure for a group of twenty has a wide interval. Say what you would do then.",
        "Compare with the simplest list that you could show to the same group.",
    ],
    praise="Keep it. The first group that complains is rarely the one you planned for, but the plan will fit.",
)


EXERCISES = [q1, q2, q3, q4]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "12.A",
            "A miss",
            "A viewer would love a film in your list, and has never heard of it. What does an offline test count?",
            right="a miss, because there is no rating of it in the test",
            wrong={
                "a hit, because the viewer would love it": "The test knows ratings, not what could have been.",
                "nothing: such films are left out": "All films that were not rated in training compete.",
            },
            hint="Where do the likes of the test come from?",
        ),
        predict(
            "12.B",
            "The mean of two groups",
            """
            import numpy as np
            many, few = np.full(90, 0.2), np.full(10, 0.0)
            float(np.concatenate([many, few]).mean())
            """,
            wrong={
                0.1: "The groups are of different sizes: nine of ten viewers have 0.2.",
                0.2: "The ten viewers who get nothing count, too.",
            },
            hint="Add up all hundred numbers.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "12.C",
            "Whose guess?",
            "Where does the propensity of a film come from?",
            right="from a guess about how viewers come across films, which nobody can check with ratings alone",
            wrong={
                "from the hidden ratings": "Those are what the propensity is supposed to correct.",
                "from the model that is judged": "Then every model would have an exam of its own.",
            },
            hint="You tried several exponents for the same count. Which one is true?",
        ),
        find_bug(
            "12.D",
            "Votes",
            """
            def votes(shown, teams, clicked):
                found = [0, 0]
                for film, team in zip(shown, teams):
                    if film in clicked:
                        found[team] = 1
                return found
            """,
            line=5,
            fixed="            found[team] += 1",
            shown="votes([7, 8, 9, 5], [0, 1, 0, 1], {7, 9, 5})",
            wrong={
                3: "Each film with the team that brought it: that is right.",
                4: "Only clicks count: that is right.",
            },
            hint="How many clicks did the first team get?",
        ),
        predict(
            "12.E",
            "Half a taste",
            """
            import numpy as np
            taste, shown = np.array([0.5, 0.5]), np.array([0.25, 0.75])
            round(float((taste * np.log2(taste / shown)).sum()), 2)
            """,
            wrong={
                0.0: "The mixes differ, and then the divergence is above 0.",
                0.5: "That is the first genre alone. The second is shown too often, which takes some away.",
            },
            hint="The divergence is 0 only where the mixes agree.",
        ),
    ],
)
