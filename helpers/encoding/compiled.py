"""The text encoder compiled for this machine's CPU by OpenVINO: the extra ``fast``, used where it is installed.

Nothing here is needed: `helpers.encoding` works without it. How much is gained hangs on the processor: three times the
speed and more where it computes in bfloat16, half as much again where it has AVX2 alone. Reports that OpenVINO would
send to its makers are switched off before it is imported.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import json
import os
import sys
import warnings
from collections import deque
from pathlib import Path

import numpy as np

from helpers.encoding.models import prompt_of
from helpers.files import file_sha256, remove, remove_abandoned, temporary_path

BATCH = 8  # texts that go through the network together; each of its streams works on a batch
CHECKED = 32  # texts on which the compiled encoder is compared with the plain one
LEAST_COSINE = 0.9999  # with float32, for every one of them
NETWORKS_KEPT = 3  # of 90 MB each; the ones that were used last
FOLDER = "openvino-"  # and a key: where the network of an encoder is kept
FILES = ("model.xml", "model.bin")  # of a converted network
SUMS = "sha256.json"  # their SHA-256
SWITCH = "COURSE_FAST"  # an environment variable; 0 keeps to plain float32


def available() -> bool:
    """Whether OpenVINO is installed, and not switched off by ``COURSE_FAST=0``."""
    return os.environ.get(SWITCH) != "0" and importlib.util.find_spec("openvino") is not None


@functools.cache
def kind() -> str:
    """What else makes the vectors of a compiled encoder: OpenVINO's version, and what this CPU computes in."""
    try:
        able = sorted(_openvino().Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"))
        return f"OpenVINO {importlib.metadata.version('openvino')} {' '.join(able)}"
    except Exception:  # it is installed and does not work; compiling will say so, and the plain encoder does
        return "OpenVINO"


def compile_encoder(encoder, texts: list[str], folder: Path) -> CompiledEncoder | None:
    """Compile an encoder in the CPU's own precision if that changes no vector by much, else in float32.

    Parameters
    ----------
    encoder : sentence_transformers.SentenceTransformer
        Any that reads token numbers and a mask, as BERT does.
    texts : list of str
        What is about to be encoded; 32 of them are encoded both ways. A cosine below 0.9999 rules a precision out.
    folder : path
        Where the converted network is kept for the next time (90 MB), with its SHA-256.

    Returns
    -------
    CompiledEncoder or None
        None when the encoder cannot be converted or no precision passes; one line on standard error says so.
    """
    if not callable(getattr(encoder, "tokenizer", None)):  # a static encoder has no network
        return None
    sample = texts[:: max(1, len(texts) // CHECKED)][:CHECKED]
    plain = encoder.encode(sample, normalize_embeddings=True, show_progress_bar=False)
    try:
        core = _openvino().Core()
        network = _network(core, encoder, folder)
    except Exception as error:  # whatever it is, the plain encoder still works
        return _without(error)
    for hint in ({}, {"INFERENCE_PRECISION_HINT": "f32"}):
        try:
            settings = {"PERFORMANCE_HINT": "THROUGHPUT", **hint}
            compiled = CompiledEncoder(core.compile_model(network, "CPU", settings), encoder)
            least = float((compiled.encode(sample) * plain).sum(axis=1).min())
        except Exception as error:  # a processor that is told not to use what it has cannot compile for it
            why = error
            continue
        if least >= LEAST_COSINE:
            _say(f"Encoding with OpenVINO in {compiled.precision}: cosine with float32 at least {least:.5f}.")
            return compiled
        why = f"its vectors differ from float32 (cosine {least:.5f})."
    return _without(why)


def _without(why) -> None:
    """Say why the plain encoder serves."""
    if isinstance(why, Exception):
        why = f"{type(why).__name__} {str(why).strip().partition(chr(10))[0]}"
    _say(f"Encoding without OpenVINO: {why}")


class CompiledEncoder:
    """A network that OpenVINO compiled; `encode` gives what the encoder gives, up to rounding."""

    def __init__(self, network, encoder):
        self._network = network
        self.tokenizer, self.max_seq_length = encoder.tokenizer, encoder.max_seq_length
        self._prompt = prompt_of(encoder)
        self.precision = str(network.get_property("INFERENCE_PRECISION_HINT")).split("'")[1]

    def encode(self, texts: list[str], bar=None) -> np.ndarray:
        """Encode texts as unit vectors.

        Requests are waited for one after the other, without callbacks: a callback of Python that ends while its queue
        is taken down can wait forever for Python's lock.

        Returns
        -------
        numpy.ndarray
            (n_texts, dimensions) float32, in the order of the texts.
        """
        vectors = np.empty((len(texts), self._network.output(0).partial_shape[1].get_length()), dtype=np.float32)
        order = np.argsort([-len(text) for text in texts], kind="stable")  # a batch is as slow as its longest text
        count = self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        free, running = [self._network.create_infer_request() for _ in range(count)], deque()

        def collect():
            request, places = running.popleft()
            request.wait()
            vectors[places] = request.get_output_tensor(0).data
            free.append(request)
            if bar is not None:
                bar.update(len(places))

        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            tokens = self.tokenizer(
                [self._prompt + texts[place] for place in places],
                padding=True, truncation=True, max_length=self.max_seq_length, return_tensors="np",
            )  # fmt: skip
            if not free:
                collect()
            request = free.pop()
            request.start_async({name: tokens[name] for name in ("input_ids", "attention_mask")})
            running.append((request, places))
        while running:
            collect()
        return vectors


def _openvino():
    """Import OpenVINO, without its package that reports to its makers."""
    sys.modules.setdefault("openvino_telemetry", None)
    import openvino

    return openvino


def _network(core, encoder, folder: Path):
    """The converted network, from `folder` if it is there and whole, else made again and kept there."""
    remove_abandoned(folder.parent)
    try:
        if json.loads((folder / SUMS).read_text(encoding="utf-8")) == _sums(folder):
            os.utime(folder)
            return core.read_model(folder / FILES[0])
    except (OSError, ValueError, RuntimeError):  # not there, or damaged
        pass
    network = _convert(encoder)
    new = temporary_path(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        new.mkdir()
        _openvino().save_model(network, new / FILES[0], compress_to_fp16=False)
        (new / SUMS).write_text(json.dumps(_sums(new)), encoding="utf-8")
        folder.mkdir(exist_ok=True)
        for name in (*FILES, SUMS):  # what is interrupted between them does not fit its sums
            (new / name).replace(folder / name)
        _remove_oldest(folder.parent)
    except (OSError, RuntimeError):  # a folder that cannot be written only costs the time to convert again
        pass
    finally:
        remove(new)
    return network


def _remove_oldest(folder: Path) -> None:
    """Keep the networks that were used last; of the others, remove what we have written."""
    networks = [path for path in folder.glob(f"{FOLDER}*") if (path / SUMS).is_file()]
    for network in sorted(networks, key=lambda path: path.stat().st_mtime)[:-NETWORKS_KEPT]:
        for name in (*FILES, SUMS):
            (network / name).unlink(missing_ok=True)
        if not any(network.iterdir()):
            network.rmdir()


def _sums(folder: Path) -> dict[str, str]:
    return {name: file_sha256(folder / name) for name in FILES}


def _convert(encoder):
    """The whole encoder as one network: tokens and mask in, unit vectors out."""
    import torch
    from transformers.utils import logging

    class Whole(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids, attention_mask):
            found = self.encoder({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(found["sentence_embedding"], dim=1)

    example = encoder.tokenizer(["two texts", "of other lengths, so"], padding=True, return_tensors="pt")
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing tells what it does
            names = ("input_ids", "attention_mask")
            inputs = {name: example[name] for name in names}
            return _openvino().convert_model(Whole().eval(), example_input=inputs)
    finally:
        logging.set_verbosity(level)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
