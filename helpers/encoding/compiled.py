"""The text encoder compiled for this machine's CPU by OpenVINO: the extra ``fast``, used where it is installed.

It is three times as fast and more on a processor that computes in bfloat16, half as fast again on one with AVX2 alone.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import os
import sys
import warnings
from typing import Any

import numpy as np

BATCH = 8  # texts that go through the network together; each of its streams works on a batch
CHECKED = 32  # texts on which the compiled encoder is compared with the plain one
LEAST_COSINE = 0.9999  # with float32, for every one of them
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


def compile_encoder(encoder: Any, texts: list[str]) -> CompiledEncoder | None:
    """Compile an encoder in the CPU's own precision if that changes no vector by much, else in float32: some seconds.

    Of the `texts` that are about to be encoded, 32 are encoded both ways, and a cosine below 0.9999 rules a precision
    out. None when the encoder, which has to read token numbers and a mask, as BERT does, cannot be converted or no
    precision passes; one line on standard error says so.
    """
    if not callable(getattr(encoder, "tokenizer", None)):  # a static encoder has no network
        return None
    sample = texts[:: max(1, len(texts) // CHECKED)][:CHECKED]
    plain = encoder.encode(sample, prompt="", normalize_embeddings=True, show_progress_bar=False)
    network, why = None, ""
    for settings in ({}, {"INFERENCE_PRECISION_HINT": "f32"}):  # the CPU's own, then that of the plain encoder
        try:
            network = network or _convert(encoder)
            made = _openvino().Core().compile_model(network, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"} | settings)
            compiled = CompiledEncoder(made, encoder)
            least = float((compiled.encode(sample) * plain).sum(axis=1).min())
        except Exception as error:  # it cannot be converted, or not be compiled for this processor; the plain one works
            why = f"{type(error).__name__} {str(error).strip().partition(chr(10))[0]}"
            if network is None:
                break
            continue
        if least >= LEAST_COSINE:
            _say(f"Encoding with OpenVINO in {compiled.precision}: cosine with float32 at least {least:.5f}.")
            return compiled
        why = f"its vectors differ from float32 (cosine {least:.5f})."
    _say(f"Encoding without OpenVINO: {why}")
    return None


class CompiledEncoder:
    """A network that OpenVINO compiled; `encode` gives what the encoder gives, up to rounding."""

    def __init__(self, network: Any, encoder: Any):
        self._network = network
        self.tokenizer, self.max_seq_length = encoder.tokenizer, encoder.max_seq_length
        self.precision = str(network.get_property("INFERENCE_PRECISION_HINT")).split("'")[1]

    def encode(self, texts: list[str], prompt: str = "", bar: Any = None) -> np.ndarray:
        """Encode texts, each behind a prompt, as unit vectors: (n_texts, dimensions) float32.

        Requests are waited for one after the other, without callbacks: a callback of Python that ends while its queue
        is taken down can wait forever for Python's lock.
        """
        vectors = np.empty((len(texts), self._network.output(0).partial_shape[1].get_length()), dtype=np.float32)
        order = np.argsort([-len(text) for text in texts], kind="stable")  # a batch is as slow as its longest text
        batches = [order[start : start + BATCH] for start in range(0, len(order), BATCH)]
        count = self._network.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS")
        requests = [self._network.create_infer_request() for _ in range(count)]
        for number in range(len(batches) + count):
            request = requests[number % count]
            if 0 <= number - count < len(batches):  # what it was given before
                request.wait()
                vectors[batches[number - count]] = request.get_output_tensor(0).data
                if bar is not None:
                    bar.update(len(batches[number - count]))
            if number < len(batches):
                tokens = self.tokenizer(
                    [prompt + texts[place] for place in batches[number]],
                    padding=True, truncation=True, max_length=self.max_seq_length, return_tensors="np",
                )  # fmt: skip
                request.start_async({name: tokens[name] for name in ("input_ids", "attention_mask")})
        return vectors


def _openvino() -> Any:
    """Import OpenVINO, without its package that reports to its makers."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    return openvino


def _convert(encoder: Any) -> Any:
    """The whole encoder as one network: tokens and mask in, unit vectors out."""
    import torch
    from transformers.utils import logging

    class Whole(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = encoder

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            found = self.encoder({"input_ids": input_ids, "attention_mask": attention_mask})
            return torch.nn.functional.normalize(found["sentence_embedding"], dim=1)

    tokens = encoder.tokenizer(["two texts", "of other lengths, so"], padding=True, return_tensors="pt")
    example = {name: tokens[name] for name in ("input_ids", "attention_mask")}
    level = logging.get_verbosity()
    logging.set_verbosity_error()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # tracing tells what it does
            return _openvino().convert_model(Whole().eval(), example_input=example)
    finally:
        logging.set_verbosity(level)


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
