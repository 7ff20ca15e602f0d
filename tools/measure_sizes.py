"""Measure what catalogs of 10,000 to a million rows take: processor seconds and memory, a process for each.

    python tools/measure_sizes.py [--rows 10000 100000 1000000] [--jobs read "start the app"]

Each figure is kept at once under `sizes` in ``data/reference_results.json``, and the table of the README is written
anew. A process begins with its imports and ends with its answer; the texts are made up of the words of the synopses.
Seconds of the processor, not of the clock: they depend little on other programs. Linux tells the memory.
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import describe, load_movies  # noqa: E402
from helpers.evaluation import results  # noqa: E402
from helpers.home import ROOT  # noqa: E402

WORDS = 20  # of each text
FIRST, LAST = "<!-- sizes -->\n", "<!-- /sizes -->\n"  # in the README, around the table
SKIPPED = {("start the app", 1_000_000)}  # a tab would take over 10 GB


def check(folder: Path, rows: int) -> None:
    from helpers.course.catalogue_check import examine, lines

    lines(examine(describe(folder / f"{rows}.csv", title_column="title", text_column="text")))


def read(folder: Path, rows: int) -> None:
    load_movies(folder / f"{rows}.csv", "title", "text", genre_column="genres", year_column="year")


def encode_with(name: str) -> Callable[[Path, int], None]:
    def encode(folder: Path, rows: int) -> None:
        from helpers.encoding import encode_csv, load_encoder

        encoder = load_encoder(folder / name if name == "static" else name)
        encode_csv(folder / f"{rows}.csv", "text", folder / f"{name}{rows}.npy", encoder=encoder, progress=False)

    return encode


def search(_: Path, rows: int) -> None:
    from helpers.search import NeighborIndex

    vectors = np.random.default_rng(0).random((rows, 384), dtype=np.float32)
    NeighborIndex(vectors).search(vectors[:100], 10)


def start_app(folder: Path, rows: int) -> None:
    from helpers.app.catalogue import csv_catalogue
    from helpers.app.view import Demo

    Demo(csv_catalogue(folder / f"{rows}.csv", "title", "text", encoder=str(folder / "static")))


def make_static(folder: Path, _: int) -> None:
    from helpers.encoding import static_encoder

    static_encoder(load_movies()["synopsis"]).save(str(folder / "static"))


JOBS: dict[str, Callable[[Path, int], None]] = {
    "catalogue check": check,
    "read": read,
    "encode, static": encode_with("static"),
    "encode, TF-IDF": encode_with("tfidf"),
    "index, 100 searches": search,
    "start the app": start_app,
}


def write_catalog(path: Path, rows: int) -> None:
    """A catalog of titles, texts, genres and years."""
    words = np.array(" ".join(load_movies()["synopsis"]).split())
    random = np.random.default_rng(0)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["title", "text", "genres", "year"])
        for start in range(0, rows, 10_000):
            texts = words[random.integers(len(words), size=(10_000, WORDS))]
            writer.writerows([f"{row[0]} {start + n}", " ".join(row), "Drama", 2000] for n, row in enumerate(texts))


def in_process(job: str, folder: Path, rows: int) -> dict[str, float]:
    """Do a job in a process of its own: its processor seconds, and its gigabytes at the peak."""
    code = (
        f"import json, sys, time; sys.path.insert(0, {str(Path(__file__).parent)!r}); import measure_sizes as own\n"
        f"from pathlib import Path; own.JOBS.get({job!r}, own.make_static)(Path({str(folder)!r}), {rows})\n"
        "print(json.dumps({'seconds': time.process_time(), 'gigabytes': own.peak()}))"
    )
    environment = os.environ | {"COURSE_HOME": str(folder)}
    command = [sys.executable, "-W", "ignore", "-c", code]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    return {name: round(figure, 2) for name, figure in json.loads(done.stdout.splitlines()[-1]).items()}


def peak() -> float:
    """Gigabytes that this process held at most."""
    (line,) = re.findall(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return int(line) * 1_024 / 1e9


def measured(job: str, folder: Path, rows: int) -> dict[str, float]:
    """What a job takes; of the app, where the encoder and the vectors are there from an earlier time."""
    if re.search("static|app", job) and not (folder / "static").exists():
        in_process("", folder, 0)
    if not (folder / f"{rows}.csv").exists():
        write_catalog(folder / f"{rows}.csv", rows)
    if job == "start the app":
        in_process(job, folder, rows)
    return in_process(job, folder, rows)


def as_markdown(kept: dict) -> str:
    """The table of the README: processor seconds and peak memory of each job at each size."""
    sizes = sorted({rows for found in kept["jobs"].values() for rows in found}, key=int)
    lines = [["processor seconds, memory at most", *(f"{int(rows):,} rows" for rows in sizes)]]
    lines.append(["---"] * (len(sizes) + 1))
    for job in JOBS:
        figures = (kept["jobs"].get(job, {}).get(rows) for rows in sizes)
        lines.append(
            [job, *(f"{f['seconds']:.0f} s, {f['gigabytes']:.1f} GB" if f else "not measured" for f in figures)]
        )
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def write_readme(kept: dict) -> None:
    readme = ROOT / "README.md"
    before, rest = readme.read_text(encoding="utf-8").split(FIRST)
    text = before + FIRST + as_markdown(kept) + LAST + rest.split(LAST)[1]
    readme.write_text(text, encoding="utf-8", newline="\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, nargs="+", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--jobs", nargs="+", choices=JOBS, default=list(JOBS))
    options = parser.parse_args()
    kept: dict = {"jobs": {}}
    with contextlib.suppress(ValueError):
        kept = results.load("sizes")
    with tempfile.TemporaryDirectory() as folder:
        for rows, job in itertools.product(options.rows, options.jobs):
            if (job, rows) not in SKIPPED:
                figures = kept["jobs"].setdefault(job, {})[str(rows)] = measured(job, Path(folder), rows)
                print(f"{job}, {rows:,} rows: {figures}", flush=True)
                results.keep({"jobs": kept["jobs"]}, "sizes")
                write_readme(kept)


if __name__ == "__main__":
    main()
