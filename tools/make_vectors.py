"""Encode the synopses of data/movies.csv again and write data/vectors.npz."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import DATA_DIR, hash_texts, load_movies, write_whole  # noqa: E402
from helpers.encoding import MODEL_NAME, encode  # noqa: E402


def main() -> None:
    synopses = load_movies()["synopsis"]
    arrays = {"ids": synopses.index.to_numpy(), "vectors": encode(synopses, cache=False), "model": np.array(MODEL_NAME)}
    with write_whole(DATA_DIR / "vectors.npz") as path:
        np.savez(path, text_sha256=hash_texts(synopses), **arrays)


if __name__ == "__main__":
    main()
