"""Exercises of notebook 10, Models of today."""

from __future__ import annotations

import functools

import numpy as np

from helpers.data import load_movies
from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, finish, predict
from helpers.exercises.texts import SENTENCE, counts_in, fields_missing, trouble_with


def bpr_loss(viewer, liked, other):
    """What BPR pays for a pair of films: little when the liked one scores far above the other."""
    difference = viewer @ liked - viewer @ other
    return np.log(1 + np.exp(-difference))


def _sigmoid(difference):
    return 1 / (1 + np.exp(-difference))


def in_batch_loss(viewers, films, shares):
    """Mean softmax loss of a batch whose row i liked film i; all scores are corrected for how often a film is drawn."""
    scores = viewers @ films.T - np.log(shares)
    own = np.diag(scores)
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - own)


def _softmax_loss(scores):
    return np.mean(np.log(np.exp(scores).sum(axis=1)) - np.diag(scores))


def _own_shares(viewers, films, shares):
    """The share of each viewer's own film in the softmax."""
    weights = np.exp(viewers @ films.T - np.log(shares))
    return np.diag(weights) / weights.sum(axis=1)


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


FIELDS = {"candidates": 1, "tokens of a list": 1, "adds": SENTENCE, "measured by": SENTENCE}  # and how many words
TOKENS_A_WORD = 4 / 3  # of English


@functools.cache
def words_of_a_synopsis() -> float:
    """Mean number of words of a synopsis of the course."""
    return float(load_movies()["synopsis"].str.split().map(len).mean())


def a_reading_ranker() -> dict:
    """Plan a language model as a re-ranker."""
    return {
        "candidates": 50,
        "tokens of a list": f"{50 * words_of_a_synopsis() * TOKENS_A_WORD:.0f}",
        "adds": "It can follow wishes in words, such as something short and sad, which no rating expresses.",
        "measured by": "Interleave two lists for the same viewers, and count which of the films they start.",
    }


def judge_ranker(answer) -> str | None:
    """Look at whether the plan has its numbers, whether they fit together, and what it promises."""
    missing = fields_missing(answer, list(FIELDS))
    if missing is not None:
        return missing
    candidates, tokens = (counts_in(answer[field]) for field in ("candidates", "tokens of a list"))
    if not candidates or not tokens or candidates[0] <= 0:
        return f"'{'tokens of a list' if candidates and candidates[0] > 0 else 'candidates'}' needs a number above 0."
    texts = candidates[0] * words_of_a_synopsis()
    given = min(tokens, key=lambda figure: abs(figure - texts * TOKENS_A_WORD))  # of "100 * 212 * 4 / 3 = 28,267"
    if abs(given / (texts * TOKENS_A_WORD) - 1) > 0.2:
        if abs(given / texts - 1) < 0.05:
            return "'tokens of a list': those are words. Three words are about four tokens."
        if given < 2 * texts / candidates[0]:
            return "'tokens of a list': that is about one text. The model reads the text of every candidate."
        return (
            f"'tokens of a list': {candidates[0]:,.0f} texts of {texts / candidates[0]:.0f} words give another number."
        )
    sentences = [field for field, words in FIELDS.items() if words > 1]
    return next(filter(None, (trouble_with(field, answer[field]) for field in sentences)), None)


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
            "sigmoid of each score",
            "You took the sigmoid of each score. Take it once, of the difference.",
            lambda viewer, liked, other: np.log(_sigmoid(viewer @ other)) - np.log(_sigmoid(viewer @ liked)),
        ),
        Mistake(
            "base 10",
            "That is the logarithm to base 10. The loss has the natural one: np.log.",
            lambda viewer, liked, other: bpr_loss(viewer, liked, other) / np.log(10),
        ),
        Mistake(
            "base 2",
            "That is the logarithm to base 2. The loss has the natural one: np.log.",
            lambda viewer, liked, other: bpr_loss(viewer, liked, other) / np.log(2),
        ),
        Mistake(
            "the difference",
            "That is the difference of the scores. The loss is minus the logarithm of its sigmoid.",
            lambda viewer, liked, other: viewer @ liked - viewer @ other,
        ),
        Mistake(
            "the one forgotten",
            "The 1 inside the sigmoid is missing: what is left is minus the difference.",
            lambda viewer, liked, other: viewer @ other - viewer @ liked,
        ),
        Mistake(
            "one minus the chance",
            "That is the chance that the order is wrong. The loss is minus the logarithm of the chance that it is "
            "right.",
            lambda viewer, liked, other: 1 - _sigmoid(viewer @ liked - viewer @ other),
        ),
        Mistake(
            "not added up",
            "viewer * liked has a number per dimension. viewer @ liked adds them up.",
            lambda viewer, liked, other: -np.log(_sigmoid(viewer * liked - viewer * other)),
        ),
        Mistake(
            "a hinge",
            "That is the hinge loss. BPR takes minus the logarithm of the sigmoid.",
            lambda viewer, liked, other: max(0.0, 1 - (viewer @ liked - viewer @ other)),
        ),
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
            "That is the logarithm of the chance, which is negative. A loss is minus it, so that smaller is better. "
            "(If you have the minus: below the bar, 1 + ... needs parentheses.)",
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
    praise="An order, not a number of stars: that is all BPR asks for.",
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
            "a loss per viewer",
            "Those are the losses of all viewers. Take their mean.",
            lambda viewers, films, shares: np.array(
                [np.log(np.exp(row).sum()) - row[place] for place, row in enumerate(viewers @ films.T - np.log(shares))]
            ),
        ),
        Mistake(
            "divided by the shares",
            "You divided by the shares. Subtract their logarithm.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T / shares),
        ),
        Mistake(
            "mean before the logarithm",
            "You took the mean of the shares, then its logarithm. First the logarithm of each, then the mean.",
            lambda viewers, films, shares: -np.log(np.mean(_own_shares(viewers, films, shares))),
        ),
        Mistake(
            "the share itself",
            "That is the mean share, which grows when the model gets better. The loss is minus its logarithm.",
            lambda viewers, films, shares: np.mean(_own_shares(viewers, films, shares)),
        ),
        Mistake(
            "own score not corrected",
            "You corrected the scores below the bar, but not the one above. Correct all of them.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T - np.log(shares)) - np.log(shares).mean(),
        ),
        Mistake(
            "one softmax for all",
            "You added up over the whole batch. Each viewer has a softmax of their own: axis 1.",
            lambda viewers, films, shares: np.mean(
                np.log(np.exp(viewers @ films.T - np.log(shares)).sum()) - np.diag(viewers @ films.T - np.log(shares))
            ),
        ),
        Mistake(
            "own film left out",
            "You left the liked film out of the sum. It is one of those that the viewer chooses among.",
            lambda viewers, films, shares: np.mean(
                [
                    np.log(np.exp(np.delete(row, place)).sum()) - row[place]
                    for place, row in enumerate(viewers @ films.T - np.log(shares))
                ]
            ),
        ),
        Mistake(
            "not corrected",
            "The correction is missing, or cancels out. Before the softmax, subtract np.log(shares) from the scores, "
            "column by column.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T),
        ),
        Mistake(
            "added",
            "You added the logarithm. A film that is in most batches is a negative too often: subtract it.",
            lambda viewers, films, shares: _softmax_loss(viewers @ films.T + np.log(shares)),
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
            "That is the sum over the batch. Return the mean, so that batches of different sizes can be compared.",
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
            "NaN where nothing followed",
            "Where nothing followed you divide by 0. Leave zeros there.",
            lambda sequences, films: _counted(sequences, films) / _counted(sequences, films).sum(axis=1, keepdims=True),
        ),
        Mistake(
            "shares of all moves",
            "You divided by all moves. Each row is divided by its own sum.",
            lambda sequences, films: _counted(sequences, films) / _counted(sequences, films).sum(),
        ),
        Mistake(
            "both directions",
            "You counted each move in both directions. A move goes from the film before to the film after.",
            lambda sequences, films: _normalized(_counted(sequences, films) + _counted(sequences, films).T),
        ),
        Mistake(
            "across sequences",
            "You joined the sequences, so the end of one leads to the beginning of the next. Count within each.",
            lambda sequences, films: _normalized(_counted([sum(map(list, sequences), [])], films)),
        ),
        Mistake(
            "counted once",
            "You noted whether a move occurs. Count how often: += 1.",
            lambda sequences, films: _normalized(np.minimum(_counted(sequences, films), 1)),
        ),
        Mistake(
            "divided by how often it was seen",
            "You divided by how often the film occurs. At the end of a sequence, it leads nowhere: divide by the "
            "moves that start from it.",
            lambda sequences, films: (
                _counted(sequences, films)
                / np.maximum(np.bincount(np.concatenate(sequences), minlength=films), 1)[:, None]
            ),
        ),
        Mistake(
            "last move left out",
            "The last move of each sequence is missing.",
            lambda sequences, films: transitions([sequence[:-1] for sequence in sequences], films),
        ),
        Mistake(
            "smoothed",
            "You added one to every count. Here, what was never seen stays 0.",
            lambda sequences, films: _normalized(_counted(sequences, films) + 1),
        ),
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
            "scaled by the number of places",
            "You divided by the root of the number of places. Take the number of dimensions: queries.shape[1].",
            lambda queries, keys: _attention(
                queries * (queries.shape[1] / len(queries)) ** 0.5, keys, np.triu_indices(len(queries), 1)
            ),
        ),
        Mistake(
            "root forgotten",
            "You divided by the number of dimensions. Divide by its root.",
            lambda queries, keys: _attention(queries / queries.shape[1] ** 0.5, keys, np.triu_indices(len(queries), 1)),
        ),
        Mistake(
            "queries and keys exchanged",
            "You swapped queries and keys. A row belongs to a query: queries @ keys.T.",
            lambda queries, keys: attention(keys, queries),
        ),
        Mistake(
            "hidden with 0",
            "You hid the future with 0 before the softmax, and exp(0) is 1. Use -np.inf.",
            lambda queries, keys: _normalized(np.exp(np.tril(queries @ keys.T / np.sqrt(queries.shape[1])))),
        ),
        Mistake(
            "no softmax",
            "You divided the scores by their sum. A softmax takes np.exp of them first.",
            lambda queries, keys: np.tril(queries @ keys.T) / np.tril(queries @ keys.T).sum(axis=1, keepdims=True),
        ),
        Mistake(
            "not normalized",
            "The rows do not add up to 1 yet: divide by weights.sum(axis=1, keepdims=True).",
            lambda queries, keys: np.tril(np.exp(queries @ keys.T / np.sqrt(queries.shape[1]))),
        ),
        Mistake(
            "columns normalized",
            "Your columns add up to 1. A place looks along its row: axis=1.",
            lambda queries, keys: _normalized(np.tril(np.exp(queries @ keys.T / np.sqrt(queries.shape[1]))), axis=0),
        ),
        Mistake(
            "one softmax for all",
            "All your weights together add up to 1. Each row has a softmax of its own: axis=1, keepdims=True.",
            lambda queries, keys: (lambda weights: weights / weights.sum())(
                np.tril(np.exp(queries @ keys.T / np.sqrt(queries.shape[1])))
            ),
        ),
        Mistake(
            "sums across columns",
            "You divided the columns by the sums of the rows: keepdims=True makes a column of these sums.",
            lambda queries, keys: (lambda weights: weights / weights.sum(axis=1))(
                np.tril(np.exp(queries @ keys.T / np.sqrt(queries.shape[1])))
            ),
        ),
        Mistake(
            "scores",
            "Those are the scores. The weights are their softmax, row by row.",
            lambda queries, keys: np.where(np.tri(len(queries)), queries @ keys.T / np.sqrt(queries.shape[1]), -np.inf),
        ),
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
            "The products are not scaled: divide them by the square root of the number of dimensions.",
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
    praise="That triangle is what lets a transformer guess what comes next.",
)

q5 = Exercise(
    "10.5",
    "A ranker that reads",
    a_reading_ranker,
    judge=judge_ranker,
    asks="Answer with two numbers, candidates and tokens of a list, and for two sentences: what the language model "
    "adds, and how you would measure that.",
    rubric=[
        "Would a tenth of the candidates do? What would the shorter list lose?",
        "Could a cheap feature give the trees what the reader knows?",
        "Does your measurement keep everything else equal: the same candidates, the same viewers, the same week?",
    ],
    mistakes=[
        Mistake("a field left out", "is a dictionary with", lambda: {"candidates": 100}),
        Mistake("no figure", "'candidates' needs a number", lambda: {**a_reading_ranker(), "candidates": "a few"}),
        Mistake(
            "words for tokens",
            "Three words are about four tokens",
            lambda: {**a_reading_ranker(), "tokens of a list": round(50 * words_of_a_synopsis())},
        ),
        Mistake(
            "one text",
            "that is about one text",
            lambda: {**a_reading_ranker(), "tokens of a list": round(words_of_a_synopsis() * TOKENS_A_WORD)},
        ),
        Mistake("too short", "'adds' asks for a sentence", lambda: {**a_reading_ranker(), "adds": "better lists"}),
    ],
    hints=[
        "The exercise gives the mean number of words of a synopsis. Every candidate is read.",
        "candidates * words * 4 / 3 are the tokens of one list.",
    ],
    praise="Multiply by a price per token and by your lists per day, and you know what the reader costs.",
)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "10.A",
            "What leaked",
            "You choose the regularization of ALS by its NDCG on the test. What is wrong with that score?",
            right="it is too high: the test took part in the choice",
            wrong={
                "it is too low: the model saw less data": "The training was as large as before. Who chose the setting?",
                "nothing, if the interval is given": "An interval says how much chance there is, not who peeked.",
            },
            hint="Which ratings should decide on settings?",
        ),
        predict(
            "10.B",
            "A score as a chance",
            """
            from math import exp

            def sigmoid(z):
                return 1 / (1 + exp(-z))

            sigmoid(2) + sigmoid(-2)
            """,
            wrong={
                0: "Each of the two is above 0: the sigmoid lies between 0 and 1.",
                0.5: "sigmoid(0) is 0.5. Here two values are added.",
                2: "Both lie below 1, so their sum lies below 2.",
            },
            hint="What is the chance of an event, plus the chance of its opposite?",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        choose(
            "10.C",
            "The control of a sequence model",
            "A transformer over sequences beats ALS. What shows that the order of the likes helped?",
            right="it beats itself on shuffled histories",
            wrong={
                "it beats ALS by more than chance": "It may be the better model of sets. Take the order away.",
                "its loss falls in every epoch": "So does the loss of a model that learns popularity.",
            },
            hint="Change one thing only: the order.",
        ),
        finish(
            "10.D",
            "Fair to popular films",
            "Replace ___ so that films that are drawn often as negatives are not pushed down for that alone.",
            """
            def corrected(scores, log_shares):
                return scores ___ log_shares
            """,
            right="-",
            wrong={
                "+": "That pushes popular films down even more.",
                "*": "A correction of a score is added or subtracted.",
            },
            inputs=[(np.array([1.0, 2.0]), np.array([-0.7, -2.3]))],
            hint="The logarithm of a small share is far below 0, and rare films need no help.",
        ),
        find_bug(
            "10.E",
            "What the mask hides",
            """
            import numpy as np
            def weights(scores):
                scores = scores.copy()
                scores[np.tril_indices(len(scores), -1)] = -np.inf
                powers = np.exp(scores)
                return powers / powers.sum(axis=1, keepdims=True)
            """,
            line=4,
            fixed="    scores[np.triu_indices(len(scores), 1)] = -np.inf",
            shown="weights(np.zeros((2, 2))).tolist()",
            wrong={
                3: "The copy keeps the caller's scores as they are.",
                5: "The softmax begins with powers of e: this line is right.",
                6: "Each row is divided by its own sum, as it should be.",
            },
            hint="The first place may look at itself only.",
        ),
    ],
)
