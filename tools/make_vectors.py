"""Encode the synopses of data/movies.csv again and write data/vectors.npz; or those of another encoder.

python tools/make_vectors.py
python tools/make_vectors.py all-mpnet-base-v2 [FOLDER OF THE MODEL]

The second file also holds the vectors of the questions on which notebook 03 compares the two encoders.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.data import DATA_DIR, VECTOR_FILES, hash_texts, load_movies, write_whole  # noqa: E402
from helpers.encoding import MODEL_NAME, encode, load_encoder  # noqa: E402
from helpers.encoding.models import CHOICES, DEFAULT, HUB  # noqa: E402
from helpers.files import file_sha256  # noqa: E402

HALF = np.float16  # of other encoders: half the size, and no cosine changes by more than 0.0005


def main(name: str = DEFAULT, folder: str | None = None) -> None:
    synopses = load_movies()["synopsis"]
    arrays = {"ids": synopses.index.to_numpy(), "text_sha256": hash_texts(synopses)}
    if name == DEFAULT:
        arrays |= {"vectors": encode(synopses, cache=False), "model": np.array(MODEL_NAME)}
    else:
        weights = Path(folder or ".") / "model.safetensors"
        if folder and file_sha256(weights) != CHOICES[name].sha256:
            raise ValueError(f"{weights} is not the published file of {name}.")
        encoder, questions = load_encoder(folder or name), pd.read_csv(DATA_DIR / "descriptions.csv")
        arrays |= {"vectors": encode(synopses, encoder).astype(HALF), "model": np.array(HUB + name)}
        arrays |= {"questions": encode(questions["description"], encoder).astype(HALF)}
        arrays |= {"question_sha256": hash_texts(questions["description"])}
    with write_whole(DATA_DIR / VECTOR_FILES[name]) as path:
        np.savez(path, **arrays)


if __name__ == "__main__":
    main(*sys.argv[1:])
