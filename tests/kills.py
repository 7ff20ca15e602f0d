"""Kill what writes files at moments all over its run, and see what is there afterwards.

python tests/kills.py --kills 50 [JOB ...]

A job runs in a process of its own, which ends itself by SIGKILL at a certain call (a function of Python or C), evenly
spread over the calls of a whole run, so that no clock decides. After each kill, what a reader finds has to be the old
or the new, whole, or one clear line; after one more run, the new, and nothing left behind.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np  # noqa: E402
from tqdm import tqdm  # noqa: E402

from helpers.course import own_copy  # noqa: E402
from helpers.encoding import encode, encode_csv, vector_cache  # noqa: E402
from helpers.evaluation import results  # noqa: E402
from helpers.files import write_whole  # noqa: E402
from helpers.search.index import NeighborIndex  # noqa: E402

tqdm.set_lock(threading.RLock())  # its own is shared with forks: one that is killed while it has it stops everybody
tqdm.monitor_interval = 0

TEXTS = [f"{'abcd'[row % 4] * (row % 7 + 1)} {row}" for row in range(60)]


class Letters:
    """An encoder that counts letters, and can be told apart by a shift."""

    max_seq_length = np.inf

    def __init__(self, shift: float = 1.0):
        self.prompts = {"shift": str(shift)}  # part of what it is
        self.shift = shift

    def state_dict(self):
        return {}

    def encode(self, texts, **_):
        rows = np.array([[self.shift + text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


class SavedIndex:
    """An index that replaces another one."""

    old, new = (NeighborIndex(np.random.default_rng(n).normal(size=(30 + n, 8)), method="hnsw") for n in (1, 2))

    def prepare(self, folder):
        self.old.save(folder / "index")

    def run(self, folder):
        self.new.save(folder / "index")

    def check(self, folder, done):
        found = NeighborIndex.load(folder / "index").vectors
        wanted = [self.new.vectors] if done else [self.old.vectors, self.new.vectors]
        assert any(np.array_equal(found, vectors) for vectors in wanted)

    def left(self, folder):
        return {"index": 1}


class NewIndex(SavedIndex):
    """An index where none was."""

    def prepare(self, folder):
        pass

    def check(self, folder, done):
        try:
            assert np.array_equal(NeighborIndex.load(folder / "index").vectors, self.new.vectors)
        except ValueError as error:
            assert not done
            assert "Build it again" in str(error) and "\n" not in str(error)  # noqa: PT018


class EncodedTable:
    """A table that is encoded into a file that holds vectors of another encoder."""

    def prepare(self, folder):
        rows = "".join(f"{text}\n" for text in TEXTS)
        (folder / "t.csv").write_text(f"text\n{rows}", encoding="utf-8")
        self._encode(folder, 2.0)

    def _encode(self, folder, shift):
        return encode_csv(
            folder / "t.csv", "text", folder / "v.npy", encoder=Letters(shift), rows_at_once=5, progress=False
        )

    def run(self, folder):
        assert np.array_equal(self._encode(folder, 1.0), Letters(1.0).encode(TEXTS))

    def check(self, folder, done):
        found = np.load(folder / "v.npy")
        assert any(np.array_equal(found, Letters(shift).encode(TEXTS)) for shift in ([1.0] if done else [1.0, 2.0]))

    def left(self, folder):
        return {"t.csv": 0, "v.npy": 0, "v.npy.json": 0}


class Cache:
    """Texts that go to the cache."""

    def prepare(self, folder):
        encode(TEXTS[:20], Letters(), cache=folder, save_every=3)

    def run(self, folder):
        assert np.array_equal(encode(TEXTS, Letters(), cache=folder, save_every=3), Letters().encode(TEXTS))

    def check(self, folder, done):
        assert vector_cache.VectorCache(folder / vector_cache.NAME).get([b"another"]) == {}
        self.run(folder)

    def left(self, folder):
        return {vector_cache.NAME: 0}


class Results:
    """Figures that are kept beside others."""

    def prepare(self, folder):
        self.run(folder, 1, "one")

    def run(self, folder, figure=2, name="two"):
        results.DATA_DIR = folder
        results.keep({"figure": figure}, "some", name)

    def check(self, folder, done):
        results.DATA_DIR = folder
        assert results.load("some", "one")["figure"] == 1
        assert not done or results.load("some", "two")["figure"] == 2

    def left(self, folder):
        return {results.RESULTS: 0}


class File:
    """A file that is written whole."""

    def prepare(self, folder):
        (folder / "f.txt").write_text("old" * 1_000, encoding="utf-8")

    def run(self, folder):
        with write_whole(folder / "f.txt") as path, path.open("w", encoding="utf-8") as file:
            for _ in range(1_000):
                file.write("new")

    def check(self, folder, done):
        text = (folder / "f.txt").read_text(encoding="utf-8")
        assert text in (["new" * 1_000] if done else ["new" * 1_000, "old" * 1_000])

    def left(self, folder):
        return {"f.txt": 0}


class LearnersCopy:
    """A notebook in which a learner has worked, which is renewed, and one in which nothing was done."""

    def prepare(self, folder):
        self._publish(folder, "old")
        self._run(folder)
        own = own_copy.folder() / "01.ipynb"
        own.write_text(own.read_text(encoding="utf-8").replace("old", "work of a learner"), encoding="utf-8")
        self._publish(folder, "new")

    def _publish(self, folder, text):
        own_copy.ORIGINALS = folder / "course" / "notebooks"
        own_copy.ORIGINALS.mkdir(parents=True, exist_ok=True)
        cell = {
            "cell_type": "code",
            "source": text,
            "outputs": [],
            "execution_count": None,
            "metadata": {},
            "id": "abc",
        }
        for name in ("01.ipynb", "02.ipynb"):
            (own_copy.ORIGINALS / name).write_text(json.dumps({"cells": [cell], "metadata": {}}), encoding="utf-8")

    def _run(self, folder):
        os.environ["COURSE_HOME"] = str(folder / "mine")
        own_copy.ORIGINALS = folder / "course" / "notebooks"
        own_copy.bring_up_to_date()

    def run(self, folder):
        self._run(folder)
        own_copy.renew(own_copy.ORIGINALS / "01.ipynb")

    def check(self, folder, done):
        texts = {
            path.name: json.loads(path.read_text(encoding="utf-8"))["cells"][0]["source"]
            for path in (folder / "mine" / "notebooks").glob("*.ipynb")
        }
        assert "work of a learner" in texts.values(), texts
        assert texts["02.ipynb"] in (["new"] if done else ["old", "new"]), texts
        assert not done or texts["01.ipynb"] == "new"
        assert not done or not list((folder / "mine" / "notebooks").glob(".*.tmp-*"))

    def left(self, folder):
        return {"course": 1, "mine": 1}


JOBS = {job.__name__: job for job in (SavedIndex, NewIndex, EncodedTable, Cache, Results, File, LearnersCopy)}


def run_until(job, folder: Path, last: int | None) -> int:
    """Run a job in a process of its own, which is killed at its call number `last`; give how many calls it made."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        calls = 0

        def count(*_):
            nonlocal calls
            calls += 1
            if calls == last:
                os.kill(os.getpid(), signal.SIGKILL)

        sys.setprofile(count)
        job.run(folder)
        sys.setprofile(None)
        os.write(writer, str(calls).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as file:
        said = file.read()
    _, status = os.waitpid(child, 0)
    assert os.WIFSIGNALED(status) or said, "the job failed"
    return int(said or 0)


def kill(name: str, kills: int) -> int:
    """Kill a job `kills` times, each time on a fresh start and again on what the one before left; give the total."""
    with tempfile.TemporaryDirectory() as temporary:
        os.environ["COURSE_HOME"] = str(Path(temporary, "home"))
        whole, same = Path(temporary, "whole"), Path(temporary, "same")
        job = JOBS[name]()
        for folder in (whole, same):
            folder.mkdir()
            job.prepare(folder)
        calls = run_until(job, whole, None)
        job.check(whole, True)
        for number in range(kills):
            fresh = Path(temporary, f"fresh{number}")
            fresh.mkdir()
            job.prepare(fresh)
            for folder in (fresh, same):
                run_until(job, folder, max(1, round(calls * (number + 0.5) / kills)))
                job.check(folder, False)
            run_until(job, fresh, None)
            job.check(fresh, True)
            _nothing_is_left(job, fresh)
        run_until(job, same, None)
        job.check(same, True)
        _nothing_is_left(job, same)
    return 2 * kills


def _nothing_is_left(job, folder: Path) -> None:
    found = {path.name: len(list(path.iterdir())) if path.is_dir() else 0 for path in folder.iterdir()}
    assert found == job.left(folder), found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("jobs", nargs="*", default=list(JOBS), metavar="JOB", help=", ".join(JOBS))
    parser.add_argument("--kills", type=int, default=50, help="of each job, and as many on what these leave")
    arguments = parser.parse_args()
    for name in arguments.jobs:
        print(f"{name}: {kill(name, arguments.kills)} kills, nothing lost, mixed or left behind", flush=True)


if __name__ == "__main__":
    main()
