"""The compiled encoder, encoding from a file, and the encoder without a network."""

import os
import subprocess
import sys
import time

import numpy as np
import pandas as pd
import pytest
import tiny_models

from helpers.course.bootstrap import ROOT
from helpers.data import load_movies
from helpers.encoding import batches, compiled, encode, encode_csv, load_encoder, static_encoder


@pytest.fixture(scope="module")
def texts():
    return load_movies()["synopsis"].str.split(". ", n=1, regex=False).str[0].head(24)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    return load_encoder(tiny_models.save_tiny_bert(tmp_path_factory.mktemp("tiny")))


SENTENCES = [f"the {who} {does} in {where}" for who in ("shark", "whale", "robot") for does in ("hunts", "sleeps")
             for where in ("the sea", "court", "a boat", "love")]  # fmt: skip


@pytest.fixture
def fast(monkeypatch):
    monkeypatch.setenv(compiled.SWITCH, "1")


def test_the_compiled_encoder_gives_the_same_vectors(texts, capsys):
    encoder = compiled.compile_encoder(load_encoder(), texts.tolist())
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert encoder.precision in said
    found = encoder.encode(texts.tolist())
    assert found.dtype == np.float32
    assert (found * encode(texts)).sum(axis=1).min() >= 0.9998


def test_another_encoder_is_compiled_too_with_its_prompt_and_its_limit(tiny):
    made = compiled.compile_encoder(tiny, SENTENCES)
    long = [f"{sentence} " * 9 for sentence in SENTENCES]
    for texts, prompt in ((SENTENCES, ""), (SENTENCES, "a lawyer learns "), (long, "")):
        plain = tiny.encode(texts, prompt=prompt, normalize_embeddings=True)
        assert (made.encode(texts, prompt) * plain).sum(axis=1).min() >= 0.9995
    alike = made.encode(SENTENCES)
    assert alike.shape == (24, 32)
    assert np.linalg.matrix_rank(alike, tol=1e-2) > 5  # the texts are told apart at all


def test_a_precision_that_changes_vectors_is_not_used(tiny, monkeypatch, capsys):
    monkeypatch.setattr(compiled, "LEAST_COSINE", 0.999999)
    assert compiled.compile_encoder(tiny, SENTENCES).precision == "float32"
    monkeypatch.setattr(compiled, "LEAST_COSINE", 1.1)
    assert compiled.compile_encoder(tiny, SENTENCES) is None
    assert "without OpenVINO: its vectors differ" in capsys.readouterr().err


def test_an_encoder_that_cannot_be_compiled_is_used_as_it_is(tiny, monkeypatch, capsys):
    def fail(encoder):
        raise RuntimeError("no such operation\nwith a long trace")

    monkeypatch.setattr(compiled, "_convert", fail)
    assert compiled.compile_encoder(tiny, SENTENCES) is None
    assert capsys.readouterr().err == "Encoding without OpenVINO: RuntimeError no such operation\n"


def test_an_encoder_without_a_network_is_not_compiled(fast, course_folder, tmp_path, capsys):
    for encoder in (load_encoder("tfidf"), load_encoder(tiny_models.save_tiny_static(tmp_path))):
        encode(SENTENCES, encoder, fast=True)
    assert not capsys.readouterr().err


class Compiled(compiled.CompiledEncoder):
    """As if compiled; counts what it encodes."""

    def __init__(self, encoder):
        self.encoder, self.seen = encoder, 0

    def encode(self, texts, prompt="", bar=None):
        self.seen += len(texts)
        return self.encoder.encode(texts, normalize_embeddings=True, show_progress_bar=False)


@pytest.fixture
def one_compiled(fast, course_folder, monkeypatch):
    """Give the compiled encoder that everything gets, made at the first use."""
    made = Compiled(load_encoder())
    monkeypatch.setattr(batches, "_COMPILED", {})
    monkeypatch.setattr(compiled, "compile_encoder", lambda *_: made)
    return made


def test_encode_compiles_only_where_it_is_asked_to_or_many_new_texts_come(texts, one_compiled, monkeypatch):
    encode(texts[:5])
    assert one_compiled.seen == 0
    encode(texts[:5], fast=True, cache=False)
    assert one_compiled.seen == 5
    monkeypatch.setattr(batches, "FAST_FROM", 6)
    encode(texts[:7], progress=False)  # two of them are new
    assert one_compiled.seen == 5
    encode(texts[10:17], progress=False)
    assert one_compiled.seen == 12
    encode(texts[10:18], progress=False)  # one is new
    assert one_compiled.seen == 12


def test_who_asks_for_one_way_gets_no_kept_vector_of_the_other(texts, one_compiled, monkeypatch):
    some, seen = texts[:3], []
    real = load_encoder().encode
    monkeypatch.setattr(load_encoder(), "encode", lambda batch, **o: (seen.extend(batch), real(batch, **o))[1])
    encode(some, fast=True)
    assert (one_compiled.seen, len(seen)) == (3, 3)  # the stand-in uses the encoder
    encode(some, fast=False)
    assert (one_compiled.seen, len(seen)) == (3, 6)
    encode(some, fast=True)
    encode(some, fast=False)
    assert (one_compiled.seen, len(seen)) == (3, 6)


def test_an_encoder_that_was_changed_is_compiled_anew(texts, one_compiled, monkeypatch):
    calls = []
    monkeypatch.setattr(compiled, "compile_encoder", lambda *_: calls.append(1) or one_compiled)
    for limit in (256, 256, 9):
        monkeypatch.setattr(load_encoder()[0], "max_seq_length", limit)
        encode(texts[:2], fast=True, cache=False)
    assert len(calls) == 2


def test_without_openvino_or_switched_off_nothing_is_compiled(monkeypatch):
    monkeypatch.setenv(compiled.SWITCH, "0")
    assert not compiled.available()
    monkeypatch.setenv(compiled.SWITCH, "1")
    assert compiled.available()
    monkeypatch.setattr(compiled.importlib.util, "find_spec", lambda name: None)
    assert not compiled.available()


def test_openvino_reports_nothing_home(tmp_path):
    code = (
        "import sys, socket\n"
        "socket.socket.connect = lambda *_: print('CONNECTED')\n"
        "from helpers.encoding import compiled\n"
        "openvino = compiled._openvino()\n"
        "from openvino.tools.ovc import convert_impl, telemetry_utils\n"
        "print(convert_impl.tm.__name__, telemetry_utils.tm.__name__)\n"
    )
    environment = dict(os.environ, HOME=str(tmp_path), PYTHONPATH=str(ROOT))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, check=True)
    assert done.stdout.split() == ["openvino.tools.ovc.telemetry_stub"] * 2
    assert not list(tmp_path.rglob("*"))


# ---- from a file to a file -------------------------------------------------------------------------------------


class Letters:
    """An encoder that counts letters."""

    max_seq_length = np.inf
    seen = 0

    def state_dict(self):
        return {}

    def encode(self, texts, **_):
        self.seen += len(texts)
        rows = np.array([[1 + text.count(letter) for letter in "abcd"] for text in texts], dtype=np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


@pytest.fixture
def table(tmp_path):
    random = np.random.default_rng(0)
    texts = ["".join(random.choice(list("abcd; ,\"\n'é"), 20)) + "a" for _ in range(1_003)]
    path = tmp_path / "texts.csv"
    pd.DataFrame({"n": range(1_003), "text": texts}).to_csv(path, index=False)
    return path


def test_a_file_becomes_a_file_of_the_same_vectors(table, tmp_path):
    encoder = Letters()
    found = encode_csv(table, "text", tmp_path / "v.npy", encoder=encoder, rows_at_once=100, progress=False)
    wanted = encoder.encode(pd.read_csv(table)["text"].str.strip().tolist())
    assert isinstance(found, np.memmap)
    assert np.allclose(found, wanted)
    assert np.allclose(np.load(tmp_path / "v.npy"), wanted)
    assert not list(tmp_path.glob("*.part"))


def test_an_interrupted_run_goes_on_where_it_stopped_and_a_finished_one_does_nothing(table, tmp_path):
    class Tired(Letters):
        def encode(self, texts, **_):
            if self.seen >= 500:
                raise KeyboardInterrupt
            return super().encode(texts)

    out, rest = tmp_path / "v.npy", Letters()
    tired = Tired()
    tired.__class__.__name__ = "Letters"
    with pytest.raises(KeyboardInterrupt):
        encode_csv(table, "text", out, encoder=tired, rows_at_once=100, progress=False)
    assert not out.exists()
    found = encode_csv(table, "text", out, encoder=rest, rows_at_once=100, progress=False)
    assert rest.seen == 503
    assert np.allclose(found, Letters().encode(pd.read_csv(table)["text"].str.strip().tolist()))
    encode_csv(table, "text", out, encoder=rest, rows_at_once=100, progress=False)
    assert rest.seen == 503


def test_other_texts_or_another_encoder_start_anew(table, tmp_path):
    class Others(Letters):
        pass

    out, encoder, other = tmp_path / "v.npy", Letters(), Others()
    encode_csv(table, "text", out, encoder=encoder, progress=False)
    encode_csv(table, "text", out, encoder=other, progress=False)
    assert other.seen == 1_003
    table.write_text(table.read_text(encoding="utf-8").replace("a", "b", 1), encoding="utf-8")
    encode_csv(table, "text", out, encoder=other, progress=False)
    assert other.seen == 2_006


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("n,text\n1,a\n2,\n3, \n", r"t\.csv: 2 of 3 rows have no text \(rows 2, 3\)"),
        ("n,text\n", r"t\.csv: no rows"),
        ("n,words\n1,a\n", r"t\.csv: column 'text' is missing \(found: n, words\)"),
    ],
)
def test_a_file_without_texts_is_refused_before_anything_is_written(tmp_path, content, message):
    (tmp_path / "t.csv").write_text(content, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        encode_csv(tmp_path / "t.csv", "text", tmp_path / "v.npy", encoder=Letters(), progress=False)
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]


@pytest.mark.filterwarnings("ignore:.*it is read as Windows-1252")
@pytest.mark.parametrize("encoding_name", ["utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("sign", [";", "\t"])
def test_files_of_other_programs_are_read_too(tmp_path, encoding_name, sign):
    path = tmp_path / "t.csv"
    pd.DataFrame({"n": [1, 2], "text": ["café d", "b"]}).to_csv(path, sep=sign, index=False, encoding=encoding_name)
    found = encode_csv(path, "text", tmp_path / "v.npy", encoder=Letters(), progress=False)
    assert np.allclose(found, Letters().encode(["café d", "b"]))


def test_memory_does_not_grow_with_the_file(tmp_path):
    import tracemalloc

    peaks = []
    for rows in (5_000, 15_000):
        path = tmp_path / f"{rows}.csv"
        path.write_text("text\n" + ("abcd " * 180 + "\n") * rows, encoding="utf-8")  # of several blocks
        tracemalloc.start()
        encode_csv(path, "text", tmp_path / f"{rows}.npy", encoder=Letters(), rows_at_once=200, progress=False)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]


# ---- without a network -----------------------------------------------------------------------------------------


def test_a_static_encoder_is_the_weighted_mean_of_the_vectors_of_its_tokens(tiny, course_folder):
    static = static_encoder(SENTENCES, tiny, dimensions=16)
    one, other, both = static.encode(["shark", "boat", "shark boat"])
    assert both.shape == (16,)
    assert np.allclose(both, (one + other) / 2, atol=1e-5)
    rare, frequent = static.encode(["lawyer", "the"])
    assert np.linalg.norm(rare) > 1.5 * np.linalg.norm(frequent)
    assert encode(["boat"], static, cache=False).shape == (1, 16)


@pytest.mark.speed
def test_a_static_encoder_is_far_faster():
    films = load_movies()
    static = static_encoder(films["synopsis"])
    begin = time.perf_counter()
    encode(films["synopsis"], static, cache=False, progress=False)
    quick = (time.perf_counter() - begin) / len(films)
    begin = time.perf_counter()
    for text in films["synopsis"].head(20):
        load_encoder().encode(text, show_progress_bar=False)
    assert (time.perf_counter() - begin) / 20 > 15 * quick


def test_a_static_encoder_reads_texts_of_any_length_whole(tiny, course_folder):
    static = static_encoder(SENTENCES, tiny, dimensions=16)
    long = "the whale sleeps in the sea. " * 200
    one, other = encode([long + "robot", long + "lawyer"], static, cache=False)
    assert one @ other < 1 - 1e-7
    assert np.allclose(encode([long], static, truncation=False, cache=False), encode([long], static, cache=False))
