"""Exercises of notebook 07, Scale out."""

from __future__ import annotations

import re

import numpy as np

from helpers.exercises.checker import Exercise, Mistake, make_progress
from helpers.exercises.kinds import Quiz, choose, finish, order, predict
from helpers.exercises.texts import counts_in, fields_missing, numbers_in, trouble_with
from helpers.exercises.typed import value_of
from helpers.scale.capacity import vector_bytes

FIELDS = ["texts", "changes", "engine", "memory", "first to fail"]
WORDS = {"texts": 1, "changes": 1, "engine": 3, "memory": 1, "first to fail": 3}  # that a field needs
LEAST_BYTES, MOST_BYTES = 16, 1e6  # of a text: one bit for each of 128 numbers, and more than any text and its vectors


def gigabytes(vectors, dimensions, bits):
    """Compute the memory of so many vectors, in gigabytes (a billion bytes each)."""
    return vectors * dimensions * bits / 8 / 1e9


def to_bytes(vectors):
    """Codes of one byte per number, and the step that each column's codes stand for."""
    step = np.abs(vectors).max(axis=0) / 127
    return np.round(vectors / step).astype(np.int8), step


def with_flat_steps(answer):
    """Codes and steps, where the steps may have come as a row of a matrix (keepdims=True)."""
    if isinstance(answer, (list, tuple)) and len(answer) == 2 and np.ndim(answer[1]) == 2 and len(answer[1]) == 1:
        return answer[0], np.ravel(answer[1])
    return answer


def merge(answers, k):
    """Ids of the k best of what all shards answered, best first; an answer is (ids, similarities)."""
    ids = np.concatenate([ids for ids, _ in answers])
    similarities = np.concatenate([similarities for _, similarities in answers])
    return ids[np.argsort(-similarities, kind="stable")[:k]].tolist()


def complete(shards, copies, failed):
    """Probability that every shard has a live copy, if each machine is down with probability `failed`."""
    return (1 - failed**copies) ** shards


def a_plan() -> dict:
    """Plan an engine for a catalog of one's own."""
    return {
        "texts": "2,000,000 product descriptions, of which half are out of stock",
        "changes": "8,000 a day, at night",
        "engine": "one Milvus server; no cluster, since it fits on one machine twice over",
        "memory": "3.6 GB with its graph, on a machine of 16 GB",
        "first to fail": "encoding again after a change of model: 6 hours on one machine, so it is done in pieces",
    }


def judge_plan(answer) -> str | None:
    """Look at whether a plan has its numbers, and whether they fit together."""
    missing = fields_missing(answer, FIELDS)
    if missing is not None:
        return missing
    for field in ("texts", "memory"):
        if not any(number > 0 for number in numbers_in(answer[field])):
            return f"'{field}' needs a number above 0."
    if not re.search(r"[kMGT]i?B\b|byte", str(answer["memory"]), re.IGNORECASE):
        return "Give the memory in MB or GB, so that it can be compared with a machine."
    odd = _bytes_a_text(answer)
    if odd is not None:
        return (
            f"'memory' and 'texts' do not fit together: {odd:,.3g} bytes a text. 7.1 gives the memory of the vectors."
        )
    fixed = re.match(r"\s*(never|none|nothing|not?)\b", str(answer["changes"]), re.IGNORECASE)  # a catalog may be
    asked = [field for field in FIELDS if field != "changes" or not fixed]
    return next(filter(None, (trouble_with(field, answer[field], WORDS[field]) for field in asked)), None)


def _bytes_a_text(answer: dict) -> float | None:
    """How many bytes a plan has for each text, where that cannot be; None where it can, or where it is not clear."""
    memory = value_of(answer["memory"], several=False)  # in gigabytes
    texts = [number for number in counts_in(answer["texts"]) if number]
    if not isinstance(memory, float):
        return None
    most, least = 1e9 * memory / min(texts), 1e9 * memory / max(texts)
    if most < LEAST_BYTES:
        return most
    return least if memory > 64 and max(texts) > 1000 and least > MOST_BYTES else None


def _answers(rng):
    """So many ids that np.argpartition does not happen to sort them."""
    ids, cut = rng.permutation(1000), sorted(rng.choice(np.arange(1, 1000), 2, replace=False))
    similarities = rng.permutation(1000) / 1000
    parts = np.split(np.arange(1000), cut)
    ordered = [part[np.argsort(-similarities[part])] for part in parts]
    return [(ids[part], similarities[part]) for part in ordered], int(rng.integers(400, 600))


SHARDS = [
    (np.array([4, 9]), np.array([0.9, 0.5])),
    (np.array([2, 7]), np.array([0.8, 0.7])),
    (np.array([1]), np.array([0.6])),
]

q1 = Exercise(
    "7.1",
    "How much memory?",
    gigabytes,
    inputs=[(10**6, 384, 32), (2 * 10**6, 384, 8), (15_000, 768, 1)],
    random_inputs=lambda rng: (int(rng.integers(10**4, 10**6)), int(rng.choice([128, 384, 1024])), 32),
    mistakes=[
        Mistake(
            "bytes",
            "Those are bytes. A gigabyte is 10 to the power of 9 of them.",
            lambda vectors, dimensions, bits: vectors * dimensions * bits / 8,
        ),
        Mistake(
            "multiplied by eight",
            "You multiplied by 8. A byte has 8 bits, so there are fewer bytes than bits: divide.",
            lambda vectors, dimensions, bits: vectors * dimensions * bits * 8 / 1e9,
        ),
        Mistake(
            "bits left out",
            "Four bytes is right for 32 bits. Use `bits`, which may be 8, or 1.",
            lambda vectors, dimensions, bits: vectors * dimensions * 4 / 1e9,
        ),
        Mistake(
            "whole bytes only",
            "`//` throws the fraction away: one bit per number becomes nothing. Divide with /.",
            lambda vectors, dimensions, bits: vectors * dimensions * (bits // 8) / 1e9,
        ),
        Mistake(
            "10e9",
            "10e9 is ten times as large as 1e9.",
            lambda vectors, dimensions, bits: vectors * dimensions * bits / 8 / 10e9,
        ),
        Mistake(
            "the dimensions of this course",
            "You wrote 384. Use `dimensions`, which may be another number.",
            lambda vectors, dimensions, bits: vectors * 384 * bits / 8 / 1e9,
        ),
        Mistake(
            "bits taken for bytes",
            "That is eight times too much: a byte has 8 bits.",
            lambda vectors, dimensions, bits: vectors * dimensions * bits / 1e9,
        ),
        Mistake(
            "one number a vector",
            "A vector has as many numbers as it has dimensions.",
            lambda vectors, dimensions, bits: vectors * bits / 8 / 1e9,
        ),
        Mistake(
            "megabytes",
            "Those are megabytes: divide by 10 to the power of 9.",
            lambda vectors, dimensions, bits: vectors * dimensions * bits / 8 / 1e6,
        ),
        Mistake(
            "gibibytes",
            "You divided by 1024 three times: those are gibibytes. Machines are sold in those; here, the answer is "
            "in gigabytes.",
            lambda vectors, dimensions, bits: vectors * dimensions * bits / 8 / 1024**3,
        ),
    ],
    hints=[
        "Numbers in all: vectors * dimensions.",
        "A number of 32 bits has 32 / 8 bytes.",
        "vectors * dimensions * bits / 8 / 1e9",
    ],
    praise=f"One vector of this course has {vector_bytes():,.0f} bytes. Keep that number: it is most of every plan.",
)

q2 = Exercise(
    "7.2",
    "One byte per number",
    to_bytes,
    form=with_flat_steps,
    inputs=[(np.array([[0.5, -0.021, 0.1], [-0.24, 0.04, 0.1]]),)],
    random_inputs=lambda rng: (rng.normal(size=(6, 4)),),
    mistakes=[
        Mistake(
            "codes only",
            "Those are the codes. Return the steps, too: codes, step.",
            lambda vectors: to_bytes(vectors)[0],
        ),
        Mistake(
            "exchanged",
            "Return the codes first, then the steps.",
            lambda vectors: to_bytes(vectors)[::-1],
        ),
        Mistake(
            "multiplied by the step",
            "You multiplied by the step. Divide: codes * step gives the vectors back.",
            lambda vectors: (np.round(vectors * to_bytes(vectors)[1]).astype(np.int8), to_bytes(vectors)[1]),
        ),
        Mistake(
            "128 steps",
            "You divided by 128. The codes go from -127 to 127.",
            lambda vectors: (
                np.round(vectors / (np.abs(vectors).max(axis=0) / 128)).astype(int),
                np.abs(vectors).max(axis=0) / 128,
            ),
        ),
        Mistake(
            "255 steps",
            "You divided by 255. The codes go from -127 to 127, on both sides of 0.",
            lambda vectors: (
                np.round(vectors / (np.abs(vectors).max(axis=0) / 255)).astype(int),
                np.abs(vectors).max(axis=0) / 255,
            ),
        ),
        Mistake(
            "the largest instead of the step",
            "The codes are right. The step is what one unit of a code stands for: the largest number divided by 127.",
            lambda vectors: (to_bytes(vectors)[0], np.abs(vectors).max(axis=0)),
        ),
        Mistake(
            "step upside down",
            "The codes are right. The step is upside down: codes * step has to give the vectors back.",
            lambda vectors: (to_bytes(vectors)[0], 1 / to_bytes(vectors)[1]),
        ),
        Mistake(
            "not rounded",
            "The codes are not whole numbers yet: np.round, then astype(np.int8).",
            lambda vectors: (vectors / to_bytes(vectors)[1], to_bytes(vectors)[1]),
        ),
        Mistake(
            "no sign in the type",
            "uint8 has no negative numbers: -1 becomes 255. Use int8.",
            lambda vectors: (to_bytes(vectors)[0].astype(np.uint8), to_bytes(vectors)[1]),
        ),
        Mistake(
            "one step for all",
            "You took one step for the whole matrix: a column of small numbers loses nearly everything.",
            lambda vectors: (
                np.round(vectors / (np.abs(vectors).max() / 127)).astype(np.int8),
                np.abs(vectors).max() / 127,
            ),
        ),
        Mistake(
            "cut off, not rounded",
            "astype cuts off what comes after the decimal point. Round first: the error is half as large.",
            lambda vectors: ((vectors / to_bytes(vectors)[1]).astype(np.int8), to_bytes(vectors)[1]),
        ),
        Mistake(
            "sign forgotten",
            "The largest number is not enough: the most negative one may be further from zero. Take np.abs first.",
            lambda vectors: (
                np.clip(np.round(vectors / (vectors.max(axis=0) / 127)), -127, 127).astype(np.int8),
                vectors.max(axis=0) / 127,
            ),
        ),
        Mistake(
            "a step for each row",
            "You took a step for each vector. Take one for each column: axis=0.",
            lambda vectors: (
                np.round(vectors / (np.abs(vectors).max(axis=1, keepdims=True) / 127)).astype(np.int8),
                np.abs(vectors).max(axis=1, keepdims=True) / 127,
            ),
        ),
    ],
    hints=[
        "step = np.abs(vectors).max(axis=0) / 127, so that the largest number of a column gets the code 127 or -127.",
        "np.round(vectors / step) are whole numbers from -127 to 127.",
        ".astype(np.int8) keeps each of them in one byte. Return codes and step.",
    ],
    praise="The codes lose a little, and rescoring with the full vectors gives it back.",
)

q3 = Exercise(
    "7.3",
    "Merge the shards",
    merge,
    asks="`answers` is a list with a pair (ids, similarities) for each shard: two arrays of the same length, "
    "best first.",
    inputs=[(SHARDS, 3), (SHARDS, 10), (SHARDS[:2], 3), (SHARDS[1:2], 1)],
    random_inputs=_answers,
    mistakes=[
        Mistake(
            "similarities",
            "Those are similarities. Return the ids of the films that have them.",
            lambda answers, k: np.sort(np.concatenate([s for _, s in answers]))[::-1][:k].tolist(),
        ),
        Mistake(
            "sorted by id",
            "You sorted by id. Sort by similarity.",
            lambda answers, k: sorted(np.concatenate([ids for ids, _ in answers]).tolist())[:k],
        ),
        Mistake(
            "not cut",
            "Those are all the answers, sorted. Keep the first k.",
            lambda answers, k: merge(answers, 10**6),
        ),
        Mistake(
            "pairs",
            "You returned pairs. Return the ids alone.",
            lambda answers, k: sorted(
                ((int(i), float(s)) for ids, sims in answers for i, s in zip(ids, sims, strict=True)),
                key=lambda pair: -pair[1],
            )[:k],
        ),
        Mistake(
            "one shard only",
            "That is one shard. The others may hold nearer ones.",
            lambda answers, k: max(answers, key=lambda pair: pair[1].max())[0][:k].tolist(),
        ),
        Mistake(
            "one shard after the other",
            "You took the shards' answers one after the other. The best of the second may be better than the first's.",
            lambda answers, k: np.concatenate([ids for ids, _ in answers])[:k].tolist(),
        ),
        Mistake(
            "worst first",
            "Those are the least similar: sort by -similarity.",
            lambda answers, k: merge(answers, 10**6)[::-1][:k],
        ),
        Mistake(
            "positions, not ids",
            "You returned positions in the joined list. Return the ids found there.",
            lambda answers, k: np.argsort(-np.concatenate([s for _, s in answers]), kind="stable")[:k].tolist(),
        ),
        Mistake(
            "the best of each",
            "You kept the best of each shard only. One shard may hold all k nearest.",
            lambda answers, k: merge([(ids[:1], similarities[:1]) for ids, similarities in answers], k),
        ),
    ],
    hints=[
        "np.concatenate([ids for ids, _ in answers]) joins the ids; do the same for the similarities.",
        "np.argsort(-similarities)[:k] are the positions of the k best.",
        "ids[places].tolist()",
    ],
    praise="This is all that a cluster does with the answers of its machines.",
)

q4 = Exercise(
    "7.4",
    "Nothing missing",
    complete,
    inputs=[(10, 1, 0.01), (10, 2, 0.01), (100, 3, 0.05), (2, 3, 0.5)],
    random_inputs=lambda rng: (int(rng.integers(2, 50)), int(rng.integers(1, 4)), float(rng.uniform(0.01, 0.2))),
    mistakes=[
        Mistake(
            "one of all machines",
            "You asked for any machine to be up. Every shard needs a live copy.",
            lambda shards, copies, failed: 1 - failed ** (shards * copies),
        ),
        Mistake(
            "shards and copies exchanged",
            "The two powers are exchanged: a shard is missing when all of its copies are down, failed ** copies.",
            lambda shards, copies, failed: (1 - failed**shards) ** copies,
        ),
        Mistake(
            "multiplied instead of raised",
            "You multiplied by the number of shards. Independent things that must all hold: raise to that power.",
            lambda shards, copies, failed: (1 - failed**copies) * shards,
        ),
        Mistake(
            "copies multiplied",
            "All copies are down with probability failed ** copies, not failed * copies: more copies make that rarer.",
            lambda shards, copies, failed: (1 - failed * copies) ** shards,
        ),
        Mistake(
            "copies ignored",
            "You left out the copies. A shard is missing only when all of its copies are down: failed ** copies.",
            lambda shards, copies, failed: (1 - failed) ** shards,
        ),
        Mistake(
            "all shards at once",
            "That is the probability that all shards are down at once. One missing shard already loses neighbors.",
            lambda shards, copies, failed: (failed**copies) ** shards,
        ),
        Mistake(
            "one machine",
            "That is the probability for one shard. All of them have to be there.",
            lambda shards, copies, failed: 1 - failed**copies,
        ),
        Mistake(
            "all machines",
            "You asked for every machine to be up. One live copy of each shard is enough.",
            lambda shards, copies, failed: (1 - failed) ** (shards * copies),
        ),
        Mistake(
            "added up",
            "Failures of several shards do not add up: multiply the probabilities that each is there.",
            lambda shards, copies, failed: 1 - shards * failed**copies,
        ),
        Mistake(
            "the other event",
            "That is the probability that something is missing.",
            lambda shards, copies, failed: 1 - complete(shards, copies, failed),
        ),
    ],
    hints=[
        "All copies of one shard are down with probability failed ** copies.",
        "So a shard is there with 1 - failed ** copies.",
        "All shards: that to the power of shards.",
    ],
    praise="More shards make a cluster more fragile; more copies make it robust again.",
)

q5 = Exercise(
    "7.5",
    "Your plan",
    a_plan,
    judge=judge_plan,
    asks="Answer with a number of texts, the memory in MB or GB, the engine in 3 words or more, and what fails first "
    "in 3 words or more.",
    rubric=[
        "Would one machine do, with a copy to spare? Then why more?",
        "Did you measure the time of a query on your own vectors, or take it from here?",
        "What happens on the day when the model changes, and everything must be encoded again?",
    ],
    mistakes=[
        Mistake("a field left out", "is a dictionary with", lambda: {"texts": "2,000,000 descriptions"}),
        Mistake("too short", "'engine' asks for 3 words", lambda: {**a_plan(), "engine": "Milvus"}),
        Mistake(
            "no number", "'memory' needs a number above 0", lambda: {**a_plan(), "memory": "not very much, a few GB"}
        ),
        Mistake("no unit", "in MB or GB", lambda: {**a_plan(), "memory": "1536 times two million"}),
    ],
    hints=[
        "Start from the number of texts: 7.1 gives the memory of the vectors.",
        "Then ask what changes, and how soon a change has to be found.",
    ],
    praise="A plan with numbers can be wrong, and that is what makes it useful.",
)


EXERCISES = [q1, q2, q3, q4, q5]
progress = make_progress(EXERCISES)

opening = Quiz(
    "opening",
    "Two questions about earlier notebooks",
    [
        choose(
            "7.A",
            "A number without its neighbors",
            "A model has a hit rate@10 of 0.9. What do you ask first?",
            right="among how many films was each liked film ranked?",
            wrong={
                "how long did the training take?": "That is about cost. What could make 0.9 easy to reach?",
                "how many dimensions do its vectors have?": "That is a detail. What could make 0.9 easy to reach?",
            },
            hint="Among ten random films, every model has a hit rate@10 of 1.",
        ),
        predict(
            "7.B",
            "Recall",
            """
            found, true = [7, 3, 9], [3, 7, 5]
            round(len(set(found) & set(true)) / len(true), 2)
            """,
            wrong={
                0.0: "The order does not count: 7 and 3 were both found.",
                0.33: "That is the share that was missed.",
                2: "That is a count. Divide it by the number of true neighbors.",
            },
            hint="Of 3, 7, and 5: which were found?",
        ),
    ],
)

closing = Quiz(
    "closing",
    "Three questions to answer without looking back",
    [
        predict(
            "7.C",
            "A million vectors",
            """
            vectors, dimensions, bytes_per_number = 1_000_000, 384, 4
            vectors * dimensions * bytes_per_number / 1e9
            """,
            text="How many gigabytes is that? (One digit after the point is enough.)",
            rounded=1.5,
            wrong={
                1536: "Those are megabytes.",
                0.384: "That would be one byte per number. Here it is four.",
                12.288: "You counted bits. There are four bytes per number, and bytes are asked for.",
            },
            hint="A million times 384 times 4 bytes; 1e9 bytes are a gigabyte.",
        ),
        order(
            "7.D",
            "Merge the shards",
            "Each answer is a list of pairs (film, similarity). The function returns the k best films of all.",
            """
            def merge(answers, k):
                together = []
                for answer in answers:
                    together += answer
                together.sort(key=lambda pair: -pair[1])
                return [film for film, _ in together[:k]]
            """,
            wrong={
                "125346": "You sort the list while it is still empty.",
                "132456": "Python stops: a loop needs its indented line right below it, and the list must exist first.",
            },
            inputs=[([[("a", 0.4), ("b", 0.3)], [("c", 0.9), ("d", 0.1)]], 2)],
            hint="Start an empty list, fill it in the loop, sort, return.",
        ),
        finish(
            "7.E",
            "Nothing missing",
            "Replace ___: what is the probability that every shard has a live copy?",
            """
            def complete(shards, copies, failed):
                one_shard = 1 - failed ** copies
                return ___
            """,
            right="one_shard ** shards",
            wrong={
                "one_shard * shards": "A probability above 1? Independent things that must all hold are multiplied.",
                "1 - (1 - one_shard) ** shards": "That is the probability that at least one shard answers.",
                "one_shard": "That is one shard. All of them must answer.",
            },
            inputs=[(100, 1, 0.01), (4, 2, 0.1)],
            hint="One factor per shard.",
        ),
    ],
)
