"""Exercises of notebook 10, Models of today."""

from __future__ import annotations

import numpy as np

from helpers.exercises.checker import Exercise, Mistake, make_progress


def bpr_loss(viewer, liked, other):
    """What BPR pays for a pair of films: little when the liked one scores far above the other."""
    difference = viewer @ liked - viewer @ other
    return np.log(1 + np.exp(-difference))


def in_batch_loss(viewers, films, shares):
    """Mean softmax loss of a batch whose row i liked film i; all scores are corrected for how often a film is drawn."""
    scores = viewers @ films.T - np.log(shares)
    own = np.diag(scores)
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - own)


def _softmax_loss(scores):
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores))


def transitions(sequences, films):
    """Share (films, films) of the moves from each film to each next one; a row of zeros where nothing followed."""
    counts = np.zeros((films, films))
    for sequence in sequences:
        for before, after in zip(sequence[:-1], sequence[1:], strict=True):
            counts[before, after] += 1
    total = counts.sum(axis=1, keepdims=True)
    return counts / np.where(total > 0, total, 1)


def _counted(sequences, films):
    counts = np.zeros((films, films))
    for sequence in sequences:
        for before, after in zip(sequence[:-1], sequence[1:], strict=True):
            counts[before, after] += 1
    return counts


def _normalized(counts, axis=1):
    total = counts.sum(axis=axis, keepdims=True)
    return counts / np.where(total > 0, total, 1)


def _all_later(sequences, films):
    counts = np.zeros((films, films))
    for sequence in sequences:
        for place, before in enumerate(sequence):
            for after in sequence[place + 1 :]:
                counts[before, after] += 1
    return _normalized(counts)


def attention(queries, keys):
    """Weights (n, n) with which each place of a sequence looks at itself and at what came before it."""
    scores = queries @ keys.T / np.sqrt(queries.shape[1])
    scores[np.triu_indices(len(scores), 1)] = -np.inf
    weights = np.exp(scores)
    return weights / weights.sum(axis=1, keepdims=True)


def _attention(queries, keys, hidden=None, scale=True):
    scores = queries @ keys.T / (np.sqrt(queries.shape[1]) if scale else 1)
    if hidden is not None:
        scores[hidden] = -np.inf
    weights = np.exp(scores)
    total = weights.sum(axis=1, keepdims=True)
    return weights / np.where(total > 0, total, 1)


def tokens_of_lists(candidates, words, lists):
    """Tokens that a language model reads for some lists, each with the texts of all candidates."""
    return candidates * words * 4 / 3 * lists


def _sequences(rng):
    return [rng.integers(0, 5, size=length).tolist() for length in rng.integers(2, 7, size=6)]


q1 = Exercise(
    "10.1",
    "What a pair costs",
    bpr_loss,
    inputs=[(np.array([1.0, 0.5]), np.array([1.0, 1.0]), np.array([0.0, 1.0]))],
    random_inputs=lambda rng: tuple(rng.normal(size=(3, 4))),
    mistakes=[
        Mistake(
            "films exchanged",
            "Your loss falls when the other film scores higher. The liked film comes first in the difference.",
            lambda viewer, liked, other: bpr_loss(viewer, other, liked),
        ),
        Mistake(
            "no logarithm",
            "That is the sigmoid, the chance that the order is right. The loss is minus its logarithm.",
            lambda viewer, liked, other: 1 / (1 + np.exp(-(viewer @ liked - viewer @ other))),
        ),
        Mistake(
            "sign of the logarithm",
            "That is the logarithm of the chance, which is negative. A loss is minus it, so that smaller is better.",
            lambda viewer, liked, other: -bpr_loss(viewer, liked, other),
        ),
        Mistake(
            "liked film only",
            "The other film is missing. BPR compares two: take the difference of their scores.",
            lambda viewer, liked, other: np.log(1 + np.exp(-(viewer @ liked))),
        ),
    ],
    hints=[
        "difference = viewer @ liked - viewer @ other: by how much the liked film is ahead.",
        "The sigmoid 1 / (1 + np.exp(-difference)) is the chance that the order is right.",
        "return np.log(1 + np.exp(-difference)), which is minus the logarithm of that chance.",
    ],
    praise="An order, not a number of stars: that is all that BPR asks for.",
)

q2 = Exercise(
    "10.2",
    "Negatives from the batch",
    in_batch_loss,
    inputs=[
        (
            np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]),
            np.array([[1.0, 0.2], [0.1, 1.0], [0.5, 0.5]]),
            np.array([0.5, 0.1, 0.2]),
        )
    ],
    random_inputs=lambda rng: (rng.normal(size=(5, 3)), rng.normal(size=(5, 3)), rng.random(5) / 2 + 0.01),
    mistakes=[
        Mistake(
            "not corrected",
            "The correction is missing: subtract np.log(shares) from the scores before the softmax.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T),
        ),
        Mistake(
            "added",
            "You added the logarithm. A film that is in most batches is a negative too often: subtract it.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T + np.log(shares)),
        ),
        Mistake(
            "by viewer",
            "You corrected the rows. Rows are viewers, columns are films, and the shares belong to the films.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T - np.log(shares)[:, None]),
        ),
        Mistake(
            "share without logarithm",
            "Subtract the logarithm of the share, not the share.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T - shares),
        ),
        Mistake(
            "softmax over viewers",
            "You added up over viewers. Each viewer chooses among films: add up along axis 1.",
            lambda viewers, films, shares: np.mean(
                np.log(np.exp(viewers @ films.T - np.log(shares)).sum(axis=0))
                - np.diag(viewers @ films.T - np.log(shares))
            ),
        ),
        Mistake(
            "summed",
            "That is the sum over the batch; ask for the mean, so that batches of other sizes can be compared.",
            lambda viewers, films, shares: len(viewers) * in_batch_loss(viewers, films, shares),
        ),
    ],
    hints=[
        "viewers @ films.T holds every viewer's score of every film of the batch; np.log(shares) fits its columns.",
        "np.diag(scores) are the scores of the films that were liked.",
        "np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores))",
    ],
    praise="This is how catalogs of millions are trained: nobody has to look at all of them.",
)

q3 = Exercise(
    "10.3",
    "What follows what",
    transitions,
    inputs=[([[0, 1, 2], [0, 1, 0], [2, 1]], 4)],
    random_inputs=lambda rng: (_sequences(rng), 6),
    mistakes=[
        Mistake(
            "counts",
            "Those are counts. Divide each row by its sum, so that it holds shares.",
            _counted,
        ),
        Mistake(
            "backwards",
            "You counted from the later film to the earlier one. Row: the film before; column: the film after.",
            lambda sequences, films: _normalized(_counted(sequences, films).T),
        ),
        Mistake(
            "divided by columns",
            "Your columns add up to 1. The question is what follows a film: its row adds up to 1.",
            lambda sequences, films: _normalized(_counted(sequences, films), axis=0),
        ),
        Mistake(
            "all later films",
            "You counted every later film. This chain looks one step ahead: count neighbors in the sequence only.",
            _all_later,
        ),
    ],
    hints=[
        "Start with np.zeros((films, films)), and add 1 at [before, after] for each pair of neighbors.",
        "zip(sequence[:-1], sequence[1:]) gives the pairs.",
        "Divide by counts.sum(axis=1, keepdims=True); where that is 0, divide by 1 instead.",
    ],
    praise="Counting is a strong baseline: beat it before you train a transformer.",
)

q4 = Exercise(
    "10.4",
    "Attention that cannot see the future",
    attention,
    inputs=[(np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([[1.0, 1.0], [2.0, 0.0], [0.0, 2.0]]))],
    random_inputs=lambda rng: (rng.normal(size=(4, 3)), rng.normal(size=(4, 3))),
    mistakes=[
        Mistake(
            "future seen",
            "The first place looks at later ones: it sees the film that it has to guess. Hide them.",
            _attention,
        ),
        Mistake(
            "past hidden",
            "You hid the past. Place i may look at places 0 to i: hide what is above the diagonal, not below.",
            lambda queries, keys: _attention(queries, keys, np.tril_indices(len(queries), -1)),
        ),
        Mistake(
            "itself hidden",
            "A place may look at itself, too: hide only what is strictly above the diagonal.",
            lambda queries, keys: _attention(queries, keys, np.triu_indices(len(queries))),
        ),
        Mistake(
            "not scaled",
            "The products are not scaled: divide them by the root of the number of dimensions.",
            lambda queries, keys: _attention(queries, keys, np.triu_indices(len(queries), 1), scale=False),
        ),
        Mistake(
            "hidden after the softmax",
            "The rows do not add up to 1: hide the future before the softmax, with -inf, not afterwards with 0.",
            lambda queries, keys: np.tril(_attention(queries, keys)),
        ),
    ],
    hints=[
        "scores = queries @ keys.T / np.sqrt(queries.shape[1])",
        "scores[np.triu_indices(len(scores), 1)] = -np.inf hides the future.",
        "weights = np.exp(scores), divided by weights.sum(axis=1, keepdims=True)",
    ],
    praise="That triangle is what makes a transformer a guesser of what comes next.",
)

q5 = Exercise(
    "10.5",
    "What a reading ranker reads",
    tokens_of_lists,
    inputs=[(100, 90, 1)],
    random_inputs=lambda rng: tuple(int(number) for number in rng.integers(10, 500, size=3)),
    mistakes=[
        Mistake(
            "words for tokens",
            "Those are words. In English, three words are about four tokens.",
            lambda candidates, words, lists: candidates * words * lists,
        ),
        Mistake(
            "the ratio upside down",
            "There are more tokens than words: multiply by 4 / 3.",
            lambda candidates, words, lists: candidates * words * 3 / 4 * lists,
        ),
        Mistake(
            "one text a list",
            "That is one text for each list. The model reads the text of every candidate.",
            lambda candidates, words, lists: words * 4 / 3 * lists,
        ),
    ],
    hints=[
        "Each list needs the texts of all its candidates.",
        "words * 4 / 3 are the tokens of one text.",
        "candidates * words * 4 / 3 * lists",
    ],
    praise="Multiply by a price per token, and you know what a language model as a re-ranker costs.",
)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)
