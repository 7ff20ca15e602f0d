"""Measure speed in ratios: the course's way, the tutorial's way and a bare lower bound, in turn, in one process.

The tutorial's way is the throw-away code that this course replaces: a text at a time, a ball tree, a loop over titles.
The bare way is the least that any program has to do. Every round runs all ways in turn, so that a machine that gets
slower slows all of them; a ratio is taken within a round, and the median over rounds is what counts.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple, cast

import numpy as np
import pandas as pd
from rapidfuzz import fuzz, process
from rapidfuzz.distance import Levenshtein

from helpers import titles
from helpers.data import load_movies, load_raw_listings, load_vectors
from helpers.encoding import BATCH, compiled, encode, load_encoder
from helpers.evaluation import evaluate_users, results
from helpers.home import ROOT
from helpers.recommenders.base import Histories, Recommender
from helpers.scale.tuning import made_up_vectors, recall
from helpers.search.index import NeighborIndex
from helpers.search.neighbors import tag_overlap

K = 10
OURS, TUTORIAL, BARE, FAST = "course", "tutorial", "bare", "compiled"
SHORT, WARM = 0.3, 0.03  # seconds
SAMPLE = 0.002  # share of the rows that a loop over all pairs is timed on


class Measurement(NamedTuple):
    """One thing that was timed: seconds of every round by way, and how good the answers were."""

    what: str
    seconds: dict[str, list[float]]
    quality: dict[str, float]


class Size(NamedTuple):
    """How much is measured; `neighbors`: whether all films' neighbors by compiled vectors are compared, too."""

    rounds: int
    texts: tuple[int, ...]
    vectors: tuple[int, ...]
    titles: tuple[int, ...]
    lookups: tuple[int, ...]
    neighbors: bool = False


FULL = Size(
    rounds=7,
    texts=(24, 96),
    vectors=(1_050, 15_000, 100_000, 1_000_000),
    titles=(5_000, 15_000, 100_000),
    lookups=(10_000, 100_000),
    neighbors=True,
)
QUICK = Size(rounds=3, texts=(24,), vectors=(1_050, 15_000), titles=(5_000,), lookups=(10_000,))
SMALL_ENOUGH = 100_000  # vectors up to which a tree or a graph is built, too
FEW_TITLES = 15_000  # up to which all pairs are compared in a loop, and block by block, too


def run(size: Size = FULL) -> Iterator[Measurement]:
    """Measure everything, with a progress bar."""
    from tqdm import tqdm

    parts = (encoding, searching, duplicates, lookups, judging, starting)
    for part in tqdm(parts, desc="Benchmark", unit=" part"):
        yield from part(size)


def interleave(ways: Mapping[str, Callable], rounds: int, times: int = 1, per: int = 1) -> dict[str, list[float]]:
    """Time each way once a round, after a round that does not count: seconds a question, a figure a round, by way.

    What takes less than `SHORT` first runs `WARM` seconds uncounted, so that caches hold what its own calls leave.
    `times` calls in a row make one figure, and each of them answers `per` questions.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    first = {}
    for name, work in ways.items():
        begin = time.perf_counter()
        work()
        first[name] = time.perf_counter() - begin
    for _ in range(rounds):
        for name, work in ways.items():
            begin = time.perf_counter()
            while first[name] < SHORT and time.perf_counter() < begin + WARM:
                work()
            begin = time.perf_counter()
            for _ in range(times):
                work()
            seconds[name].append((time.perf_counter() - begin) / (times * per))
    return seconds


# ---- what is measured --------------------------------------------------------------------------------------------


def encoding(size: Size) -> Iterator[Measurement]:
    """Encode synopses: in sorted batches, and compiled where OpenVINO is installed."""
    encoder, movies = load_encoder(), load_movies()
    synopses = movies["synopsis"].tolist()
    for count in size.texts:
        texts = synopses[:count]
        ways: dict[str, Callable] = {
            OURS: partial(encode, texts, cache=False, progress=False, fast=False),
            TUTORIAL: partial(each, partial(encoder.encode, show_progress_bar=False), texts),
            BARE: partial(encoder.encode, texts, batch_size=BATCH, show_progress_bar=False),
        }
        quality = {}
        if compiled.available():
            ways[FAST] = partial(encode, texts, cache=False, progress=False, fast=True)
            quality["least cosine with float32"] = float((ways[FAST]() * ways[OURS]()).sum(axis=1).min())
        if FAST in ways and size.neighbors and count == size.texts[-1]:
            quality |= _same_neighbors(movies)
        yield Measurement(f"encode {count} synopses", interleave(ways, min(size.rounds, 3)), quality)


def _same_neighbors(movies: pd.DataFrame) -> dict[str, float]:
    """Neighbors by compiled vectors: share that is the same by plain ones, and tags that they share, by both."""
    plain = load_vectors(movies)
    fast = encode(movies["synopsis"], cache=False, progress=False, fast=True)
    found, wanted = (NeighborIndex(vectors).search(vectors, K + 1)[0][:, 1:] for vectors in (fast, plain))
    return {
        f"overlap@{K} with float32": recall(found, wanted),
        "shared tags": tag_overlap(fast, movies),
        "shared tags by float32": tag_overlap(plain, movies),
    }


def searching(size: Size) -> Iterator[Measurement]:
    """Search: exact, with the tutorial's ball tree and a bare product beside it; then everything that may miss."""
    for count in size.vectors:
        vectors, queries = made_up_vectors(count), made_up_vectors(64, seed=1)
        exact = NeighborIndex(vectors)
        tree = NeighborIndex(vectors, method="ball_tree") if count <= SMALL_ENOUGH else None
        for asked in (queries[:1], queries):
            ways: dict[str, Callable] = {
                OURS: partial(exact.search, asked, K),
                BARE: partial(bare_search, vectors, asked),
            }
            if tree:
                ways[TUTORIAL] = partial(tree.search, asked, K)
            times = max(1, 100_000 // (count * len(asked)))
            what = f"search {count:,} vectors, {len(asked)} {'query' if len(asked) == 1 else 'queries'}"
            yield Measurement(what, interleave(ways, size.rounds, times), {})
        if 1_050 < count <= SMALL_ENOUGH:
            yield from _approximate(size, exact, queries)


def _approximate(size: Size, exact: NeighborIndex, new: np.ndarray) -> Iterator[Measurement]:
    """Graph and codes against exact search, a film of the index at a time; recall also of new, more distant texts."""
    vectors, count = exact.vectors, len(exact)
    own = vectors[:: count // len(new)][: len(new)]
    for method in ("hnsw", "int8", "binary"):
        index = NeighborIndex(vectors, method=method)
        ways = {
            OURS: partial(each, partial(index.search, k=K), own),
            "exact": partial(each, partial(exact.search, k=K), own),
        }
        if method == "hnsw":
            ways[BARE] = partial(each, partial(cast(Any, index._index).query, k=K, query_ef=index.options["ef"]), own)
        quality = {
            f"recall@{K}": recall(index.search(own, K)[0], exact.search(own, K)[0]),
            f"recall@{K}, new texts": recall(index.search(new, K)[0], exact.search(new, K)[0]),
            "memory of exact": exact.scanned_bytes / index.scanned_bytes,
        }
        what = f"search {count:,} vectors, 1 query, {method}"
        yield Measurement(what, interleave(ways, size.rounds, per=len(own)), quality)


def duplicates(size: Size) -> Iterator[Measurement]:
    """All pairs of titles of which one is nearly the other, against a loop and against plain blocks of all pairs."""
    for count in size.titles:
        names = [titles.normalize_title(title) for title in made_up_titles(count)]
        what = f"close pairs of {count:,} titles"
        if count > FEW_TITLES:
            begin = time.perf_counter()
            pairs = len(titles.close_titles(names)[0])
            yield Measurement(what, {OURS: [time.perf_counter() - begin]}, {"pairs": float(pairs)})
            continue
        ways = {OURS: partial(titles.close_titles, names), BARE: partial(all_pairs, names)}
        found, wanted = (set(zip(*map(list, way()), strict=True)) for way in ways.values())
        rounds = min(size.rounds, 5)
        seconds = interleave(ways, rounds)
        rows = np.random.default_rng(0).choice(count, max(1, int(SAMPLE * count)), replace=False)
        sampled = interleave({TUTORIAL: partial(pairs_by_loop, names, rows)}, rounds)
        seconds[TUTORIAL] = [each * count / len(rows) for each in sampled[TUTORIAL]]
        quality = {"pairs": float(len(found)), "share of the bare way's pairs": len(found & wanted) / len(wanted)}
        yield Measurement(what, seconds, quality)


def lookups(size: Size) -> Iterator[Measurement]:
    """Look a title up despite a typo: ten queries."""
    for count in size.lookups:
        names = pd.Series(made_up_titles(count))
        queries = [name[:3] + name[4:] for name in names[:: count // K][:K]]
        lookup, keys = titles.TitleLookup(names), [titles.normalize_title(name) for name in names]
        ways: dict[str, Callable] = {
            OURS: partial(each, lookup.suggest, queries),
            TUTORIAL: partial(each, partial(nearest_by_loop, names=names), queries),
            BARE: partial(process.cdist, queries, keys, scorer=fuzz.ratio),
        }
        found = [lookup.suggest(query, 1)[0].title for query in queries]
        right = np.mean([a == b for a, b in zip(found, names[:: count // K], strict=False)])
        seconds = interleave(ways, min(size.rounds, 3), per=len(queries))
        yield Measurement(f"look a title up among {count:,}", seconds, {"found": float(right)})


def judging(size: Size) -> Iterator[Measurement]:
    """Twelve metrics for 600 viewers and 1,000 films."""
    random = np.random.default_rng(0)
    scores = random.random((600, 1_000))
    liked = np.argwhere(random.random(scores.shape) < 0.03)
    test = pd.DataFrame({"user_id": liked[:, 0], "movie_id": liked[:, 1], "rating": 5.0})
    train = pd.DataFrame({"user_id": np.arange(600), "movie_id": 1_000, "rating": 5.0})  # one more, which all have seen
    movies = pd.DataFrame(index=pd.RangeIndex(1_001, name="movie_id"))
    vectors = made_up_vectors(1_001)
    model = Given(np.column_stack([scores, np.zeros(600)])).fit(train, movies)
    model.fit = lambda *_: model  # type: ignore[method-assign]
    ways = {
        OURS: lambda: evaluate_users(model, train, test, K, movies, vectors),
        TUTORIAL: lambda: judge_by_loop(scores, test, vectors),
        BARE: lambda: np.argpartition(-scores, K, axis=1)[:, :K],
    }
    yield Measurement("judge lists for 600 viewers and 1,000 films", interleave(ways, min(size.rounds, 5)), {})


def starting(size: Size) -> Iterator[Measurement]:
    """Start a process that can answer `recommend`, against one that imports what a tutorial's first cell imports."""
    ways = {
        OURS: "import helpers.search.neighbors, helpers.titles, helpers.data",
        TUTORIAL: "import pandas, numpy, sklearn.neighbors, sentence_transformers",
        BARE: "import pandas",
    }
    seconds = interleave({way: partial(_python, code) for way, code in ways.items()}, min(size.rounds, 5))
    yield Measurement("start a process and import", seconds, {})


def each(work: Callable, questions: Iterable) -> list:
    """Answers to questions that are asked one after the other."""
    return [work(question) for question in questions]


# ---- other ways --------------------------------------------------------------------------------------------------


class Given(Recommender):
    """A recommender whose scores are given, so that nothing but judging takes time."""

    def __init__(self, given: np.ndarray):
        self.given = given

    def _learn(self, ratings: pd.DataFrame) -> None:
        pass

    def _scores(self, histories: Histories) -> np.ndarray:
        return self.given


def bare_search(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The least that an exact search has to do: a product, a partial sort, and the sort of what is left."""
    scores = queries @ vectors.T
    best = np.argpartition(scores, -K, axis=1)[:, -K:]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def all_pairs(names: list[str], least: float = 70, rows: int = 1_000) -> tuple[np.ndarray, np.ndarray]:
    """What `helpers.titles.close_titles` finds, by comparing all pairs, block by block."""
    found = []
    for start in range(0, len(names), rows):
        block, rest = names[start : start + rows], names[start:]
        close = [
            process.cdist(block, rest, scorer=way, score_cutoff=least, dtype=np.float32, workers=-1) > 0
            for way in (fuzz.ratio, fuzz.token_sort_ratio)
        ]
        found.append(np.array(np.nonzero(np.triu(close[0] | close[1], k=1))) + start)
    left, right = np.concatenate(found, axis=1)
    return left, right


def pairs_by_loop(names: list[str], rows: np.ndarray) -> int:
    """Count the titles within distance 3 of some, in a loop of Python over the distance in C."""
    return sum(Levenshtein.distance(names[row], name) <= 3 for row in rows for name in names[row + 1 :])


def nearest_by_loop(query: str, names: pd.Series) -> Any:
    """Id of the title with the smallest Levenshtein distance, by `apply` over the distance in C."""
    return names.apply(lambda name: Levenshtein.distance(query, name)).idxmin()


def judge_by_loop(scores: np.ndarray, test: pd.DataFrame, vectors: np.ndarray) -> np.ndarray:
    """Accuracy, novelty and diversity of every viewer's list, as a first program would: a viewer at a time."""
    share, rows = test["movie_id"].value_counts() / test["user_id"].nunique(), []
    for viewer, liked in test.groupby("user_id")["movie_id"]:
        films, best = set(liked), np.argsort(-scores[viewer])[:K].tolist()  # type: ignore[index]
        hits = [film in films for film in best]
        first = next((place for place, hit in enumerate(hits) if hit), None)
        ap = sum(hit * sum(hits[: place + 1]) / (place + 1) for place, hit in enumerate(hits)) / min(len(films), K)
        gain = sum(hit / np.log2(place + 2) for place, hit in enumerate(hits))
        ideal = sum(1 / np.log2(place + 2) for place in range(min(len(films), K)))
        novelty = np.mean([-np.log2(share.get(film, 1e-3)) for film in best])
        alike = np.mean([vectors[a] @ vectors[b] for a in best for b in best if a != b])
        mrr = 0 if first is None else 1 / (first + 1)
        rows.append([sum(hits) / K, sum(hits) / len(films), any(hits), mrr, ap, gain / ideal, novelty, 1 - alike])
    return np.mean(rows, axis=0)


# ---- what is made up -----------------------------------------------------------------------------------------------


def made_up_titles(count: int, seed: int = 0) -> list[str]:
    """Titles of the raw listings first, then the first half of one with the second half of another."""
    random, names = np.random.default_rng(seed), load_raw_listings()["title"].dropna().tolist()
    while len(names) < count:
        one, other = (names[place].split() for place in random.integers(1_000, size=2))
        names.append(" ".join(one[: (len(one) + 1) // 2] + other[len(other) // 2 :]))
    return names[:count]


def _python(code: str) -> None:
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT, timeout=120)


# ---- the document --------------------------------------------------------------------------------------------------


def answer(quick: bool, keep: bool) -> tuple[dict, list[str]]:
    """Measure, and give the document and the lines that the command prints; the document is kept if asked for."""
    document = as_document(list(run(QUICK if quick else FULL)), quick)
    if keep:
        results.keep(document, "benchmark")
    machine = f"Machine: {json.dumps(document['machine'])}. Medians; 'takes' is the time divided by the course's."
    table = as_table(document).to_string(na_rep="", float_format=lambda value: f"{value:,.3g}")
    return document, [machine, *table.splitlines()]


def as_document(measured: list[Measurement], quick: bool) -> dict:
    """One JSON document: the machine, and for each measurement seconds, ratios to the course's way, and quality."""
    rows = []
    for what, seconds, quality in measured:
        times = {way: spread(np.array(taken)) for way, taken in seconds.items()}
        others = {way: np.array(taken) / seconds[OURS] for way, taken in seconds.items() if way != OURS}
        ratios = {way: spread(each) for way, each in others.items()}
        rows.append({"what": what, "seconds": times, "ratios": ratios, "quality": quality})
    machine = {"cores": os.cpu_count(), "processor": platform.machine(), "system": platform.system()}
    return {"machine": machine, "quick": quick, "measured": rows}


def spread(values: np.ndarray) -> dict[str, float]:
    """Median, smallest and largest, to four digits."""
    found = {"median": np.median(values), "low": values.min(), "high": values.max()}
    return {name: float(f"{value:.4g}") for name, value in found.items()}


def as_table(document: dict) -> pd.DataFrame:
    """A row a measurement: milliseconds of the course's way, and how many times as long the others took."""
    rows = {}
    for row in document["measured"]:
        line = {"ms": 1_000 * row["seconds"][OURS]["median"]}
        line |= {f"{way} takes": each["median"] for way, each in row["ratios"].items()}
        rows[row["what"]] = line | {name: float(f"{value:.4g}") for name, value in row["quality"].items()}
    return pd.DataFrame.from_dict(rows, orient="index")
