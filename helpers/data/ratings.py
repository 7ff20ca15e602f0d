"""Anybody's ratings: stars, points, percent, thumbs or counts, read from a file, and mapped to stars for the models."""

from __future__ import annotations

import re
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from helpers.data.cells import is_missing, read_ids, read_numbers, read_times, refuse_cells, thousands
from helpers.data.formats import Frame, open_table
from helpers.data.tables import Table

LIKED = 4.0  # stars; a rating from here on counts as a like
SCALE = (0.5, 5.0)  # stars, lowest and highest
WORST, BEST = SCALE
LATEST = 1e11  # seconds since 1970: what is later is in another unit than the rest
THUMBS = {
    **dict.fromkeys(["up", "thumbs up", "like", "liked", "true", "yes", "👍"], "1"),
    **dict.fromkeys(["down", "thumbs down", "dislike", "disliked", "false", "no", "👎"], "0"),
}


def read_ratings_csv(
    path: str | Path | pd.DataFrame,
    user_column: str,
    item_column: str,
    rating_column: str | None = None,
    time_column: str | None = None,
    scale: tuple[float, float] | str | None = None,
    *,
    zeros: str | None = None,
    liked: float | None = None,
    encoding: str | None = None,
    delimiter: str | None = None,
) -> pd.DataFrame:
    """Read anybody's ratings.

    Parameters
    ----------
    path : path or pandas.DataFrame
        A table of any kind that `load_movies` reads.
    user_column, item_column : str
        Its columns.
    rating_column : str, optional
        Numbers, stars (★★★½), parts (4/5, 8 out of 10), percent (85%) or thumbs (up, down, like, no, ...). Without it,
        each row counts as one use.
    time_column : str, optional
        Seconds since 1970 (or, with a warning, thousandths of them and so on, or days, Excel's, too), years, or dates
        such as 2020-01-31, 20200131 or 2020-01-31T18:30:00+02:00.
    scale : tuple of float or "counts", optional
        Lowest and highest rating of the file, and perhaps `liked`; ``"counts"`` for how often somebody used something,
        where rows of the same user and item are added up. By default half a star to five, 0 to 10 for 8/10, 0 to 100
        for percent, 0 to 1 for thumbs.
    zeros : {"missing", "rating"}, optional
        What a 0 means where it could mean "not rated": ``"missing"`` leaves such rows (and those with -1, or with no
        rating) out, with a warning; ``"rating"`` takes them for the lowest rating. By default, a scale from 0 on whose zeros outnumber
        every other rating is refused with this question.
    liked : float, optional
        The lowest rating that is a like; by default what maps to four stars of five, and every use of ``"counts"``.
    encoding, delimiter : str, optional
        As in `load_movies`.

    Returns
    -------
    pandas.DataFrame
        ``user_id``, ``movie_id`` (texts), ``rating`` on the file's own scale and, where there is one, ``timestamp``.
        ``attrs["scale"]`` is ``(lowest, highest)``, with `liked` behind where it was chosen or uses are counted, to be
        handed to ``fit``, ``evaluate`` and `as_stars`. Where somebody rated an item again, the later rating counts.

    Raises
    ------
    ValueError
        When the file cannot be read rightly, a column is missing, a cell of it is empty, no number, no time or outside
        of the scale (the line is named), or nobody knows what zeros mean.
    """
    if zeros not in (None, "missing", "rating"):
        raise ValueError(f"read_ratings_csv: zeros is 'missing' or 'rating', not {zeros!r}.")
    if not user_column or not item_column:
        raise ValueError("read_ratings_csv: name the columns of users and of items: user_column=, item_column=.")
    counted = rating_column is None or scale == "counts"
    named = {"user_id": user_column, "movie_id": item_column, "rating": rating_column, "timestamp": time_column}
    columns = {name: column for name, column in named.items() if column}
    file = open_table(path, list(columns.values()), encoding, delimiter)
    table = file.frame(list(dict.fromkeys(columns.values())))
    ratings = pd.DataFrame({name: table[column].str.strip() for name, column in columns.items()})
    if ratings.empty:
        raise ValueError(f"{file.name}: there is no row below the header.")
    for name in ("user_id", "movie_id"):
        ratings[name] = read_ids(ratings[name])
        refuse_cells(file, ratings[name], is_missing(ratings[name]), columns[name], "is missing")
    if rating_column is None:
        ratings["rating"] = "1"
    if counted:
        thousands = ratings["rating"].str.fullmatch(r"[1-9][0-9]{0,2}([.,][0-9]{3})+", na=False)
        wrong = "may be a thousand or a decimal; write counts as whole numbers, without separators"
        refuse_cells(file, ratings["rating"], thousands, rating_column or "", wrong)
    numbers, usual = _read_numbers(ratings["rating"])
    if counted:
        scale = 0.0, max(1.0, float(numbers.max()))
    low, high, *like = check_scale(usual if scale is None else scale)
    if zeros == "missing" or counted:
        unrated = numbers.eq(0) | (numbers.eq(-1) & (low > -1)) | is_missing(ratings["rating"])
        if unrated.all():
            raise ValueError(f"{file.name}: no row of {len(ratings):,} has a rating.")
        if unrated.any() or zeros:
            said = f"{file.name}: {unrated.sum():,} of {len(ratings):,} rows left out (not rated)."
            warnings.warn(said, stacklevel=2)
        ratings, numbers = ratings[~unrated], numbers[~unrated]
    wrong = f"is not a rating from {low:g} to {high:g}{'' if counted else _hint(numbers, low, high)}"
    refuse_cells(file, ratings["rating"], ~numbers.between(low, high), rating_column or "", wrong)
    frequent = numbers.value_counts()
    others = frequent.drop(0, errors="ignore")
    if zeros is None and low == 0 and len(frequent) > 2 and frequent.get(0, 0) > others.max():
        raise ValueError(
            f"{file.name}: {frequent[0]:,} of {len(numbers):,} ratings are 0, more than any other. If that means 'not "
            "rated', say --zeros missing (zeros='missing'); if it is the lowest rating, say --zeros rating."
        )
    ratings["rating"] = numbers
    if time_column:
        ratings["timestamp"] = _seconds(file, ratings["timestamp"], time_column)
    if counted:
        kept = {"rating": "sum", "timestamp": "max"} if time_column else {"rating": "sum"}
        ratings = ratings.groupby(["user_id", "movie_id"], sort=False, as_index=False).agg(kept)
        high = float(max(high, ratings["rating"].max()))
        liked = 1 if liked is None else liked
    else:
        in_time = ratings.sort_values("timestamp", kind="stable") if time_column else ratings
        again = in_time.index[in_time.duplicated(["user_id", "movie_id"], keep="last")]
        if len(again):
            warnings.warn(f"{file.name}: {len(again):,} ratings were replaced by later ones.", stacklevel=2)
        ratings = ratings.drop(index=again)
    if not isinstance(liked, int | float | np.number | None):
        raise ValueError(f"read_ratings_csv: liked is a rating, not {liked!r:.40}.")
    ratings = ratings.reset_index(drop=True)
    ratings.attrs["scale"] = check_scale((low, high, *like) if liked is None else (low, high, liked))
    return ratings


def as_stars(ratings: Any, scale: tuple = SCALE) -> Any:
    """Map ratings (an array of any shape) to stars, half a star to five, so that a like is a like on every scale.

    The lowest rating of a scale counts as no more than a tenth of the highest, as half a star of five does: so 4 of 5
    stays 4 on a scale from 1 to 5, and 8 of 10 becomes 4 on one from 0 or 1 to 10. Where the scale says what counts as
    a like, that is four stars. `from_stars` is the way back.

    Parameters
    ----------
    ratings : array-like of float
    scale : tuple of float
        Lowest and highest rating, and perhaps the lowest one that is a like; anything else is a `ValueError`.
    """
    points, stars = _knots(scale)
    return ratings if tuple(scale) == SCALE else np.round(np.interp(ratings, points, stars), 6)


def from_stars(stars: Any, scale: tuple = SCALE) -> Any:
    """Map stars back to the ratings of a scale, see `as_stars`; what would lie outside of the scale is its end."""
    points, at = _knots(scale)
    return np.clip(stars if tuple(scale) == SCALE else np.interp(stars, at, points), *scale[:2])


def like_of(scale: tuple = SCALE) -> float:
    """The lowest rating of a scale that counts as a like."""
    return round(float(from_stars(LIKED, scale)), 4)


def check_scale(scale: Any) -> tuple:
    """Return a scale as a tuple of numbers; what is none, as `as_stars` says, is a `ValueError`."""
    try:
        low, high, *liked = map(float, scale)
    except (TypeError, ValueError):
        raise ValueError(f"scale is {scale!r:.40}: write the lowest and the highest rating, such as (1, 10).") from None
    _knots(tuple(scale))
    return low, high, *liked


def _knots(scale: tuple) -> tuple[list[float], list[float]]:
    """Ratings of a scale, and the stars that they map to; what lies between lies between."""
    low, high, *liked = scale
    if not (np.isfinite([low, high]).all() and low < high):
        raise ValueError(f"scale is {tuple(scale)}: the lowest rating comes first, then the highest, such as (1, 10).")
    if not liked:
        return [min(low, high / 10), high], [WORST, BEST]
    if not low <= liked[0] <= high:
        raise ValueError(f"a like from {liked[0]:g} on is not on the scale from {low:g} to {high:g}.")
    if liked[0] in (low, high):
        return [low, high], [LIKED, BEST] if liked[0] == low else [WORST, LIKED]
    return [min(low, high / 10), liked[0], high], [WORST, LIKED, BEST]


def _read_numbers(cells: pd.Series) -> tuple[pd.Series, tuple]:
    """Read ratings in whatever form, and give the scale that the form has."""
    words = cells.str.casefold().str.replace("[\U0001f3fb-\U0001f3ff\ufe0f]", "", regex=True)  # colors of thumbs
    if words.isin(THUMBS.keys()).mean() > 0.5:
        return read_numbers(words.map(THUMBS)), (0, 1)
    cells = cells.map(_stars_of, na_action="ignore").astype(cells.dtype)
    parts = cells.str.extract(r"^([0-9]+(?:[.,][0-9]+)?)\s*(?:/|out of)\s*([1-9][0-9]*)$")
    if parts[1].nunique() == 1 and parts[1].notna().mean() > 0.5:
        return read_numbers(parts[0].fillna(cells)), (0.0, float(parts[1].dropna().iloc[0]))
    percent = cells.str.endswith("%", na=False)
    return read_numbers(cells.str.removesuffix("%").str.rstrip()), (0, 100) if percent.mean() > 0.5 else SCALE


def _stars_of(cell: str) -> str:
    """The number that a rating of stars says, as ★★★½☆ or "4 stars" does; anything else as it is."""
    if found := re.fullmatch(r"((?:[★⭐]\ufe0f?)*)(½?)☆*", cell):
        return str(len(found[1].replace("\ufe0f", "")) + len(found[2]) / 2) if cell else cell
    return re.sub(r"(?<=[0-9])\s*stars?$", "", cell, flags=re.I)


def _hint(numbers: pd.Series, low: float, high: float) -> str:
    """How a file with other ratings than those from `low` to `high` may be meant."""
    known = numbers[np.isfinite(numbers)]
    rated = known[~known.isin([0, -1])]
    unrated = (len(rated) < len(known) or len(known) < len(numbers)) and rated.nunique() > 1
    if unrated and low > 0 and rated.between(low, high).all():
        return ". If 0, -1 or an empty cell means 'not rated': --zeros missing (zeros='missing')"
    if known.between(low, high).all():
        return ""
    first, last = f"{known.min():g}", f"{known.max():g}"
    hint = f". The file goes from {first} to {last}: name its scale, --scale {first} {last} (scale=)"
    if unrated and 0 < rated.min() < rated.max():
        lowest = f"{rated.min():g}"
        hint += f"; if 0, -1 or an empty cell means 'not rated', --scale {lowest} {last} --zeros missing"
    return f"{hint}; or say --counts (scale='counts') if it counts uses"


def _seconds(file: Table | Frame, cells: pd.Series, column: str) -> pd.Series:
    """Read times as seconds since 1970."""
    seconds = read_numbers(cells)
    if seconds.isna().all() or cells.str.fullmatch(r"(19|20)[0-9]{2}([01][0-9][0-3][0-9]([0-9]{4}|[0-9]{6})?)?").all():
        iso = cells.str.replace(r"^([0-9]{8})([0-9]{4,6})$", r"\1T\2", regex=True)
        near = iso.where(iso.fillna("").str.match("(1[7-9]|2[01])[0-9]{2}"))  # others do not fit into nanoseconds
        dates = pd.to_datetime(near, errors="coerce", utc=True, format="ISO8601")
        seconds = (dates - pd.Timestamp(0, tz="UTC")) / pd.Timedelta(seconds=1)
    refuse_cells(file, cells, seconds.isna(), column, "is not a time; write seconds since 1970, or 2020-01-31 18:30")
    unit, since = read_times(seconds)
    if not unit.startswith("days"):
        other = (thousands(seconds) < thousands(seconds.median())) & (seconds > 0)
        refuse_cells(file, cells, other, column, f"is in a different unit from the rest, which is {unit}")
        refuse_cells(file, cells, since.abs() > LATEST, column, f"as {unit} is after the year 5000")
    if not unit.startswith("seconds"):
        warnings.warn(f"{file.name}: {column} is read as {unit}.", stacklevel=3)
    return since
