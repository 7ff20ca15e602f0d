"""Make everything in data/ that follows from movies.csv, listings_by_hand.csv and the makers, in order, and the sums.

python tools/make_data.py
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import make_listings  # noqa: E402
import make_ratings  # noqa: E402
import make_vectors  # noqa: E402

from helpers.data import CHECKSUMS, DATA_DIR, file_sha256, write_whole  # noqa: E402

FILES = [
    "README.md",
    "LICENSE",
    "movies.csv",
    "listings_raw.csv",
    "duplicates.csv",
    "ratings.csv",
    "vectors.npz",
    "recipes.csv",
    "descriptions.csv",
    "endings.csv",
    "languages.csv",
    "vectors_mpnet.npz",
]


def write_checksums() -> None:
    """Write the SHA-256 of every file, in the format that ``sha256sum --check`` reads."""
    lines = [f"{file_sha256(DATA_DIR / name)}  {name}\n" for name in FILES]
    with write_whole(DATA_DIR / CHECKSUMS) as path:
        path.write_text("".join(lines), encoding="utf-8", newline="\n")


def main() -> None:
    for maker in (make_listings, make_ratings, make_vectors):
        maker.main()
    write_checksums()


if __name__ == "__main__":
    main()
