"""Exercises of notebook 04, Neighbor search."""

from __future__ import annotations

import numpy as np
import pandas as pd

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, order, predict
from helpers.exercises.texts import fields_missing, trouble_with
from helpers.exercises.typed import value_of
from helpers.search.neighbors import TitleNotFoundError, diversify, find_similar_movies


def neighbors(vectors, ids, query_id, k):
    """Ids of the k vectors nearest to one of them, best first, without itself. Rows have length 1."""
    position = list(ids).index(query_id)
    similarity = vectors @ vectors[position]
    similarity[position] = -np.inf
    return [ids[other] for other in np.argsort(-similarity, kind="stable")[:k]]


def _order(vectors, ids, query_id):
    return np.argsort(-(vectors @ vectors[list(ids).index(query_id)]), kind="stable")


def recall(found, true):
    """Share of the true neighbors that were found, in any order."""
    return len(set(found) & set(true)) / len(true)


def best_allowed(similarity, allowed, k):
    """Positions of the k largest similarities among those that are allowed, best first."""
    positions = np.flatnonzero(allowed)
    return positions[np.argsort(-np.asarray(similarity)[positions], kind="stable")[:k]].tolist()


def next_film(relevance, similarity, taken, diversity):
    """Position of the film that maximal marginal relevance takes next, of those that are not taken."""
    score = (1 - diversity) * relevance - diversity * similarity[:, taken].max(axis=1)
    score[taken] = -np.inf
    return int(score.argmax())


def a_setting() -> dict:
    """Choose a film and how diverse its list should be, and say what that wins and loses."""
    return {
        "title": "Alien",
        "diversity": 0.4,
        "why": "The other films of the series make room for other spaceships, which is worth one distant film.",
    }


def judge_setting(answer) -> str | None:
    """Compare the list of the setting with the plain one."""
    missing = fields_missing(answer, list(a_setting()))
    if missing is not None:
        return missing
    diversity = _fraction(answer["diversity"])
    if diversity is None:
        return "The diversity is a number between 0 and 1, such as 0.4."
    if not isinstance(answer["title"], str) or len(answer["title"]) > 200:
        return "The title is a text in quotation marks, as it appears in a list."
    try:
        plain = find_similar_movies(answer["title"], k=8)
    except TitleNotFoundError as error:
        return str(error)
    diverse = find_similar_movies(answer["title"], k=8, diversity=diversity)
    if set(plain.index) == set(diverse.index):
        return "With this setting the list holds the same eight films as without it. Turn it up until one drops out."
    return trouble_with("why", answer["why"])


def _fraction(value) -> float | None:
    """Read a number from 0 to 1 of any kind (float32, Fraction, "40%", an array of one); None for anything else."""
    if isinstance(value, (bool, np.bool_)):
        return None
    try:
        number = float(np.squeeze(value_of(value, several=False)))
    except (TypeError, ValueError, ArithmeticError):
        return None
    return number if 0 <= number <= 1 else None


def raise_diversity(vectors: np.ndarray, steps) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Raise the diversity of 200 films' lists of eight, chosen from the hundred nearest.

    Returns
    -------
    kept, left : pandas.DataFrame
        A row per film, a column per step: the share of the eight nearest films that are still in the list, and the
        share of their similarity to the film that the list still has.
    """
    kept, left = [], []
    for film in np.random.default_rng(0).choice(len(vectors), 200, replace=False):
        similarity = vectors @ vectors[film]
        similarity[film] = -np.inf
        pool = np.argsort(-similarity, kind="stable")[:100]
        lists = np.array([pool[diversify(similarity[pool], vectors[pool], 8, step)] for step in steps])
        kept.append(np.isin(lists, pool[:8]).mean(axis=1))
        left.append(similarity[lists].mean(axis=1) / similarity[pool[:8]].mean())
    return pd.DataFrame(kept, columns=steps), pd.DataFrame(left, columns=steps)


def _unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def _untaken(score, taken):
    score[taken] = -np.inf
    return int(score.argmax())


def _some_vectors(rng):
    """So many that some similarities are below 0, and that np.argpartition does not happen to sort them."""
    ids = (rng.permutation(1000) + 100).tolist()
    return _unit(rng.normal(size=(1000, 3))), ids, ids[0], 600


_TWINS = np.array([[1.0, 0.0], [1.0, 0.0], [0.8, 0.6], [0.0, 1.0]])  # two films with the same synopsis


q1 = Exercise(
    "4.1",
    "Without the query itself",
    neighbors,
    inputs=[(_TWINS, [7, 8, 9, 10], 7, 2), (_TWINS, [7, 8, 9, 10], 8, 2), (_TWINS, [7, 8, 9, 10], 10, 1)],
    random_inputs=_some_vectors,
    mistakes=[
        Mistake(
            "k - 1 films",
            "You took one film too few: a slice that begins at 1 ends at k + 1. And drop the query by its id, not by "
            "its place.",
            lambda vectors, ids, query_id, k: [ids[position] for position in _order(vectors, ids, query_id)[1:k]],
        ),
        Mistake(
            "similarities",
            "Those are similarities. Return the ids of the films that have them: np.argsort.",
            lambda vectors, ids, query_id, k: np.sort(vectors @ vectors[ids.index(query_id)])[::-1][:k],
        ),
        Mistake(
            "positions",
            "Those are positions. Look up their ids: ids[position]. And drop the query by its id, not by its place.",
            lambda vectors, ids, query_id, k: _order(vectors, ids, query_id)[1 : k + 1],
        ),
        Mistake(
            "everything near 1 dropped",
            "You dropped everything with a cosine of 1, and with it the twin, which is another film. Drop the query "
            "by its id.",
            lambda vectors, ids, query_id, k: [
                ids[position]
                for position in _order(vectors, ids, query_id)
                if (vectors @ vectors[ids.index(query_id)])[position] < 0.9999
            ][:k],
        ),
        Mistake(
            "all others",
            "Those are all the other films. Keep the first k.",
            lambda vectors, ids, query_id, k: [
                ids[position] for position in _order(vectors, ids, query_id) if ids[position] != query_id
            ],
        ),
        Mistake(
            "the query among its neighbors",
            "The film itself is among its neighbors. Leave it out.",
            lambda vectors, ids, query_id, k: [ids[position] for position in _order(vectors, ids, query_id)[:k]],
        ),
        Mistake(
            "first position dropped",
            "You dropped the first position. That is right until two films have the same synopsis: then the twin may "
            "go and the film stay. Drop the query by its id.",
            lambda vectors, ids, query_id, k: [ids[position] for position in _order(vectors, ids, query_id)[1 : k + 1]],
        ),
        Mistake(
            "the film itself at 0",
            "The film itself gets 0, and another film may be below that. Give the film itself -np.inf.",
            lambda vectors, ids, query_id, k: [
                ids[position]
                for position in np.argsort(
                    -np.where(np.array(ids) == query_id, 0, vectors @ vectors[ids.index(query_id)])
                )
            ][:k],
        ),
        Mistake(
            "one too few",
            "One film is missing: you took k and then dropped the query. Drop it before you count.",
            lambda vectors, ids, query_id, k: [
                ids[position] for position in _order(vectors, ids, query_id)[:k] if ids[position] != query_id
            ],
        ),
        Mistake(
            "sorted ascending",
            "These are the farthest: a larger cosine means nearer. Sort in descending order.",
            lambda vectors, ids, query_id, k: [
                ids[position]
                for position in np.argsort(vectors @ vectors[ids.index(query_id)], kind="stable")
                if ids[position] != query_id
            ][:k],
        ),
        Mistake(
            "positions instead of ids",
            "You returned positions in the matrix. Outside of it, only ids mean something: return ids[position].",
            lambda vectors, ids, query_id, k: [
                int(position) for position in _order(vectors, ids, query_id) if ids[position] != query_id
            ][:k],
        ),
    ],
    hints=[
        "similarity[ids.index(query_id)] = -np.inf puts the film itself last, wherever its twins are.",
        "np.argsort(-similarity, kind='stable')[:k] gives the positions of the k nearest, best first.",
        "[ids[other] for other in np.argsort(-similarity, kind='stable')[:k]], after that line.",
    ],
    praise="By id, not by position: that version survives real data.",
)

q2 = Exercise(
    "4.2",
    "Recall of an approximate search",
    recall,
    inputs=[
        ([1, 2, 3, 4], [1, 2, 3, 5]),
        ([4, 3, 2, 1], [1, 2, 3, 4]),
        ([9, 8], [1, 2]),
        ([1, 2], [1, 2, 3, 4]),
        ([5, 6, 7, 8, 9], [6, 5, 1]),
    ],
    mistakes=[
        Mistake(
            "the wrong ones",
            "That is the share that was missed. Recall is what was found.",
            lambda found, true: 1 - len(set(found) & set(true)) / len(true),
        ),
        Mistake(
            "divided by the longer",
            "You divided by the longer list. Divide by how many are true, no matter how long the other list is.",
            lambda found, true: len(set(found) & set(true)) / max(len(found), len(true)),
        ),
        Mistake(
            "the members",
            "Those are the ids in both. Recall is a number: the share of the true ones that was found.",
            lambda found, true: set(found) & set(true),
        ),
        Mistake(
            "the number of ids",
            "You compared how many ids the lists hold. Count the ones that are in both.",
            lambda found, true: len(found) / len(true),
        ),
        Mistake(
            "order counted",
            "You compared position by position. A neighbor counts wherever it is in the list.",
            lambda found, true: sum(a == b for a, b in zip(found, true, strict=False)) / len(true),
        ),
        Mistake(
            "divided by all of both",
            "You divided by everything that is in either list. Recall asks about the true ones only.",
            lambda found, true: len(set(found) & set(true)) / len(set(found) | set(true)),
        ),
        Mistake(
            "precision instead of recall",
            "You divided by how many were found: that is precision. Divide by how many are true.",
            lambda found, true: len(set(found) & set(true)) / len(found),
        ),
        Mistake(
            "count instead of share",
            "That is a count. Divide it by how many are true.",
            lambda found, true: len(set(found) & set(true)),
        ),
    ],
    hints=[
        "set(found) & set(true) holds the ids that are in both.",
        "Divide their number by the number of true neighbors.",
        "len(set(found) & set(true)) / len(true)",
    ],
    praise="Now you can say what speed costs.",
)

q3 = Exercise(
    "4.3",
    "Filter, then rank",
    best_allowed,
    inputs=[
        (np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([False, True, False, True, True]), 2),
        (np.array([0.1, 0.5, 0.3]), np.array([True, False, True]), 2),
        (np.array([0.2, 0.9, 0.4, 0.6]), np.array([True, False, True, False]), 3),
        (np.array([0.9, 0.5, 0.9]), np.array([False, True, True]), 2),
        (np.array([0.9, 0.5]), np.array([False, False]), 1),
    ],
    random_inputs=lambda rng: (rng.normal(size=2000), rng.random(2000) < 0.5, 600),  # as in 4.1
    mistakes=[
        Mistake(
            "forbidden films scored 0",
            "Films that are not allowed get 0, which may be more than an allowed film has. Take only the allowed ones.",
            lambda similarity, allowed, k: np.argsort(-np.where(allowed, similarity, 0))[:k],
        ),
        Mistake(
            "similarities",
            "Those are similarities. Return the positions of the films that have them: np.argsort.",
            lambda similarity, allowed, k: np.sort(similarity[allowed])[::-1][:k],
        ),
        Mistake(
            "not ranked",
            "Those are the first films that are allowed. Rank them by similarity.",
            lambda similarity, allowed, k: np.flatnonzero(allowed)[:k],
        ),
        Mistake(
            "mask inverted",
            "You kept what is not allowed: the mask is inverted.",
            lambda similarity, allowed, k: best_allowed(similarity, ~allowed, k),
        ),
        Mistake(
            "all allowed films",
            "Those are all the films that are allowed. Keep the first k.",
            lambda similarity, allowed, k: best_allowed(similarity, allowed, len(similarity)),
        ),
        Mistake(
            "in the order of the catalog",
            "These are the right films, in the order of their positions. The best comes first.",
            lambda similarity, allowed, k: sorted(best_allowed(similarity, allowed, k)),
        ),
        Mistake(
            "ranked before filtering",
            "You took the k best of all and then filtered, so too few are left, or none. Filter first.",
            lambda similarity, allowed, k: [int(p) for p in np.argsort(-similarity)[:k] if allowed[p]],
        ),
        Mistake(
            "filled up with what is not allowed",
            "When fewer than k are allowed, you fill up the list with others, at -inf. Return the allowed ones only.",
            lambda similarity, allowed, k: np.argsort(-np.where(allowed, similarity, -np.inf), kind="stable")[:k],
        ),
        Mistake(
            "filter ignored",
            "Some of these are not allowed. Use the mask.",
            lambda similarity, allowed, k: np.argsort(-similarity)[:k].tolist(),
        ),
        Mistake(
            "positions within the filtered",
            "You returned positions among the allowed films. Translate them back to positions in the whole list.",
            lambda similarity, allowed, k: np.argsort(-similarity[allowed])[:k].tolist(),
        ),
        Mistake(
            "worst first",
            "These are the least similar of the allowed. Largest first.",
            lambda similarity, allowed, k: [int(p) for p in np.argsort(similarity) if allowed[p]][:k],
        ),
    ],
    hints=[
        "np.flatnonzero(allowed) gives the positions that are allowed. There may be fewer than k.",
        "Or go through np.argsort(-similarity) and keep the allowed positions, then cut at k.",
        "[int(position) for position in np.argsort(-similarity) if allowed[position]][:k]",
    ],
    praise="The five nearest films from the eighties, not the films from the eighties among the five nearest.",
)

_ALIKE = np.array([[1.0, 0.9, 0.1, 0.2], [0.9, 1.0, 0.3, 0.1], [0.1, 0.3, 1.0, 0.0], [0.2, 0.1, 0.0, 1.0]])


def _some_candidates(rng):
    vectors = _unit(rng.normal(size=(9, 4)))
    taken = rng.permutation(9)[:3].tolist()
    return rng.random(9), vectors @ vectors.T, taken, float(rng.uniform(0.2, 0.8))


q4 = Exercise(
    "4.4",
    "One step toward diversity",
    next_film,
    asks="`taken` is a list of one or more positions. Return a position that is not among them.",
    inputs=[
        (np.array([0.9, 0.8, 0.5, 0.4]), _ALIKE, [0], 0.5),
        (np.array([0.9, 0.8, 0.5, 0.4]), _ALIKE, [0], 0.0),
        (np.array([0.9, 0.8, 0.5, 0.4]), _ALIKE, [0, 2], 0.5),
        (np.array([0.9, 0.8, 0.5, 0.4]), _ALIKE, [1, 2], 0.1),
        (np.array([0.9, 0.2, 0.1, 0.1]), _ALIKE, [0], 0.9),
        (np.array([0.9, 0.9, 0.5, 0.4]), _ALIKE, [0], 0.0),
    ],
    random_inputs=_some_candidates,
    mistakes=[
        Mistake(
            "relevance alone decides",
            "The most relevant film wins, whatever it resembles. Each candidate loses by its own largest similarity "
            "to the taken films: .max(axis=1).",
            lambda r, s, taken, d: int(((1 - d) * r - d * s[:, taken].max()).argmax()),
        ),
        Mistake(
            "a table of scores",
            "Your scores are a table, with a column for each film. Of the columns of the taken films, take the largest "
            "per row: similarity[:, taken].max(axis=1).",
            lambda r, s, taken, d: int(((1 - d) * r - d * s).argmax()),
        ),
        Mistake(
            "nearest of the nearest left out",
            "You took the smallest similarity to the taken films. The nearest of them counts: the largest.",
            lambda r, s, taken, d: _untaken((1 - d) * r - d * s[:, taken].min(axis=1), taken),
        ),
        Mistake(
            "summed",
            "You added up the similarities, so a longer list weighs more and more. Take the largest.",
            lambda r, s, taken, d: _untaken((1 - d) * r - d * s[:, taken].sum(axis=1), taken),
        ),
        Mistake(
            "relevance at full weight",
            "Relevance has its full weight. It gets 1 - diversity, so that both weights add up to 1.",
            lambda r, s, taken, d: _untaken(r - d * s[:, taken].max(axis=1), taken),
        ),
        Mistake(
            "taken films scored 0",
            "Films that are taken get 0, and a score may be below 0. Give them -np.inf.",
            lambda r, s, taken, d: int(
                np.where(np.isin(np.arange(len(r)), taken), 0, (1 - d) * r - d * s[:, taken].max(axis=1)).argmax()
            ),
        ),
        Mistake(
            "position among the others",
            "That is a position among the films that are left. Return the position in the whole list: score[taken] = "
            "-np.inf keeps its length.",
            lambda r, s, taken, d: int(np.delete((1 - d) * r - d * s[:, taken].max(axis=1), taken).argmax()),
        ),
        Mistake(
            "the score itself",
            "That is the score. Return the position of the film that has it: argmax.",
            lambda r, s, taken, d: float(np.delete((1 - d) * r - d * s[:, taken].max(axis=1), taken).max()),
        ),
        Mistake(
            "the worst",
            "That is the film with the smallest score. Take the largest: argmax.",
            lambda r, s, taken, d: _untaken(d * s[:, taken].max(axis=1) - (1 - d) * r, taken),
        ),
        Mistake(
            "the worst of all",
            "argmin finds a taken film, since nothing is smaller than -np.inf. You want the largest score: argmax.",
            lambda r, s, taken, d: int(
                np.where(np.isin(np.arange(len(r)), taken), -np.inf, (1 - d) * r - d * s[:, taken].max(axis=1)).argmin()
            ),
        ),
        Mistake(
            "taken twice",
            "This film is in the list already. Repeated, your step would take it again and again: give the taken ones "
            "a score of -np.inf.",
            lambda r, s, taken, d: int(((1 - d) * r - d * s[:, taken].max(axis=1)).argmax()),
        ),
        Mistake(
            "similarity added",
            "You added the similarity to what is taken, which asks for more of the same. Subtract it.",
            lambda r, s, taken, d: _untaken((1 - d) * r + d * s[:, taken].max(axis=1), taken),
        ),
        Mistake(
            "mean instead of largest",
            "You took the mean similarity. One near twin in the list makes a film redundant: take the largest.",
            lambda r, s, taken, d: _untaken((1 - d) * r - d * s[:, taken].mean(axis=1), taken),
        ),
        Mistake(
            "weights exchanged",
            "You gave the weights to the wrong parts: at diversity 0, only relevance counts.",
            lambda r, s, taken, d: _untaken(d * r - (1 - d) * s[:, taken].max(axis=1), taken),
        ),
        Mistake(
            "last film only",
            "You compared with the last taken film alone. An earlier one may be the twin: look at all of them.",
            lambda r, s, taken, d: _untaken((1 - d) * r - d * s[:, taken[-1]], taken),
        ),
        Mistake(
            "relevance only",
            "That is the most relevant film, no matter what is taken already.",
            lambda r, s, taken, d: _untaken(r.astype(float), taken),
        ),
    ],
    hints=[
        "similarity[:, taken] has a column per taken film; .max(axis=1) is how near the nearest of them is.",
        "score = (1 - diversity) * relevance - diversity * that; then score[taken] = -np.inf.",
        "int(score.argmax())",
    ],
    praise="Repeat it k times, and you have the whole method. The next cell does.",
)

q5 = Exercise(
    "4.5",
    "How diverse should it be?",
    a_setting,
    judge=judge_setting,
    asks="Answer with a title, a diversity from 0 to 1 that changes the list of eight films, and why, in 8 words or "
    "more.",
    rubric=[
        "Do you name films that went and films that came?",
        "Would the viewer you have in mind notice the difference, and thank you?",
        "Would the setting hold for a very different film? Try one.",
    ],
    mistakes=[
        Mistake("nothing changes", "holds the same eight films", lambda: {**a_setting(), "diversity": 0.0}),
        Mistake("no reason", "'why' asks for a sentence", lambda: {**a_setting(), "why": "Better."}),
        Mistake("an unknown film", "No title like", lambda: {**a_setting(), "title": "zzzzqqq"}),
        Mistake("out of range", "between 0 and 1", lambda: {**a_setting(), "diversity": 30}),
    ],
    hints=[
        "Compare find_similar_movies(title, k=8) with find_similar_movies(title, k=8, diversity=0.4).",
        "Start at 0.1 and turn it up until a film is replaced by another.",
        "Say which films went, which came, and for whom that is better.",
    ],
    praise="The list has changed, and you can say why.",
)

EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "4.A",
            "Too good to be true",
            "A model that reads the tags wins by far when tags are the judge. Why is that no surprise?",
            right="the judge's answers were part of the input",
            wrong={
                "tags are longer than synopses": "They are much shorter. What is it that the judge compares?",
                "the encoder was trained on tags": "It was not. What is it that the judge compares?",
            },
            hint="It is called a leak.",
        ),
        predict(
            "4.B",
            "One product, all similarities",
            """
            import numpy as np
            vectors = np.array([[1.0, 0.0], [0.6, 0.8]])
            vectors @ vectors[0]
            """,
            wrong={
                (1.0, 0.0): "That is the first vector itself. Multiply each row by it, and add up.",
                (0.6, 0.8): "That is the second vector itself. Multiply each row by the first, and add up.",
            },
            hint="One number per row: its dot product with the first row. Answer with a list of two numbers.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        find_bug(
            "4.C",
            "Filter and rank",
            """
            import numpy as np
            def best_allowed(similarity, allowed, k):
                places = np.argsort(-similarity)[:k]
                places = [int(place) for place in places if allowed[place]]
                return places[:k]
            """,
            line=3,
            fixed="    places = np.argsort(-similarity)",
            shown="best_allowed(np.array([0.9, 0.8, 0.1]), [False, True, True], 2)",
            wrong={
                4: "It keeps what is allowed, as it should. But what did it get to choose from?",
                5: "It returns k of them at most, as it should.",
            },
            hint="Two films are allowed. Which line threw one away before anybody asked?",
        ),
        order(
            "4.D",
            "Neighbors without the film itself",
            "The function returns the ids of the k nearest other films.",
            """
            def neighbors(vectors, ids, query, k):
                similarity = vectors @ vectors[ids.index(query)]
                places = similarity.argsort()[::-1]
                found = [ids[place] for place in places]
                found.remove(query)
                return found[:k]
            """,
            wrong={
                "123465": "You return before the film itself is dropped from the list.",
                "132456": "Python stops: a line uses a name that a later line makes.",
            },
            inputs=[(np.array([[1.0, 0.0], [0.6, 0.8], [0.8, 0.6]]), [7, 8, 9], 7, 2)],
            hint="Similarities, order, ids, drop the query, return.",
        ),
        choose(
            "4.E",
            "Why trees lose",
            "Why does a ball tree not help with 384 dimensions?",
            right="nothing is far enough away for the tree to skip it",
            wrong={
                "it finds wrong neighbors": "It is exact: it finds the same films as brute force.",
                "it needs more memory than there is": "Memory is not the problem. How does a tree save work?",
            },
            hint="A tree is fast when it can skip parts that are too far away.",
        ),
    ],
)
