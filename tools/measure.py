"""Measure what takes long or needs a whole process: the demo's clicks, and encoding a file of a million texts.

    python tools/measure.py [--seconds 60]

Everything else that is said of speed comes from ``python3 -m helpers benchmark``. Demo: from a click to the renewed
list, in the kernel. File: a million short texts are written, and read and encoded for a while; the rate, and how much
memory the process takes at the beginning and at the end of that time.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.app.catalogue import Catalogue, course_catalogue  # noqa: E402
from helpers.app.view import Demo  # noqa: E402
from helpers.data import load_movies  # noqa: E402
from helpers.encoding import encode_csv, load_encoder  # noqa: E402
from helpers.scale.tuning import made_up_vectors  # noqa: E402

TEXTS = 1_000_000
WORDS = 12  # of each text


def clicks(app, number, seed=0):
    """Seconds of each of some random clicks, from the event to the renewed list."""
    random = np.random.default_rng(seed)
    seconds = []
    for _ in range(number):
        films = app.catalogue.places(app.found.index)
        kind = random.choice(["like", "dislike", "film", "taste", "steer"])
        steering = {"k": int(random.integers(5, 30)), "diversity": float(random.integers(0, 10)) / 10}
        begin = time.perf_counter()
        app.hear({"kind": kind, "film": int(films[random.integers(len(films))]), "steering": steering})
        seconds.append(time.perf_counter() - begin)
        if len(app.wanted.taste) > 10:
            app.hear({"kind": "clear"})
    return np.array(seconds)


def made_up_catalogue(count: int) -> Catalogue:
    """Films of made-up vectors, for measuring."""
    films = {"title": [f"film number {number}" for number in range(count)], "synopsis": "A text.", "genres": "Drama"}
    movies = pd.DataFrame({**films, "year": 2000.0}, index=pd.RangeIndex(1, count + 1, name="movie_id"))
    return Catalogue(movies, made_up_vectors(count))


def measure_demo() -> None:
    for name, catalogue in (("1,050 films", course_catalogue()), ("10,000 films", made_up_catalogue(10_000))):
        for space in ("text", "hybrid") if catalogue.ratings is not None else ("text",):
            app = Demo(catalogue, reader=lambda: None)  # no encoder: reasons come after the list, beside the kernel
            app.hear({"kind": "space", "value": space})
            median, late = np.quantile(clicks(app, 200), [0.5, 0.95])
            print(f"demo, {name}, {space}: median {1000 * median:.0f} ms, 95th percentile {1000 * late:.0f} ms")


def write_texts(path: Path, count: int) -> None:
    """Texts of a few words each, taken from the synopses."""
    words = np.array(" ".join(load_movies()["synopsis"]).split())
    random = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "text"])
        for start in range(0, count, 10_000):
            rows = words[random.integers(len(words), size=(10_000, WORDS))]
            writer.writerows((start + place, " ".join(row)) for place, row in enumerate(rows))


def megabytes() -> float:
    """What this process holds in memory now."""
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1_024
    raise OSError("this system does not tell how much memory a process holds.")


class Watched:
    """An encoder that notes how much it encodes and what memory there is, and stops after some seconds."""

    def __init__(self, encoder, seconds: float):
        self.encoder, self.seconds = encoder, seconds
        self.begin, self.done, self.memory = None, 0, []

    def __getattr__(self, name):
        return getattr(self.encoder, name)

    def encode(self, texts, **options):
        self.begin = self.begin or time.perf_counter()
        if time.perf_counter() - self.begin > self.seconds:
            raise KeyboardInterrupt
        self.memory.append(megabytes())
        self.done += len(texts)
        return self.encoder.encode(texts, **options)


def measure_file(seconds: float) -> None:
    watched = Watched(load_encoder(), seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "texts.csv")
        write_texts(path, TEXTS)
        begin = time.perf_counter()
        with contextlib.suppress(KeyboardInterrupt):
            encode_csv(path, "text", Path(folder, "vectors.npy"), encoder=watched, fast=False)
        count, rate = watched.begin - begin, watched.done / (time.perf_counter() - watched.begin)
        size = path.stat().st_size / 1e6
    first, last, peak = watched.memory[len(watched.memory) // 4], watched.memory[-1], max(watched.memory)
    print(f"file of {TEXTS:,} texts, {size:.0f} MB: counted and checked in {count:.0f} s")
    print(f"encoded {watched.done:,} at {rate:.0f} a second: {TEXTS / rate / 60:.0f} minutes for all of it")
    print(f"memory: {first:.0f} MB after a quarter of that time, {last:.0f} MB at its end, at most {peak:.0f} MB")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60, help="how long the file is encoded (default: 60)")
    options = parser.parse_args()
    measure_demo()
    measure_file(options.seconds)


if __name__ == "__main__":
    main()
