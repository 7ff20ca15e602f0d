"""Measure what the README and the notes say of speed, as ratios within one run.

    python tools/measure.py

Search: the vectors of 15,000 passages of the synopses, 12 words each, asked with whole synopses. Encoding: the first
96 synopses. Demo: from a click to the renewed list, in the kernel.
"""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import load_movies  # noqa: E402
from helpers.demo.catalogue import Catalogue, course_catalogue  # noqa: E402
from helpers.demo.view import Demo  # noqa: E402
from helpers.encoding import encode, load_encoder  # noqa: E402
from helpers.neighbors import NeighborIndex  # noqa: E402

K = 10


def seconds(work, times: int) -> float:
    begin = time.perf_counter()
    for _ in range(times):
        work()
    return time.perf_counter() - begin


def ratio(slow, fast, rounds: int, times: int = 1) -> float:
    """Median over rounds of the time of `slow` by the time of `fast`, each run some times in a row, in turn."""
    return statistics.median(seconds(slow, times) / seconds(fast, times) for _ in range(rounds))


def passages(count: int = 15_000, length: int = 12) -> list[str]:
    """Passages of all films from their first words on, then from their second words on, and so forth."""
    words = [synopsis.split() for synopsis in load_movies()["synopsis"]]
    starts = [
        (place, film) for place in range(0, 140) for film in range(len(words)) if place + length <= len(words[film])
    ]
    return [" ".join(words[film][place : place + length]) for place, film in starts[:count]]


def bare_search(vectors: np.ndarray, queries: np.ndarray) -> np.ndarray:
    """The least that an exact search has to do: a product, a partial sort, and the sort of what is left."""
    scores = queries @ vectors.T
    best = np.argpartition(scores, -K, axis=1)[:, -K:]
    order = np.argsort(-np.take_along_axis(scores, best, axis=1), axis=1)
    return np.take_along_axis(best, order, axis=1)


def measure_search() -> None:
    vectors, films = encode(passages()), encode(load_movies()["synopsis"])
    exact, tree = NeighborIndex(vectors), NeighborIndex(vectors, method="ball_tree")
    for queries in (films[:1], films[:64]):
        to_tree = ratio(lambda q=queries: tree.search(q, K), lambda q=queries: exact.search(q, K), 7, 10)
        to_bare = ratio(lambda q=queries: exact.search(q, K), lambda q=queries: bare_search(vectors, q), 15, 10)
        print(f"search, {len(queries)} queries: ball tree {to_tree:.1f} times exact, exact {to_bare:.2f} times bare")


def measure_encoding() -> None:
    encoder, texts = load_encoder(), load_movies()["synopsis"].tolist()[:96]
    encoder.encode(texts[:8], show_progress_bar=False)

    def loop():
        return [encoder.encode(text, show_progress_bar=False) for text in texts]

    batched = ratio(loop, lambda: encode(texts, encoder, cache=False, progress=False), 3)
    print(f"encoding: the row loop takes {batched:.2f} times as long as encode()")


def clicks(app, number, seed=0):
    """Seconds of each of some random clicks, from the event to the renewed list."""
    random = np.random.default_rng(seed)
    seconds = []
    for _ in range(number):
        card = app.cards.children[random.integers(len(app.cards.children))]
        action = random.choice(["like", "dislike", "more", "me", "k", "diversity"])
        begin = time.perf_counter()
        if action in ("like", "dislike", "more"):
            getattr(card, action).click()
        elif action == "me":
            app.for_me.click()
        elif action == "k":
            app.k.value = int(random.integers(5, 30))
        else:
            app.diversity.value = float(random.integers(0, 10)) / 10
        seconds.append(time.perf_counter() - begin)
        if len(app.wanted.taste) > 10:
            app.clear.click()
    return np.array(seconds)


def made_up_catalogue(count: int) -> Catalogue:
    """Films of random vectors, for measuring."""
    films = {"title": [f"film number {number}" for number in range(count)], "synopsis": "A text.", "genres": "Drama"}
    movies = pd.DataFrame({**films, "year": 2000.0}, index=pd.RangeIndex(1, count + 1, name="movie_id"))
    return Catalogue(movies, np.random.default_rng(0).normal(size=(count, 384)).astype(np.float32))


def measure_demo() -> None:
    for name, catalogue in (("1,050 films", course_catalogue()), ("10,000 films", made_up_catalogue(10_000))):
        for space in ("text", "hybrid") if catalogue.ratings is not None else ("text",):
            app = Demo(catalogue)
            app._warm = True  # no reasons: they come after the list, beside the kernel
            app.space.value = space
            median, late = np.quantile(clicks(app, 200), [0.5, 0.95])
            print(f"demo, {name}, {space}: median {1000 * median:.0f} ms, 95th percentile {1000 * late:.0f} ms")


if __name__ == "__main__":
    measure_search()
    measure_encoding()
    measure_demo()
