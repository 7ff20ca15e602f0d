"""Check a table of ratings in the same way for splits, metrics, and models."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import infer_dtype, is_datetime64_any_dtype, is_numeric_dtype

from helpers.data import SCALE, check_scale

PAIR = ["user_id", "movie_id"]


class TooLargeError(ValueError):
    """A model would need more memory than it may take for so many films."""


def as_ratings(ratings: pd.DataFrame, scale: tuple = SCALE) -> pd.DataFrame:
    """Bring ratings into one form: ids, ``rating``, and perhaps ``timestamp`` as plain columns, numbers as float64.

    A `ValueError` says in one line what is wrong: the table, the scale, or a rating outside the scale.
    """
    check_columns(ratings, [*PAIR, "rating"])
    low, high = check_scale(scale)[:2]
    table = pd.DataFrame({name: ratings[name].to_numpy() for name in PAIR})
    table["rating"] = pd.to_numeric(ratings["rating"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~table["rating"].between(low, high).to_numpy()
    if wrong.any():
        raise ValueError(
            f"rating {ratings['rating'][wrong].iloc[0]} ({_row(ratings, wrong)}) is outside {low:g}-{high:g}. "
            "Fix the row, or pass scale=(lowest, highest)."
        )
    if "timestamp" in ratings:
        table["timestamp"] = seconds(ratings)
    return table


def check_columns(ratings: Any, columns: Iterable[str]) -> None:
    """Refuse a table that lacks these columns, has no rows, or has ids that are missing or of several kinds."""
    if not isinstance(ratings, pd.DataFrame):
        raise ValueError(f"the ratings are a {type(ratings).__name__}; give a DataFrame with {', '.join(columns)}.")
    found = list(ratings.columns)
    for name in columns:
        if name not in found:
            raise ValueError(f"the ratings have no column '{name}' (found: {', '.join(map(str, found))}).")
        if found.count(name) > 1:
            raise ValueError(f"the ratings have {found.count(name)} columns '{name}'.")
    if ratings.empty:
        raise ValueError("there is not a single rating.")
    for name in PAIR:
        missing = ratings[name].isna().to_numpy()
        if missing.any():
            raise ValueError(f"a rating has no {name} ({_row(ratings, missing)}).")
        check_kind(ratings[name], name)


def check_kind(ids: Any, name: str) -> None:
    """Refuse ids that cannot be sorted, such as numbers mixed with texts."""
    if infer_dtype(np.asarray(ids)).startswith("mixed"):
        raise ValueError(
            f"{name} holds ids of several kinds, such as numbers and texts; make them one, by .astype(str)."
        )


def ids_of(movies: Any) -> np.ndarray:
    """Return the sorted ids of some films; refuse anything but a table indexed by them."""
    if not isinstance(movies, pd.DataFrame):
        raise ValueError(f"movies is a {type(movies).__name__}; give a DataFrame whose index is movie_id.")
    if "movie_id" in movies:
        raise ValueError("movie_id is a column of the films; make it their index: movies.set_index('movie_id').")
    if movies.index.hasnans or not movies.index.is_unique:
        raise ValueError("every film needs a movie_id of its own: one is missing, or appears twice.")
    check_kind(movies.index, "movie_id")
    return np.sort(movies.index.to_numpy())


def seconds(ratings: pd.DataFrame) -> np.ndarray:
    """Return the times of ratings in seconds since 1970. Dates are converted; anything else, or a gap, is refused."""
    check_columns(ratings, [*PAIR, "timestamp"])
    times: Any = ratings["timestamp"]
    if is_datetime64_any_dtype(times):
        times = (times - pd.Timestamp(0, tz=times.dt.tz)) / pd.Timedelta(seconds=1)
    if not is_numeric_dtype(times):
        raise ValueError("timestamp holds neither seconds nor dates; convert it, such as by pandas.to_datetime.")
    times = times.to_numpy(dtype=float, na_value=np.nan)
    if not np.isfinite(times).all():
        raise ValueError(f"{_row(ratings, ~np.isfinite(times))} has no timestamp. Fill it, or drop the column.")
    return times


def _row(ratings: pd.DataFrame, mask: np.ndarray) -> str:
    """The pair of ids of the first of some rows."""
    return ", ".join(f"{name} {ratings[name][mask].iloc[0]}" for name in PAIR)
