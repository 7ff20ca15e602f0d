"""Exercises of notebook 06, Evaluation."""

from __future__ import annotations

import math
import re

import numpy as np

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, find_bug, finish, predict
from helpers.exercises.texts import counts_in, fields_missing, numbers_in, trouble_with


def average_precision(hits, relevant):
    """Mean of the precision at the place of each hit, over as many liked films as fit into the list."""
    places = np.arange(1, len(hits) + 1)
    precisions = np.cumsum(hits) / places
    return (precisions * hits).sum() / min(relevant, len(hits))


def _precisions(hits, counted=0, first=1):
    """The precision at each position; what is counted, and the first position, may be off by one."""
    found = np.concatenate([np.zeros(-counted), np.cumsum(hits)])[: len(hits)]
    return found / np.maximum(np.arange(first, first + len(hits)), 1)


def ndcg(hits, relevant):
    """What the hits are worth by their places, over what the best list would be worth."""
    worth = 1 / np.log2(np.arange(2, len(hits) + 2))
    best = worth[: min(relevant, len(hits))].sum()
    return (hits * worth).sum() / best


def _gain(hits):
    return (hits / np.log2(np.arange(2, len(hits) + 2))).sum()


def _by_its_own_best_order(hits, relevant):
    return _gain(hits) / _gain(np.ones(int(np.sum(hits))))


def _off_by_one(first=1, best_first=1, longer=0, of_liked=0, at_hits=False):
    """NDCG with positions that start at other numbers, or with a best list that is too long or too short."""

    def made(hits, relevant):
        gains = hits / np.log2(np.arange(len(hits)) + first + 1)
        length = min(relevant + of_liked, len(hits)) + longer
        best = (1 / np.log2(np.arange(length) + best_first + 1)).sum()
        return (gains[np.asarray(hits) == 1] if at_hits else gains).sum() / best

    return made


FROM_ZERO = "positions from 0, and log2(0 + 1) is 0, by which you divide. Count from 1: enumerate(hits, start=1), "
FROM_ZERO += "or np.arange(1, len(hits) + 1)."
OFF_BY_ONE = {  # what is off, in words and in numbers
    f"For the sum over hits, you count {FROM_ZERO}": {"first": 0},
    f"For the sum over hits, your loop counts {FROM_ZERO}": {"first": 0, "at_hits": True},
    f"In both sums, you count {FROM_ZERO}": {"first": 0, "best_first": 0, "at_hits": True},
    "Your best list counts its positions from 0, so that its first hit is divided by log2(1), which is 0. Count from "
    "1.": {"best_first": 0},
    "Your best list is one hit short: range(1, n) ends at n - 1.": {"longer": -1},
    "Your best list is one hit short: [:relevant] takes positions 0 to relevant - 1.": {"of_liked": -1},
    "Your best list has one hit too many.": {"longer": 1},
    "Your hits count one position too late: the first is worth 1 / log2(2). The best list is right.": {"first": 2},
}


def interval(one, other, drawn):
    """95% interval of the mean difference of two models, over samples of viewers drawn with replacement."""
    differences = one - other
    means = differences[drawn].mean(axis=1)
    return np.quantile(means, [0.025, 0.975])


def _means(one, other, drawn):
    return (one - other)[drawn].mean(axis=1)


def _around(means, deviations):
    """An interval by formula: so many standard deviations around the mean."""
    return means.mean() - deviations, means.mean() + deviations


def _scores_and_samples(rng):
    """Two models whose scores go together, and differ much for few viewers, so that wrong intervals show."""
    other = 5 * rng.random(30)
    return other + rng.exponential(size=30) ** 2 - 1, other, rng.integers(30, size=(4000, 30))


def first_films(scores, seen, k):
    """Places of the k best films that were not seen, best first."""
    allowed = np.where(seen, -np.inf, scores)
    return np.argsort(-allowed, kind="stable")[:k]


def _many_scores(rng):
    """So many that np.argpartition does not happen to sort them; one film was seen, so that none tie at -inf."""
    return rng.normal(size=1000) - 1, np.arange(1000) == rng.integers(1000), 400


def a_plan() -> dict:
    """Plan a test of a new list on real viewers: what changes, what is counted, for whom, and when it ends."""
    return {
        "change": "Half of the viewers get lists by EASE instead of the most popular films.",
        "metric": "share of visits in which a recommended film is watched to its end",
        "must not fall": "share of viewers who come back within a week",
        "viewers per group": 9_600,
        "ends": "After four whole weeks, no matter what the numbers say before.",
    }


WORDS = {"change": 4, "metric": 1, "must not fall": 1, "viewers per group": 0, "ends": 2}  # that a field needs
NEEDED = 9_600  # 16 p (1 - p) / d², for a share p of 0.6 and a difference d of 0.02
LEAST, MOST = 0.97 * NEEDED, 1.5 * NEEDED  # with a rounded 16 to a reserve for those who leave

COUNT = "one|two|three|four|five|six|seven|eight|nine|ten|twelve|fourteen|twenty|thirty|sixty|ninety"
ORDINAL = r"first|second|third|fourth|fifth|sixth|seventh|eighth|tenth|\d+(st|nd|rd|th)"
NUMBER = rf"\b(a|an|a couple of|{COUNT}|{ORDINAL}|\d+)"
DAY_OR_MONTH = "(0?[1-9]|[12]\\d|3[01])"  # no decimal such as 0.05
MONTH = "(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
FIXED = re.compile(  # a number of weeks, the week with a number, or a date
    rf"{NUMBER}\s*((whole|full|calendar|working|business)\s+)?(day|week|wk|month|year)s?\b|fortnight"
    rf"|\b(day|week|month)\s+({COUNT}|\d+)\b|\b{DAY_OR_MONTH}[./-]{DAY_OR_MONTH}\b|\b20\d\d\b"
    r"|\bend of (the|this|next) (week|month|quarter|year)\b"
    rf"|\bsample size\b|\b(of|in|by|until)\s+{MONTH}|\b\d{{1,2}}(st|nd|rd|th|\.)?\s+{MONTH}|\b{MONTH}[a-z]*\.?\s+\d",
    re.IGNORECASE,
)
COUNTED = re.compile(r"viewer|group|user|people|person|sample|visitor|each|both", re.IGNORECASE)
RULED_OUT = re.compile(r"\b(not(?! (before|until))|no|never|without|even (if|when)|whatever)\b[^,;.]*", re.IGNORECASE)
PEEKING = re.compile(
    r"(every|each) (day|hour|morning|week)|daily|\bfeel|\bp(-value)?\s*<"
    r"|as soon as(?! \d[\d,.k]* (viewer|user|people|visitor))"
    r"|\b(until|when|whenever|once) (we|i)\b"
    r"|(^if|\b(until|when|whenever|once)) [^,;.]*\b(significan|better|wins?\b|enough|ahead|good\b|best\b)",
    re.IGNORECASE,
)


def judge_plan(answer) -> str | None:
    """See that the plan is whole, and that its groups are large enough for the difference it looks for."""
    missing = fields_missing(answer, list(WORDS))
    if missing is not None:
        return missing
    asked = answer["viewers per group"]
    result = asked.rpartition("=")[2] if isinstance(asked, str) else asked  # of a whole calculation
    if isinstance(result, str) and re.fullmatch(r"[\d\s.()+-]+[*/][\d\s.()*/+-]+", result):
        return "A calculation in quotation marks is a text, and is not computed. Leave out the quotation marks."
    viewers = next(iter(counts_in(result)), None)
    if viewers is None or not viewers > 0:
        return "'viewers per group' is a number, such as 5,000."
    if viewers < LEAST:
        return (
            "That is too few: with groups this small, a true difference of 0.02 would often go unseen. Use the formula."
        )
    if viewers > MOST:
        times = viewers / NEEDED
        both = " Is it for both groups together?" if abs(times - 2) < 0.1 else ""
        return (
            f"That is {times:,.3g} times what the formula asks for.{both} Every viewer in a test may get the worse "
            f"list, "
            "so add no more than half."
        )
    texts = {field: least for field, least in WORDS.items() if least}
    figure = next((field for field in texts if not isinstance(answer[field], str)), None)
    if figure is not None:
        return trouble_with(figure, None, texts[figure])
    trouble = next(filter(None, (trouble_with(field, answer[field], least) for field, least in texts.items())), None)
    if trouble is not None:
        return trouble
    end = answer["ends"]
    if PEEKING.search(RULED_OUT.sub("", end)) or not (
        FIXED.search(end) or (COUNTED.search(end) and any(number > 1 for number in numbers_in(end)))
    ):
        return (
            "'ends' asks for an end that is fixed before the start: how many weeks or viewers, in figures, or a date. "
            "If you look every day and stop at the best moment, you find a difference where there is none."
        )
    return None


q1 = Exercise(
    "6.1",
    "Average precision",
    average_precision,
    inputs=[
        (np.array([1, 0, 1, 0, 0]), 3),
        (np.array([0, 0, 0, 0, 0]), 2),
        (np.array([1, 1, 1, 1, 1]), 8),
        (np.array([1, 0] * 10), 15),
    ],
    random_inputs=lambda rng: ((rng.random(10) < 0.4).astype(int), int(rng.integers(10, 20))),
    mistakes=[
        Mistake(
            "a plain share",
            "That is the share that was found, no matter at which position. Add up the precision at each hit.",
            lambda hits, relevant: np.sum(hits) / min(relevant, len(hits)),
        ),
        Mistake(
            "divided by the position twice",
            "You divided by the position twice: `precisions` holds the hits so far, already divided by it.",
            lambda hits, relevant: (
                (_precisions(hits) * hits / np.arange(1, len(hits) + 1)).sum() / min(relevant, len(hits))
            ),
        ),
        Mistake(
            "ten at most",
            "A list need not have ten films. Its length is len(hits).",
            lambda hits, relevant: (_precisions(hits) * hits).sum() / min(relevant, 10),
        ),
        Mistake(
            "not added up",
            "You have a number per position. Add them up.",
            lambda hits, relevant: _precisions(hits) * hits / min(relevant, len(hits)),
        ),
        Mistake(
            "the larger of both",
            "You divided by the larger of the two. Take the smaller: min(relevant, len(hits)).",
            lambda hits, relevant: (_precisions(hits) * hits).sum() / max(relevant, len(hits)),
        ),
        Mistake(
            "precision counted where there is no hit",
            "You added up the precision at every position. Only those with a hit count: multiply by hits.",
            lambda hits, relevant: _precisions(hits).sum() / min(relevant, len(hits)),
        ),
        Mistake(
            "precision at every place",
            "You took the precision at every position. Take it only where there is a hit.",
            lambda hits, relevant: _precisions(hits).mean(),
        ),
        Mistake(
            "precision at every place, over all liked films",
            "You added up the precision at every position. Multiply by hits first: only those with a hit count.",
            lambda hits, relevant: _precisions(hits).sum() / relevant,
        ),
        Mistake(
            "divided by the hits",
            "You divided by the number of hits. A list that finds one of ten liked films would be perfect then.",
            lambda hits, relevant: (_precisions(hits) * hits).sum() / max(1, np.sum(hits)),
        ),
        Mistake(
            "divided by the hits, even by none",
            "You divided by the number of hits: NaN where there are none, and perfect where one of ten is found.",
            lambda hits, relevant: (_precisions(hits) * hits).sum() / np.sum(hits),
        ),
        Mistake(
            "divided by the length of the list",
            "You divided by the length of the list, so somebody with few liked films never gets 1. Divide by what "
            "could "
            "be found.",
            lambda hits, relevant: (_precisions(hits) * hits).sum() / len(hits),
        ),
        Mistake(
            "hits as positions",
            "As an index, the 0 and 1 in hits are positions: you took the first two precisions again and again. "
            "Multiply "
            "by hits instead.",
            lambda hits, relevant: _precisions(hits)[np.asarray(hits)].sum() / min(relevant, len(hits)),
        ),
        Mistake(
            "not divided",
            "That is the sum of the precisions. Divide it by as many hits as there could be.",
            lambda hits, relevant: (_precisions(hits) * hits).sum(),
        ),
        Mistake(
            "relevant taken for a list",
            "`relevant` is a number, the n of the formula: how many films the viewer liked.",
            lambda hits, relevant: len(relevant),
        ),
        Mistake(
            "divided by all liked films",
            "Only as many as fit into the list can be found: divide by min(relevant, len(hits)). "
            "(trec_eval divides by all; say which, whenever you quote a MAP.)",
            lambda hits, relevant: (_precisions(hits) * hits).sum() / relevant,
        ),
        *(
            Mistake(
                message,
                message,
                lambda hits, relevant, off=off: (_precisions(hits, *off) * hits).sum() / min(relevant, len(hits)),
            )
            for message, off in {
                "The precision at the first position divides by 1. Count positions from 1.": (0, 0),
                "You divided each precision by one too many: the first position is 1, not 2.": (0, 2),
                "The hit itself is missing from its precision: hits[:place] ends before `place`.": (-1, 1),
                "You counted hits before the position only, and positions from 0: take i + 1 both times.": (-1, 0),
            }.items()
        ),
        Mistake(
            "from the end",
            "You went through the list from its end. hits[0] is the first position, and the best film.",
            lambda hits, relevant: average_precision(hits[::-1], relevant),
        ),
        Mistake(
            "the last position left out",
            "The last position is missing: range(1, n) ends at n - 1, and so does [:-1].",
            lambda hits, relevant: average_precision(np.append(hits[:-1], 0), relevant),
        ),
        Mistake(
            "the first position left out",
            "The first position is missing: hits[0] counts, too.",
            lambda hits, relevant: (_precisions(hits) * hits)[1:].sum() / min(relevant, len(hits)),
        ),
        Mistake(
            "one hit at each place",
            "You added up 1 / position. The precision at a hit counts all hits so far: np.cumsum(hits) / positions.",
            lambda hits, relevant: (hits / np.arange(1, len(hits) + 1)).sum() / min(relevant, len(hits)),
        ),
        Mistake(
            "the first hit only",
            "Only the first hit counts in your answer. Is the return inside the loop?",
            lambda hits, relevant: _precisions(hits)[np.argmax(hits)] * max(hits) / min(relevant, len(hits)),
        ),
        Mistake(
            "the reciprocal rank",
            "That is 1 over the position of the first hit, the reciprocal rank. Here every hit counts.",
            lambda hits, relevant: max(hits) / (np.argmax(hits) + 1),
        ),
        Mistake(
            "precision",
            "That is the precision of the whole list. Take the precision at each hit, and the mean of these.",
            lambda hits, relevant: np.mean(hits),
        ),
        Mistake(
            "recall",
            "That is the recall, no matter at which position. Add up the precision at each hit.",
            lambda hits, relevant: np.sum(hits) / relevant,
        ),
        Mistake(
            "whole numbers",
            "`//` throws the fraction away. Divide with /.",
            lambda hits, relevant: (_precisions(hits) * hits).sum() // min(relevant, len(hits)),
        ),
    ],
    hints=[
        "Only the positions with a hit count: multiply by hits, and add up.",
        "relevant is n, a number. A list of len(hits) films can find at most min(relevant, len(hits)) of them.",
        "(precisions * hits).sum() / min(relevant, len(hits))",
    ],
    praise="Its mean over viewers is MAP.",
)


q2 = Exercise(
    "6.2",
    "NDCG",
    ndcg,
    inputs=[
        (np.array([1, 0, 1, 0, 0]), 3),
        (np.array([0, 1, 0]), 2),
        (np.array([1, 1, 0]), 8),
        (np.ones(12, dtype=int), 15),
        (np.array([0, 1] * 6), 15),
        (np.zeros(4, dtype=int), 2),
    ],
    random_inputs=lambda rng: ((rng.random(10) < 0.4).astype(int), int(rng.integers(5, 20))),
    mistakes=[
        Mistake(
            "not added up",
            "You have a number per position. Add them up.",
            lambda hits, relevant: (
                hits
                / np.log2(np.arange(2, len(hits) + 2))
                / (1 / np.log2(np.arange(2, min(relevant, len(hits)) + 2))).sum()
            ),
        ),
        Mistake(
            "multiplied by the logarithm",
            "You multiplied by the logarithm, so late hits are worth more. Divide by it.",
            lambda hits, relevant: (
                (hits * np.log2(np.arange(2, len(hits) + 2))).sum()
                / np.log2(np.arange(2, min(relevant, len(hits)) + 2)).sum()
            ),
        ),
        Mistake(
            "ten at most",
            "A list need not have ten films, and the best one is as long as this one: len(hits).",
            lambda hits, relevant: _gain(hits) / _gain(np.ones(10)[:relevant]),
        ),
        Mistake(
            "divided by the length of the list",
            "You divided by the length of the list. Divide by what the best list would be worth.",
            lambda hits, relevant: (hits / np.log2(np.arange(2, len(hits) + 2))).sum() / len(hits),
        ),
        Mistake(
            "logarithm of the place",
            "At the first position log2(1) is 0, and you divide by it. A hit at position p is worth 1 / log2(p + 1).",
            lambda hits, relevant: (
                (hits / np.log2(np.arange(1, len(hits) + 1))).sum()
                / (1 / np.log2(np.arange(1, min(relevant, len(hits)) + 1))).sum()
            ),
        ),
        Mistake(
            "one position too far",
            "Your first hit is worth less than 1. Positions count from 1, so it is worth 1 / log2(2).",
            lambda hits, relevant: (
                (hits / np.log2(np.arange(3, len(hits) + 3))).sum()
                / (1 / np.log2(np.arange(3, min(relevant, len(hits)) + 3))).sum()
            ),
        ),
        Mistake(
            "divided by the number of liked films",
            "You divided by how many hits there could be. Divide by what they would be worth, each at its position.",
            lambda hits, relevant: (hits / np.log2(np.arange(2, len(hits) + 2))).sum() / min(relevant, len(hits)),
        ),
        Mistake(
            "divided by all liked films",
            "You divided by the number of liked films. Divide by what the best list is worth, hit by hit.",
            lambda hits, relevant: (hits / np.log2(np.arange(2, len(hits) + 2))).sum() / relevant,
        ),
        *(Mistake(f"off by one: {off}", message, _off_by_one(**off)) for message, off in OFF_BY_ONE.items()),
        Mistake(
            "division by zero",
            "log2(1) is 0, and you divide by it: do your positions start at 0? Count them from 1.",
            lambda hits, relevant: 1 / math.log2(1),
        ),
        Mistake(
            "the first position left out",
            "The loop begins with the second position: hits[0] is the first, and is worth 1 / log2(2).",
            lambda hits, relevant: ndcg(np.append(hits[1:], 0), relevant),
        ),
        Mistake(
            "the last position left out",
            "The last position is missing: range(1, n) ends at n - 1.",
            lambda hits, relevant: ndcg(np.append(hits[:-1], 0), relevant),
        ),
        Mistake(
            "not normalized",
            "That is the gain. Divide it by the gain of the best list, so that 1 is perfect for everybody.",
            lambda hits, relevant: (hits / np.log2(np.arange(2, len(hits) + 2))).sum(),
        ),
        Mistake(
            "the best list too long",
            "The best list has at most `relevant` hits, but you gave it one at every position.",
            lambda hits, relevant: (
                (hits / np.log2(np.arange(2, len(hits) + 2))).sum() / (1 / np.log2(np.arange(2, len(hits) + 2))).sum()
            ),
        ),
        Mistake(
            "the best list longer than the list",
            "Your best list has all the liked films, even when they do not fit: it is only as long as hits.",
            lambda hits, relevant: (
                (hits / np.log2(np.arange(2, len(hits) + 2))).sum() / (1 / np.log2(np.arange(2, relevant + 2))).sum()
            ),
        ),
        Mistake(
            "one over the place",
            "You made a hit at position p worth 1 / p. It is worth 1 / log2(p + 1): late hits still count.",
            lambda hits, relevant: (
                (hits / np.arange(1, len(hits) + 1)).sum() / (1 / np.arange(1, min(relevant, len(hits)) + 1)).sum()
            ),
        ),
        Mistake(
            "divided by the hits",
            "A list without hits gives NaN, 0 divided by 0: you compared with the best order of the hits in this list. "
            "Compare with the best list there could be.",
            _by_its_own_best_order,
        ),
        Mistake(
            "divided by the hits, if any",
            "You compared with the best order of the hits in this list. Compare with the best list there could be.",
            lambda *given: np.nan_to_num(_by_its_own_best_order(*given)),
        ),
    ],
    hints=[
        "worth = 1 / np.log2(np.arange(2, len(hits) + 2)) is what a hit at each position is worth.",
        "The best list has hits at its first min(relevant, len(hits)) positions.",
        "(hits * worth).sum() / worth[: min(relevant, len(hits))].sum()",
    ],
    praise="This is the number by which the course compares models.",
)

q3 = Exercise(
    "6.3",
    "More than chance?",
    interval,
    inputs=[_scores_and_samples(np.random.default_rng(6))],
    random_inputs=_scores_and_samples,
    tolerance=0.02,  # quantiles are computed in nine ways; of so many samples, all are nearer to each other
    mistakes=[
        Mistake(
            "two intervals subtracted",
            "You made an interval for each model and subtracted them. Subtract viewer by viewer first, then draw.",
            lambda one, other, drawn: (
                np.quantile(one[drawn].mean(axis=1), [0.025, 0.975])
                - np.quantile(other[drawn].mean(axis=1), [0.025, 0.975])
            ),
        ),
        Mistake(
            "sums instead of means",
            "Those are the sums of the samples. Take their means.",
            lambda one, other, drawn: np.quantile((one - other)[drawn].sum(axis=1), [0.025, 0.975]),
        ),
        Mistake(
            "the means themselves",
            "Those are the means of all samples. The interval is two numbers: their quantiles 0.025 and 0.975.",
            lambda one, other, drawn: _means(one, other, drawn),
        ),
        Mistake(
            "the mean alone",
            "That is the mean. The interval is two numbers: the quantiles 0.025 and 0.975 of the means of the samples.",
            lambda one, other, drawn: (one - other)[drawn].mean(),
        ),
        Mistake(
            "one mean of everything",
            "Both ends are the same: you took one mean of everything. Each row of `drawn` needs one: .mean(axis=1).",
            lambda one, other, drawn: np.quantile((one - other)[drawn].mean(), [0.025, 0.975]),
        ),
        Mistake(
            "5% on each side",
            "You left out 5% on each side, which is a 90% interval. Leave out 2.5%.",
            lambda one, other, drawn: np.quantile(_means(one, other, drawn), [0.05, 0.95]),
        ),
        Mistake(
            "0.5% on each side",
            "You left out 0.5% on each side, which is a 99% interval. Leave out 2.5%.",
            lambda one, other, drawn: np.quantile(_means(one, other, drawn), [0.005, 0.995]),
        ),
        Mistake(
            "not sorted",
            "The means stand in the order of the samples. Sort them before you take the ends, or use np.quantile.",
            lambda one, other, drawn: _means(one, other, drawn)[[len(drawn) // 40, len(drawn) * 39 // 40]],
        ),
        Mistake(
            "medians",
            "You took the median of each sample. Take its mean: .mean(axis=1).",
            lambda one, other, drawn: np.quantile(np.median((one - other)[drawn], axis=1), [0.025, 0.975]),
        ),
        Mistake(
            "divided instead of subtracted",
            "You divided one model by the other. Subtract: how much better is the first?",
            lambda one, other, drawn: np.quantile(one[drawn].mean(axis=1) / other[drawn].mean(axis=1), [0.025, 0.975]),
        ),
        Mistake(
            "the width",
            "That is the width of the interval. Return its two ends.",
            lambda one, other, drawn: np.ptp(interval(one, other, drawn)),
        ),
        Mistake(
            "divided by the root once more",
            "You divided the spread of the means by a root. The means of samples spread as little as they should: take "
            "their quantiles.",
            lambda one, other, drawn: _around(
                _means(one, other, drawn), 1.96 * _means(one, other, drawn).std() / len(drawn) ** 0.5
            ),
        ),
        Mistake(
            "the formula with n - 1",
            "That is the interval by formula, even with n - 1 (ddof=1). Here the samples tell: take the quantiles of "
            "their means.",
            lambda one, other, drawn: _around(one - other, 1.96 * (one - other).std(ddof=1) / len(one) ** 0.5),
        ),
        Mistake(
            "two deviations",
            "That is the mean and two standard deviations on each side. Ask the samples: the quantiles 0.025 and 0.975 "
            "of their means.",
            lambda one, other, drawn: _around(_means(one, other, drawn), 2 * _means(one, other, drawn).std()),
        ),
        Mistake(
            "one model only",
            "That is an interval of the first model alone. Subtract the second, viewer by viewer.",
            lambda one, other, drawn: np.quantile(one[drawn].mean(axis=1), [0.025, 0.975]),
        ),
        Mistake(
            "not paired",
            "You drew viewers for each model separately. Both models served the same viewers: draw the differences.",
            lambda one, other, drawn: np.quantile(
                one[drawn].mean(axis=1) - other[drawn[::-1]].mean(axis=1), [0.025, 0.975]
            ),
        ),
        Mistake(
            "spread of viewers",
            "That is the range of single viewers. Ask for the means of the samples: .mean(axis=1) first.",
            lambda one, other, drawn: np.quantile((one - other)[drawn], [0.025, 0.975]),
        ),
        Mistake(
            "samples left out",
            "You took single viewers, without the samples. differences[drawn] has one sample per row: take its means.",
            lambda one, other, drawn: np.quantile(one - other, [0.025, 0.975]),
        ),
        Mistake(
            "percentiles of 0.025",
            "np.percentile counts in percent: 2.5 and 97.5. np.quantile takes 0.025 and 0.975.",
            lambda one, other, drawn: np.percentile(_means(one, other, drawn), [0.025, 0.975]),
        ),
        Mistake(
            "both quantiles as arguments",
            "np.quantile takes both in one list, [0.025, 0.975]: its third argument is something else.",
            lambda one, other, drawn: np.quantile(
                _means(one, other, drawn),
                0.025,
                0.975,  # type: ignore[call-overload]
            ),
        ),
        Mistake(
            "a quarter at the lower end",
            "0.25 is a quarter. The lower end is the quantile 0.025.",
            lambda one, other, drawn: np.quantile(_means(one, other, drawn), [0.25, 0.975]),
        ),
        Mistake(
            "a quarter on each side",
            "That is the middle half: you left out a quarter on each side. Leave out 2.5%: 0.025 and 0.975.",
            lambda one, other, drawn: np.quantile(_means(one, other, drawn), [0.25, 0.75]),
        ),
        Mistake(
            "positions instead of scores",
            "`drawn` holds positions of viewers, not scores. (one - other)[drawn] holds their differences.",
            lambda one, other, drawn: np.quantile(drawn, [0.025, 0.975]),
        ),
        Mistake(
            "two deviations of single viewers",
            "That is where single viewers are. The mean of many viewers varies less: ask the samples for their means.",
            lambda one, other, drawn: _around(one - other, 1.96 * (one - other).std()),
        ),
        Mistake(
            "means of positions",
            "`drawn` holds positions of viewers, and you took their means. Their scores are (one - other)[drawn].",
            lambda one, other, drawn: np.quantile(drawn.mean(axis=1), [0.025, 0.975]),
        ),
        Mistake(
            "the formula with the root of n",
            "That is the interval by formula, from the normal distribution. Here the samples tell: take the quantiles "
            "of their means.",
            lambda one, other, drawn: (
                (one - other).mean() + np.array([-1.96, 1.96]) * (one - other).std() / len(one) ** 0.5
            ),
        ),
        Mistake(
            "mean plus and minus two deviations",
            "That is the interval of a normal distribution. Ask the samples themselves: the quantiles 0.025 and 0.975 "
            "of their means.",
            lambda one, other, drawn: (
                _means(one, other, drawn).mean() + np.array([-1.96, 1.96]) * _means(one, other, drawn).std()
            ),
        ),
        Mistake(
            "the least and the most",
            "That is the whole range of the means. Leave out 2.5% on each side: the quantiles 0.025 and 0.975.",
            lambda one, other, drawn: np.quantile(_means(one, other, drawn), [0, 1]),
        ),
        Mistake(
            "mean over the samples",
            "You averaged over the samples (axis 0). Each row of `drawn` is one sample: average along it (axis 1).",
            lambda one, other, drawn: np.quantile((one - other)[drawn].mean(axis=0), [0.025, 0.975]),
        ),
        Mistake(
            "the other way round",
            "The sign is reversed: how much better is the first than the second?",
            lambda one, other, drawn: np.quantile((other - one)[drawn].mean(axis=1), [0.025, 0.975]),
        ),
    ],
    hints=[
        "differences = one - other holds one number per viewer.",
        "differences[drawn] has one row per sample; .mean(axis=1) gives the mean of each.",
        "np.quantile(means, [0.025, 0.975])",
    ],
    asks="The ends are what np.quantile gives at 0.025 and 0.975 for the means of the samples.",
    praise="If the interval does not contain 0, the difference is unlikely to be chance.",
)

q4 = Exercise(
    "6.4",
    "The hunt",
    first_films,
    inputs=[
        (np.array([-0.2, -0.9, 0.4, -0.1, 0.3]), np.array([False, False, True, False, False]), 3),
        (np.array([-3.0, -1.0, -2.0, -4.0]), np.array([False, True, False, False]), 2),
        (np.array([-3e12, -1e12, -2e12, -4e12]), np.array([False, True, False, False]), 3),
        (np.array([-4e12, -2e12, -1e12, -3e12]), np.array([False, False, True, False]), 3),  # seen after the worst
        (np.array([0.5, 0.2, 0.5]), np.array([True, False, False]), 2),
    ],
    random_inputs=_many_scores,
    mistakes=[
        Mistake(
            "filtered after the cut",
            "You cut at k first and then filtered, so too few are left. Take seen films out before you cut.",
            lambda scores, seen, k: [int(place) for place in np.argsort(-scores, kind="stable")[:k] if not seen[place]],
        ),
        Mistake(
            "not cut",
            "That is everything. Keep the first k.",
            lambda scores, seen, k: np.argsort(-np.where(seen, -np.inf, scores), kind="stable"),
        ),
        Mistake(
            "the size of the score",
            "You sorted by the size of the scores, without their sign. A negative score is a low one.",
            lambda scores, seen, k: np.argsort(-np.where(seen, -np.inf, np.abs(scores)), kind="stable")[:k],
        ),
        Mistake(
            "one too many",
            "That is one film too many: [:k] holds positions 0 to k - 1, which are k films.",
            lambda scores, seen, k: first_films(scores, seen, k + 1),
        ),
        Mistake(
            "the best one skipped",
            "You left out the best film. Here the first place is no film itself: start the slice at 0, [:k].",
            lambda scores, seen, k: first_films(scores, seen, k + 1)[1:],
        ),
        Mistake(
            "infinity for seen films",
            "Films that were seen come first: infinity is the best of all scores, and np.argsort puts NaN after it. "
            "Give them -np.inf.",
            lambda scores, seen, k: np.argsort(-np.where(seen, np.inf, scores), kind="stable")[:k],
        ),
        Mistake(
            "the best one alone",
            "That is the best film alone. Return k of them: np.argsort.",
            lambda scores, seen, k: np.argmax(np.where(seen, -np.inf, scores)),
        ),
        Mistake(
            "the mask on the sorted list",
            "seen[i] is about film i, and your list is sorted by score. Ask for each film in it: order[~seen[order]].",
            lambda scores, seen, k: np.argsort(-scores, kind="stable")[~seen][:k],
        ),
        Mistake(
            "ranks",
            "Those are ranks: at which place each film stands. Sort once, and return the first k positions.",
            lambda scores, seen, k: np.argsort(first_films(scores, seen, len(scores)))[:k],
        ),
        Mistake(
            "a mask",
            "That is a mask, True for the films. Return their positions, best first.",
            lambda scores, seen, k: np.isin(np.arange(len(scores)), first_films(scores, seen, k)),
        ),
        Mistake(
            "worst first",
            "Your list begins with the worst: np.argsort sorts in ascending order. Sort the negative scores.",
            lambda scores, seen, k: np.argsort(np.where(seen, np.inf, scores), kind="stable")[:k],
        ),
        Mistake(
            "a very small number",
            "Whatever number you give to seen films, a score may be smaller still. Nothing is smaller than -np.inf.",
            lambda scores, seen, k: np.argsort(-np.where(seen, -999, scores), kind="stable")[:k],
        ),
        Mistake(
            "scores instead of positions",
            "Those are scores. Return the positions of these films: np.argsort.",
            lambda scores, seen, k: np.sort(np.where(seen, -np.inf, scores))[::-1][:k],
        ),
        Mistake(
            "seen films scored 0",
            "Films that were seen are still there: with negative scores around, 0 is a good one. Give them -np.inf.",
            lambda scores, seen, k: np.argsort(-np.where(seen, 0, scores), kind="stable")[:k],
        ),
        Mistake(
            "seen films scored -1",
            "Scores may be far below -1. Only -np.inf is below all of them: give it to the films that were seen.",
            lambda scores, seen, k: np.argsort(-np.where(seen, -1, scores), kind="stable")[:k],
        ),
        Mistake(
            "best last",
            "These are the right films, but the best comes last. Reverse the list.",
            lambda scores, seen, k: np.argsort(np.where(seen, -np.inf, scores), kind="stable")[-k:],
        ),
        Mistake(
            "seen films kept",
            "Films that were seen come back. They cannot be hits: give them -np.inf before you sort.",
            lambda scores, seen, k: np.argsort(-scores, kind="stable")[:k],
        ),
        Mistake(
            "only seen films",
            "You kept the seen films, and left out the rest: the mask is inverted.",
            lambda scores, seen, k: np.argsort(-np.where(seen, scores, -np.inf), kind="stable")[:k],
        ),
        Mistake(
            "the mask inverted",
            "The mask is inverted: give -np.inf to the films that were seen, not to the others.",
            lambda scores, seen, k: np.argsort(-np.where(seen, scores, -np.inf))[:k],
        ),
        Mistake(
            "the mask inverted, and reversed",
            "You gave -np.inf to the films that were not seen: the mask is inverted.",
            lambda scores, seen, k: np.argsort(np.where(seen, scores, -np.inf))[::-1][:k],
        ),
        Mistake(
            "one bug mended by half",
            "[-k:] finds the highest scores, but the best comes last. And seen films still get 0, a good score here.",
            lambda scores, seen, k: np.argsort(scores * ~seen)[-k:],
        ),
        Mistake(
            "looked for among True and False",
            "`film in seen` looks for a number among True and False. Whether a film was seen is seen[film].",
            lambda scores, seen, k: [film for film in np.argsort(-scores, kind="stable").tolist() if film not in seen][
                :k
            ],
        ),
        Mistake(
            "the lowest score",
            "With the lowest of all scores, a seen film ties with the worst of the others. Nothing ties with -np.inf.",
            lambda scores, seen, k: np.argsort(np.where(seen, scores.min(), scores), kind="stable")[::-1][:k],
        ),
        Mistake(
            "always ten",
            "You keep ten films. Keep k.",
            lambda scores, seen, k: first_films(scores, seen, 10),
        ),
        Mistake(
            "seen films first",
            "np.argsort sorts in ascending order, so films with -np.inf come first. Sort the negative scores.",
            lambda scores, seen, k: np.argsort(np.where(seen, -np.inf, scores), kind="stable")[:k],
        ),
        Mistake(
            "positions among the unseen",
            "scores[~seen] is shorter, so its positions name other films. Keep the length: give seen films -np.inf.",
            lambda scores, seen, k: np.argsort(-scores[~seen], kind="stable")[:k],
        ),
    ],
    hints=[
        "The two bugs: the direction in which argsort sorts, and the score that a seen film gets.",
        "np.where(seen, -np.inf, scores) takes seen films out of the running.",
        "np.argsort(-allowed)[:k]",
    ],
    praise="Whenever a model is below random, look for such a line first.",
)

q5 = Exercise(
    "6.5",
    "Plan an A/B test",
    a_plan,
    judge=judge_plan,
    asks="Answer with all five fields. The change that half of the viewers get needs 4 words or more. The viewers per "
    "group should be the formula's number, or up to 50% more. The end, fixed before the start, needs 2 words or more: "
    "a number of weeks, a date, or a number of viewers.",
    rubric=[
        "Would somebody else, reading only your plan, come to the same verdict?",
        "What would you do if the metric rose, but the thing that must not fall fell?",
        "Who could be harmed while it runs?",
    ],
    mistakes=[
        Mistake("too few viewers", "too few", lambda: {**a_plan(), "viewers per group": 500}),
        Mistake("far too many", "104 times", lambda: {**a_plan(), "viewers per group": 1_000_000}),
        Mistake("both groups", "both groups together", lambda: {**a_plan(), "viewers per group": 19_200}),
        Mistake("the difference", "'change' asks for 4 words", lambda: {**a_plan(), "change": 0.02}),
        Mistake("a feeling", "If you look every day", lambda: {**a_plan(), "ends": "1 week after I feel like it"}),
        Mistake("a field left out", "is a dictionary with", lambda: {"change": "EASE instead of popularity"}),
        Mistake("no guard", "say the same", lambda: {**a_plan(), "must not fall": a_plan()["metric"]}),
        Mistake("an open end", "fixed before the start", lambda: {**a_plan(), "ends": "we look every day"}),
        Mistake("filler", "again and again", lambda: {**a_plan(), "change": "a change " * 9}),
        Mistake("no number", "is a number", lambda: {**a_plan(), "viewers per group": "many"}),
    ],
    hints=[
        "Decide on the metric and the end before the start. If you look every day and stop at the best moment, you "
        "fool yourself.",
        "With p = 0.6 and d = 0.02 the formula 16 p (1 - p) / d² gives the viewers in each group.",
        "What must not fall is something that a list which wins on the metric could still harm.",
    ],
    praise="The result of such a test is worth believing, whichever way it goes.",
)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "6.A",
            "Cold start",
            "What is cold start?",
            right="recommending a film without ratings, or recommending to a viewer who has given none",
            wrong={
                "the first search after the computer starts": "The word is about ratings, not about computers.",
                "a model that was trained too briefly": "More training would not help: there is nothing to learn from.",
            },
            hint="What does a learned vector come from?",
        ),
        predict(
            "6.B",
            "A hit rate",
            """
            hits = [[0, 1, 0], [0, 0, 0], [1, 1, 0], [0, 0, 1]]
            sum(any(row) for row in hits) / len(hits)
            """,
            wrong={
                0.33: "That is the share of positions with a hit. Count the lists that have one.",
                1.0: "You divided the number of hits by the number of lists. A list counts once.",
            },
            hint="Three of the four lists hold a hit.",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        finish(
            "6.C",
            "What a hit is worth",
            "Replace ___ with the discount of NDCG.",
            """
            import math
            def dcg(hits):
                return sum(hit / ___ for place, hit in enumerate(hits, start=1))
            """,
            right="math.log2(place + 1)",
            wrong={
                "place": "That falls much faster. The discount of NDCG is a logarithm.",
                "math.log(place + 1)": "The natural logarithm? With base 2, a hit at position 1 is worth exactly 1.",
                "math.log2(place)": "The logarithm of 1 is 0, and you cannot divide by it.",
            },
            inputs=[([1, 0, 1],), ([0, 1, 1, 1],)],
            hint="At position 1 a hit is worth 1, at position 3 it is worth a half.",
        ),
        find_bug(
            "6.D",
            "What was seen",
            """
            import numpy as np
            def first_films(scores, seen, k):
                allowed = np.where(seen, 0, scores)
                order = np.argsort(-allowed)
                return order[:k].tolist()
            """,
            line=3,
            fixed="    allowed = np.where(seen, -np.inf, scores)",
            shown="first_films(np.array([-1.0, -2.0, -3.0]), np.array([True, False, False]), 2)",
            wrong={
                4: "The minus sorts the best first, which is right.",
                5: "k of them, best first: that is what was asked for.",
            },
            hint="A film that was seen must not be in the list. Where does a 0 end up among negative scores?",
        ),
        choose(
            "6.E",
            "Two intervals that overlap",
            "The intervals of two models overlap. Are the models equally good?",
            right="open: compare them viewer by viewer, and look at the interval of the difference",
            wrong={
                "yes, the difference is chance": "Both models served the same viewers, so it may be more than chance.",
                "no, the higher mean is better": "The means alone do not say how much may be chance.",
            },
            hint="A viewer who is hard for one model is hard for the other.",
        ),
    ],
)
