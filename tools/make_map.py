"""Lay the course's films out in the plane: ``helpers/app/map.json``, the map of the app.

    python tools/make_map.py

t-SNE (van der Maaten and Hinton, 2008, JMLR 9) of the text vectors; it keeps neighborhoods, and not distances between
them. Prints the share of the ten nearest films that are among the ten nearest on the map, against a plane of the two
main directions. Regions are clusters on the map, named by the tags and genres that stand out in them most.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path

import numpy as np
from sklearn.cluster import KMeans
from sklearn.decomposition import PCA
from sklearn.manifold import TSNE
from sklearn.neighbors import NearestNeighbors

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from helpers.app.catalogue import MAP  # noqa: E402
from helpers.data import load_movies, load_vectors  # noqa: E402

REGIONS = 16
LEAST = 0.25  # share of a region's films that a name has to fit


def kept(vectors: np.ndarray, points: np.ndarray, k: int = 10) -> float:
    """Share of the k nearest by vectors that are among the k nearest by points."""
    near = [NearestNeighbors(n_neighbors=k + 1).fit(rows).kneighbors(rows)[1][:, 1:] for rows in (vectors, points)]
    return float(np.mean([len(set(one) & set(other)) / k for one, other in zip(*near, strict=True)]))


def regions(points: np.ndarray, movies) -> list[tuple[str, float, float]]:
    """Name and center of each region; a name is given once, to the region that it fits best."""
    found = KMeans(REGIONS, n_init=10, random_state=0).fit(points)
    words = [set(f"{genres}|{tags}".split("|")) for genres, tags in zip(movies["genres"], movies["tags"], strict=True)]
    everywhere = Counter(word for film in words for word in film)
    fits = []
    for number in range(REGIONS):
        members = [words[place] for place in np.flatnonzero(found.labels_ == number)]
        for word, count in Counter(word for film in members for word in film).items():
            share, usual = count / len(members), everywhere[word] / len(words)
            if share >= LEAST:
                fits.append((share * np.log(share / usual) ** 2, number, word))
    named: dict[int, str] = {}
    for _, number, word in sorted(fits, reverse=True):
        if number not in named and word not in named.values():
            named[number] = word
    return [
        (name, *found.cluster_centers_[number].astype(float).round(3).tolist())
        for number, name in sorted(named.items())
    ]


def main() -> None:
    movies = load_movies().sort_index()
    vectors = load_vectors(movies)
    plane = TSNE(metric="cosine", init="pca", perplexity=20, random_state=0).fit_transform(vectors)
    points = (plane - plane.min(axis=0)) / np.ptp(plane, axis=0)
    for name, rows in (("t-SNE", points), ("two main directions", PCA(2).fit_transform(vectors))):
        print(f"{name}: {kept(vectors, rows):.1%} of the ten nearest are kept")
    names = regions(points, movies)
    print(*names, sep="\n")
    document = {"names": names, "points": dict(zip(map(str, movies.index), points.round(3).tolist(), strict=True))}
    MAP.write_text(json.dumps(document, separators=(",", ":")) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
