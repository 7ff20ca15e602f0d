"""Bytes flipped and files cut short, all over every file that is written and read again; and jobs that are killed.

Either the right data come back, or they are made again where that is promised, or one line says what is wrong. How
close the places lie is set by COURSE_FUZZ_STEP (10 tries every tenth byte), how many kills by COURSE_KILLS.
"""

import contextlib
import io
import os
import sqlite3
import subprocess
import sys
import zipfile
from pathlib import Path

import kills
import numpy as np
import pandas as pd
import pytest

from helpers import data, files
from helpers.encoding import csv_files, encode, encode_csv
from helpers.encoding.vector_cache import NAME, VectorCache
from helpers.evaluation import results
from helpers.search.index import NeighborIndex

STEP = int(os.environ.get("COURSE_FUZZ_STEP", 173))
KILLS = os.environ.get("COURSE_KILLS", "3")


def damaged(raw: bytes, step: int = STEP):
    """Give the bytes with one bit flipped, with one byte turned over, and cut, at every place."""
    for place in range(0, len(raw), step):
        for mask in (1 << place % 8, 255):
            yield raw[:place] + bytes([raw[place] ^ mask]) + raw[place + 1 :]
        yield raw[:place]


def refused_in_one_line(action, error=ValueError):
    """What `action` gives, or None when it is refused as it should be."""
    try:
        return action()
    except error as refused:
        assert "\n" not in str(refused)
        assert str(refused)
    return None


# ---- vectors.npz -----------------------------------------------------------------------------------------------


def test_damaged_course_vectors_are_refused_or_right(course_folder):
    texts, rows = ["a", "b", "c"], np.eye(3, 8, dtype=np.float32)
    path, movies = course_folder / "vectors.npz", pd.DataFrame({"synopsis": texts}, index=[1, 2, 3])
    np.savez(path, ids=np.array([1, 2, 3]), vectors=rows, text_sha256=data.hash_texts(texts))
    refused = 0
    for raw in damaged(path.read_bytes()):
        path.write_bytes(raw)
        found = refused_in_one_line(lambda: data.load_vectors(movies))
        refused += found is None
        assert found is None or (found == rows).all()
    assert refused


def npz(path, arrays, **options):
    with zipfile.ZipFile(path, "w", **options) as archive:
        for name, raw in arrays.items():
            archive.writestr(f"{name}.npy", raw)


def npy(array, shape=None):
    file = io.BytesIO()
    header = {"descr": array.dtype.str, "fortran_order": False, "shape": shape or array.shape}
    np.lib.format.write_array_header_1_0(file, header)
    return file.getvalue() + array.tobytes()


@pytest.mark.parametrize(
    ("raw", "options", "message"),
    [
        (
            npy(np.zeros(10_000_000, np.uint8)),
            {"compression": zipfile.ZIP_DEFLATED},
            "would unpack to 10,000,128 bytes",
        ),
        (npy(np.zeros(10_000_000, np.uint8)), {"compression": zipfile.ZIP_LZMA}, "would unpack to"),
        (npy(np.zeros(4), (10**12, 384)), {}, "Unable to allocate"),
        (npy(np.zeros(4), (5,)), {}, "expected 40 bytes got 32"),
        (npy(np.zeros(4), (-1, 384)), {}, "negative dimensions"),
        (npy(np.zeros(4, "O"), (1,)), {}, "Object arrays cannot be loaded"),
        (b"\x93NUMPY\x01\x00\x10\x00__import__('os')", {}, "damaged"),
    ],
)
def test_arrays_that_are_none_are_refused_before_they_take_memory(tmp_path, raw, options, message):
    npz(tmp_path / "v.npz", {"vectors": raw}, **options)
    with pytest.raises(ValueError, match=rf"v\.npz is damaged \(.*{message}|v\.npz is damaged") as caught:
        files.read_arrays(tmp_path / "v.npz")
    assert message in str(caught.value)


def test_arrays_of_every_kind_come_back(tmp_path):
    arrays = {
        "empty": np.empty((0, 4), np.float32),
        "one": np.array("name"),
        "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
        "names": np.array(["a", "日"]),
    }
    np.savez(tmp_path / "v.npz", **arrays)
    found = files.read_arrays(tmp_path / "v.npz")
    assert {name: array.tolist() for name, array in found.items()} == {n: a.tolist() for n, a in arrays.items()}


@pytest.mark.parametrize("name", ["ids", "vectors", "text_sha256"])
def test_course_vectors_without_an_array_are_refused(course_folder, name):
    arrays = {"ids": np.array([1]), "vectors": np.eye(1, 8, dtype=np.float32), "text_sha256": data.hash_texts(["a"])}
    del arrays[name]
    np.savez(course_folder / "vectors.npz", **arrays)
    with pytest.raises(ValueError, match=rf"holds no array '{name}'\. Get the file back"):
        data.load_vectors(pd.DataFrame({"synopsis": ["a"]}, index=[1]))


# ---- caches ----------------------------------------------------------------------------------------------------


def test_a_damaged_cache_gives_no_other_vector_and_heals(tmp_path):
    path = tmp_path / NAME
    vectors = {bytes([n]) * 32: np.random.default_rng(n).normal(size=16).astype(np.float32) for n in range(40)}
    cache = VectorCache(path)
    cache.put(vectors)
    lost = 0
    for raw in damaged(path.read_bytes()):
        path.write_bytes(raw)
        cache = VectorCache(path)
        found = cache.get(vectors)
        assert all((found[key] == vectors[key]).all() for key in found)
        lost += len(found) < len(vectors)
        for _ in range(3):  # what SQLite put into a damaged place may push out something else
            cache = VectorCache(path)
            missing = {key: vector for key, vector in vectors.items() if key not in found}
            cache.put(missing)
            found = cache.get(vectors)
            assert all((found[key] == vectors[key]).all() for key in found)
        assert len(found) == len(vectors)
    assert lost


@pytest.mark.parametrize("raw", [b"", b"no database at all", b"SQLite format 3\x00", os.urandom(5_000)])
def test_a_cache_that_is_none_is_begun_anew(tmp_path, raw):
    (tmp_path / NAME).write_bytes(raw)
    encoder = kills.Letters()
    assert (encode(kills.TEXTS, encoder, cache=tmp_path) == encoder.encode(kills.TEXTS)).all()
    with contextlib.closing(sqlite3.connect(tmp_path / NAME)) as stored:
        assert stored.execute("SELECT count(*) FROM vectors").fetchone() == (len(kills.TEXTS),)


def test_two_vectors_that_change_places_are_not_taken(tmp_path):
    keys = [b"a" * 32, b"b" * 32]
    cache = VectorCache(tmp_path / NAME)
    cache.put({key: np.full(4, place, np.float32) for place, key in enumerate(keys)})
    assert cache.get(keys).keys() == set(keys)
    with contextlib.closing(sqlite3.connect(tmp_path / NAME)) as stored, stored:
        rows = dict(stored.execute("SELECT key, vector FROM vectors").fetchall())
        for key, other in zip(keys, keys[::-1], strict=True):
            stored.execute("UPDATE vectors SET vector = ? WHERE key = ?", (rows[other], key))
    cache = VectorCache(tmp_path / NAME)
    assert cache.get(keys) == {}


def test_the_cache_keeps_its_size_and_gives_up_the_oldest(tmp_path):
    cache = VectorCache(tmp_path / NAME, most_bytes=400_000)
    for number in range(40):
        cache.put({bytes([number, n]) * 16: np.ones(384, np.float32) for n in range(20)})
        assert (tmp_path / NAME).stat().st_size < 600_000
    kept = [number for number in range(40) if cache.get([bytes([number, 0]) * 16])]
    assert kept[-1] == 39
    assert 3 < len(kept) < 15


def test_another_process_that_writes_is_waited_for_and_one_that_removes_the_file_does_no_harm(tmp_path):
    key, other = b"a" * 32, b"b" * 32
    one, two = VectorCache(tmp_path / NAME), VectorCache(tmp_path / NAME)
    one.put({key: np.ones(4, np.float32)})
    two.put({other: np.zeros(4, np.float32)})
    assert set(one.get([key, other])) == set(two.get([key, other])) == {key, other}
    two.remove()
    one.put({key: np.ones(4, np.float32)})
    assert set(two.get([key, other])) == {key}


# ---- a file of vectors -----------------------------------------------------------------------------------------


@pytest.fixture
def encoded(tmp_path):
    """Give a table, its vectors, and where they are."""
    kills.EncodedTable().prepare(tmp_path)
    return tmp_path / "t.csv", kills.Letters().encode(kills.TEXTS), tmp_path / "v.npy"


def run(table, out, encoder=None):
    return encode_csv(table, "text", out, encoder=encoder or kills.Letters(), rows_at_once=7, progress=False)


@pytest.mark.parametrize("suffix", ["", ".json"])
def test_a_damaged_file_of_vectors_is_made_again(encoded, suffix):
    table, wanted, out = encoded
    run(table, out)
    path = Path(f"{out}{suffix}")
    for raw in damaged(path.read_bytes()):
        path.write_bytes(raw)
        assert refused_in_one_line(lambda: (run(table, out) == wanted).all()) in (True, None)
        if not raw[:6] or raw[:6] == b"\x93NUMPY" or suffix:
            assert (np.load(out) == wanted).all()
        else:  # no longer a file of vectors: not ours to replace
            out.unlink()


def test_a_damaged_or_shortened_part_is_made_again(encoded):
    table, wanted, out = encoded

    class Tired(kills.Letters):
        def encode(self, texts, **_):
            if "b 41" in " ".join(texts):
                raise KeyboardInterrupt
            return super().encode(texts)

    Tired.__name__ = "Letters"
    with pytest.raises(KeyboardInterrupt):
        run(table, out, Tired())
    part = Path(f"{out}.part")
    for raw in damaged(part.read_bytes(), 5 * STEP):
        part.write_bytes(raw)
        assert (run(table, out) == wanted).all()
        assert not part.exists()
        Path(f"{out}.json").unlink()


def test_a_part_of_other_settings_is_not_taken(encoded):
    table, wanted, out = encoded
    part = VectorCache(Path(f"{out}.part"), None)
    encode(kills.TEXTS, kills.Letters(5.0), cache=out.parent)
    (out.parent / NAME).replace(part.path)
    assert (run(table, out) == wanted).all()


def test_a_table_that_changes_while_it_is_encoded_is_refused(encoded, monkeypatch):
    table, _, out = encoded
    before, readings = out.read_bytes(), iter([["a", "b"], ["a", "b"], ["a", "c"]])
    monkeypatch.setattr(csv_files, "read_csv_in_parts", lambda *_, **__: (part for part in [next(readings)]))
    with pytest.raises(ValueError, match=r"t\.csv was changed while it was read"):
        run(table, out)
    assert out.read_bytes() == before


@pytest.mark.parametrize("name", ["t.csv", "notes.txt", "folder"])
def test_the_table_itself_or_another_file_is_not_replaced(encoded, name):
    table, _, out = encoded
    (table.parent / "notes.txt").write_text("mine", encoding="utf-8")
    (table.parent / "folder").mkdir()
    before = table.read_bytes()
    with pytest.raises(ValueError, match="not a .npy file|is a folder"):
        encode_csv(table, "text", table.with_name(name), encoder=kills.Letters(), progress=False)
    assert table.read_bytes() == before
    assert (table.parent / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_the_last_of_two_processes_with_one_name_has_its_vectors_there(encoded):
    table, wanted, out = encoded
    other = table.with_name("other.csv")
    other.write_text("text\nabc\n", encoding="utf-8")

    class Slow(kills.Letters):
        def encode(self, texts, **_):
            run(other, out)
            return super().encode(texts)

    Slow.__name__ = "Letters"
    assert (run(table, out, Slow()) == wanted).all()
    assert (np.load(out) == wanted).all()


def test_the_first_of_two_processes_with_one_name_does_not_take_the_others_vectors(encoded, monkeypatch):
    table, _, out = encoded
    real = csv_files.write_whole

    def late(path):
        if path.suffix == ".json":
            np.save(out, np.eye(60, 4, dtype=np.float32))
        return real(path)

    monkeypatch.setattr(csv_files, "write_whole", late)
    with pytest.raises(ValueError, match=r"v\.npy: another process wrote other vectors there meanwhile"):
        run(table, out)
    monkeypatch.undo()
    assert (run(table, out) == kills.Letters().encode(kills.TEXTS)).all()


# ---- saved indexes and kept results ----------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["exact", "ball_tree", "hnsw", "int8", "binary"])
def test_a_damaged_index_is_refused_or_right(tmp_path, method):
    vectors = np.random.default_rng(0).normal(size=(40, 8)).astype(np.float32)
    index = NeighborIndex(vectors, [f"id {n}" for n in range(40)], method=method)
    index.save(tmp_path / "index")
    wanted = [array.tolist() for array in index.search(vectors, 5)]
    refused = 0
    for path in sorted((tmp_path / "index").iterdir()):
        whole = path.read_bytes()
        for raw in damaged(whole):
            path.write_bytes(raw)
            found = refused_in_one_line(lambda: NeighborIndex.load(tmp_path / "index"))
            refused += found is None
            assert found is None or [array.tolist() for array in found.search(vectors, 5)] == wanted
        path.unlink()
        assert refused_in_one_line(lambda: NeighborIndex.load(tmp_path / "index")) is None
        path.write_bytes(whole)
    assert refused
    assert len(NeighborIndex.load(tmp_path / "index")) == 40


def test_damaged_results_are_refused_or_right(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA_DIR", tmp_path)
    results.keep({"figures": [0.25, 1.5]}, "some", "one")
    path, refused = tmp_path / results.RESULTS, 0
    for raw in damaged(path.read_bytes()):
        path.write_bytes(raw)
        found = refused_in_one_line(lambda: results.load("some", "one"))
        refused += found is None
        assert found is None or found["figures"] == [0.25, 1.5]
    assert refused


def test_results_survive_a_merge_by_hand_once_they_are_sealed(tmp_path, monkeypatch):
    monkeypatch.setattr(results, "DATA_DIR", tmp_path)
    results.keep({"figure": 1}, "some", "one")
    path = tmp_path / results.RESULTS
    path.write_text(path.read_text(encoding="utf-8").replace('"figure": 1', '"figure": 2'), encoding="utf-8")
    with pytest.raises(ValueError, match="git checkout data/reference_results.json"):
        results.load("some", "one")
    results.seal()
    assert results.load("some", "one")["figure"] == 2
    with pytest.raises(ValueError, match="nothing is kept under some two"):
        results.load("some", "two")


def test_the_courses_own_results_are_as_they_were_written():
    assert results.load("benchmark")
    assert results.load("evaluate", "movielens", "last")["models"]


# ---- kills -----------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the killed process is a fork")
@pytest.mark.parametrize("job", list(kills.JOBS))
def test_a_kill_at_any_moment_loses_mixes_and_leaves_nothing(job):
    command = [sys.executable, str(Path(kills.__file__)), job, "--kills", KILLS]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{job}: {2 * int(KILLS)} kills" in done.stdout


def test_what_a_killed_process_left_is_removed_by_the_next_that_writes(tmp_path):
    code = (
        "import os, sys; from pathlib import Path; from helpers.files import write_whole\n"
        "with write_whole(Path(sys.argv[1])) as path: path.write_text('half'); os._exit(9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "f.txt")], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    with files.write_whole(tmp_path / "g.txt") as path:
        path.write_text("whole", encoding="utf-8")
        assert len(list(tmp_path.iterdir())) == 1
        with files.write_whole(tmp_path / "h.txt") as other:  # the first is still being written
            other.write_text("whole", encoding="utf-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["g.txt", "h.txt"]


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), data.write_whole(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]
