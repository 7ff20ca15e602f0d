"""Make data/ratings.csv: simulated viewers who rate the first 1,000 films of data/movies.csv.

    python tools/make_ratings.py [FOLDER]

The viewers are invented; no rating of a real person is in the file. The model reads facts of the films (genres,
tags, director, year, and their order in the file as popularity), never a synopsis and never a vector: a recommender
that compares texts is judged on taste that was not made from texts.

1. A film has a row of features: genres and tags (rare ones weigh more), the decade, and a hidden style, which films
   of one director share in part. The style stands for what no catalogue says of a film.
2. A viewer's taste is a mix of a few of `CIRCLES` tastes that many share, and something of their own. It drifts.
   How well a film fits is the product of features and taste, brought to mean 0 and spread 1 for every viewer.
3. Which films a viewer gets to see depends on popularity, fit, and chance (sampling without replacement by Gumbel
   noise, Kool et al., 2019); no film is seen before its year. Trend-followers see what is new and popular.
4. A rating is the viewer's own mean plus their own spread times a sum of the film's quality, the fit, and noise,
   rounded to halves (by some viewers to whole stars). A few rate at random.

The figures below were tuned by hand until the statistics that tests/test_shipped_ratings.py checks were near those of
MovieLens ml-latest-small. The seed is fixed: the same films give the same bytes.

W. Kool, H. van Hoof and M. Welling (2019), Stochastic beams and where to find them, ICML, section 2.
"""

from __future__ import annotations

import csv
import datetime
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from helpers.data import DATA_DIR, NAMED_VIEWERS, RATING_COLUMNS, load_movies, write_whole  # noqa: E402

SEED = 1997
FILMS = 1_000  # the films after these came out when the last viewer had left: nobody rated them
VIEWERS = 700
FEWEST, MOST = 20, 700  # ratings of one viewer
MOST_OF_ALL = 0.75  # of the films that are out when they start
MEDIAN_RATINGS, RATINGS_SPREAD = 68, 0.95  # of a log-normal distribution
FIRST_DAY, LAST_DAY = datetime.datetime(1999, 1, 1), datetime.datetime(2018, 9, 1)

CIRCLES, STYLES = 10, 6
WEIGHTS = {"genres": 1.0, "tags": 1.0, "decade": 0.35, "style": 0.8}  # of the parts of a film's features
OWN_TASTE, DRIFT = 0.1, 0.1  # against 1 for the shared taste
PHASES = 4  # parts of a viewer's history, each with the taste of its time
POPULARITY, POPULARITY_OFFSET = 0.85, 60  # chance to be seen ~ (rank + offset) ** -popularity
PULL = 1.6  # of the fit on what is seen
TREND_FOLLOWERS, AT_RANDOM, WHOLE_STARS = 0.06, 0.02, 0.4  # shares of the viewers
MEAN, MEAN_SPREAD, SPREAD = 3.09, 0.40, 1.04  # stars
QUALITY, FIT, NOISE = 0.42, 0.42, 0.80  # parts of a rating, in spreads
TREND_FIT = 0.13  # of trend-followers, who like what is liked
NAMED_RATINGS, NAMED_PULL, NAMED_FIT, NAMED_NOISE = 120, 0.9, 0.8, 0.4  # the named viewers know what they like


class Taste(NamedTuple):
    """What a named viewer likes (positive) and dislikes (negative), by genre and tag."""

    genres: dict[str, float]
    tags: dict[str, float]


NAMED_TASTES = {
    "Ada": Taste(
        {"Science Fiction": 2.0, "Adventure": 0.4, "Romance": -0.8, "Musical": -1.0},
        {"space travel": 1.2, "robot": 1.2, "time travel": 1.0, "artificial intelligence": 1.2, "dystopia": 1.0},
    ),
    "Bruno": Taste(
        {"Romance": 2.0, "Comedy": 0.8, "Musical": 1.2, "Horror": -1.5, "War": -0.8},
        {"wedding": 1.2, "love triangle": 1.0, "dance": 1.0, "mistaken identity": 0.8},
    ),
    "Carla": Taste(
        {"Crime": 2.0, "Thriller": 1.0, "Mystery": 1.0, "Fantasy": -1.2, "Family": -1.0},
        {"heist": 1.2, "organized crime": 1.2, "investigation": 1.0, "con artist": 1.0, "twist ending": 0.8},
    ),
}


def unit_rows(matrix: np.ndarray) -> np.ndarray:
    """Bring every row to length 1; rows of zeros stay."""
    return matrix / np.maximum(np.linalg.norm(matrix, axis=1, keepdims=True), 1e-9)


def multi_hot(cells: pd.Series) -> pd.DataFrame:
    """One column an entry of the lists; rare entries weigh more, rows have length 1."""
    table = cells.str.get_dummies("|").astype(float)
    rare = np.log(len(table) / table.sum())
    return pd.DataFrame(unit_rows((table * rare).to_numpy()), table.index, table.columns)


def film_features(movies: pd.DataFrame, rng: np.random.RandomState) -> pd.DataFrame:
    """Give every film its row of features: (n_films, n_features), columns named (part, entry)."""
    decade = (movies["year"] - 1995) / 10
    first_director = movies["director"].str.split("|").str[0]
    by_director = {name: rng.normal(size=STYLES) for name in sorted(set(first_director))}
    style = 0.6 * np.stack([by_director[name] for name in first_director]) + 0.8 * rng.normal(
        size=(len(movies), STYLES)
    )
    parts = {
        "genres": multi_hot(movies["genres"]),
        "tags": multi_hot(movies["tags"]),
        "decade": pd.DataFrame({"decade": decade.clip(-2, 2)}),
        "style": pd.DataFrame(unit_rows(style), movies.index),
    }
    return pd.concat({name: part * WEIGHTS[name] for name, part in parts.items()}, axis=1)


def tastes(features: pd.DataFrame, rng: np.random.RandomState) -> tuple[np.ndarray, np.ndarray]:
    """Draw the viewers' tastes and where they drift to: two arrays (n_viewers, n_features)."""
    size = features.shape[1]
    circles = rng.normal(size=(CIRCLES, size))
    shares = rng.dirichlet(np.full(CIRCLES, 0.25), VIEWERS)
    shares /= np.linalg.norm(shares, axis=1, keepdims=True)
    taste = shares @ circles + OWN_TASTE * rng.normal(size=(VIEWERS, size))
    drift = DRIFT * rng.normal(size=(VIEWERS, size))
    for viewer, name in NAMED_VIEWERS.items():
        row = pd.Series(0.0, features.columns)
        for part, wishes in NAMED_TASTES[name]._asdict().items():
            for entry, wish in wishes.items():
                row[part, entry] = wish / WEIGHTS[part]
        taste[viewer - 1], drift[viewer - 1] = row, 0
    return taste, drift


def standardize(row: np.ndarray) -> np.ndarray:
    return (row - row.mean()) / row.std()


def moments(count: int, rng: np.random.RandomState) -> np.ndarray:
    """Draw when a viewer rated: one evening for most, some come back for years. Seconds since 1970, sorted."""
    epoch = datetime.datetime(1970, 1, 1)
    first, last = ((day - epoch).total_seconds() for day in (FIRST_DAY, LAST_DAY))
    start = rng.uniform(first, last)
    evenings = 1 if rng.uniform() < 0.6 else 1 + rng.poisson(6)
    length = 0 if evenings == 1 else min(rng.lognormal(np.log(200), 1.5) * 86_400, last - start)
    begins = start + np.sort(np.append(0, rng.uniform(0, length, evenings - 1)))
    evening = np.sort(rng.randint(evenings, size=count))
    return np.sort(begins[evening] + np.cumsum(rng.exponential(20, count))).astype("int64")


def year_of(timestamp: int) -> int:
    return datetime.datetime.fromtimestamp(int(timestamp), datetime.UTC).year


def simulate(movies: pd.DataFrame) -> pd.DataFrame:
    """Let every viewer see and rate films.

    Parameters
    ----------
    movies : pandas.DataFrame
        The films, most popular first; from `helpers.data.load_movies`.

    Returns
    -------
    pandas.DataFrame
        ``user_id``, ``movie_id``, ``rating``, ``timestamp``, sorted by user and time.
    """
    rng = np.random.RandomState(SEED)  # its numbers never change from release to release
    features = film_features(movies, rng)
    taste, drift = tastes(features, rng)
    popularity = -POPULARITY * np.log(np.arange(len(movies)) + POPULARITY_OFFSET)
    years = movies["year"].to_numpy()
    quality = standardize(0.35 * standardize(popularity) + rng.normal(size=len(movies)))
    rows = [
        viewer_ratings(
            viewer, features.to_numpy(), taste[viewer - 1], drift[viewer - 1], popularity, years, quality, rng
        )
        for viewer in range(1, VIEWERS + 1)
    ]
    ratings = pd.concat(rows, ignore_index=True)
    ratings["movie_id"] = movies.index.to_numpy()[ratings["movie_id"]]
    return ratings[RATING_COLUMNS]


def viewer_ratings(viewer, features, taste, drift, popularity, years, quality, rng) -> pd.DataFrame:
    """Let one viewer see films, phase by phase, and rate them."""
    named = viewer in NAMED_VIEWERS
    kind = 1.0 if named else rng.uniform()
    trendy, random = kind < TREND_FOLLOWERS, TREND_FOLLOWERS <= kind < TREND_FOLLOWERS + AT_RANDOM
    count = (
        NAMED_RATINGS if named else int(np.clip(rng.lognormal(np.log(MEDIAN_RATINGS), RATINGS_SPREAD), FEWEST, MOST))
    )
    when = moments(count, rng)
    available = (years <= year_of(when[0])).sum()
    when = when[: int(MOST_OF_ALL * available)]
    mean, spread = rng.normal(MEAN, 0 if named else MEAN_SPREAD), SPREAD * rng.lognormal(0, 0.15)
    step = 1.0 if rng.uniform() < WHOLE_STARS else 0.5
    mainstream = rng.normal(1, 0.2)
    unseen = np.ones(len(features), dtype=bool)
    seen, fits = [], []
    for part in np.array_split(when, PHASES):
        if not len(part):
            continue
        fit = standardize(features @ (taste + drift * len(seen) / PHASES))
        year = year_of(part[0])
        wish = mainstream * popularity + (0 if random else NAMED_PULL if named else PULL) * fit
        if trendy:
            wish = 1.3 * popularity - 0.25 * np.abs(year - years)
        wish = wish + rng.gumbel(size=len(wish))
        wish[~unseen | (years > year)] = -np.inf
        chosen = np.argsort(-wish, kind="stable")[: len(part)]
        rng.shuffle(chosen)
        unseen[chosen] = False
        seen.append(chosen)
        fits.append(fit[chosen])
    seen, fits = np.concatenate(seen), np.concatenate(fits)
    noise = rng.normal(size=len(seen))
    weight, chance = (NAMED_FIT, NAMED_NOISE) if named else (TREND_FIT if trendy else FIT, NOISE)
    liking = QUALITY * quality[seen] + weight * fits + chance * noise
    stars = rng.uniform(0.5, 5, len(seen)) if random else mean + spread * liking
    rating = np.clip(np.round(stars / step) * step, 0.5 if step == 0.5 else 1, 5)
    return pd.DataFrame({"user_id": viewer, "movie_id": seen, "rating": rating, "timestamp": when})


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else DATA_DIR
    ratings = simulate(load_movies().head(FILMS))
    with write_whole(folder / "ratings.csv") as temporary:
        ratings.to_csv(temporary, index=False, lineterminator="\n", quoting=csv.QUOTE_MINIMAL)


if __name__ == "__main__":
    main()
