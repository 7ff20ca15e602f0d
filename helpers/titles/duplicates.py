"""Find the listings that are one film, judge what was found, and merge them."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
from rapidfuzz import distance, process

from helpers.titles.candidates import close_titles, find_candidates, near_in_years, positions_that_say_something
from helpers.titles.compare import NEARLY_THE_SAME, Clues, clues_of, compare, title_scores
from helpers.titles.forms import normalize_title

NEEDED = 4  # points from which two listings are one film, in a catalogue where duplicates are usual
NEEDED_WHERE_RARE = 8  # the same in a catalogue where they are rare: a certain pair
USUAL = 0.08  # certain pairs per listing from which duplicates are usual
OF_A_GROUP = 2  # points that any two listings of one group have at least
LARGE = 100  # listings of one film that are still looked at pair by pair


def adjacent_duplicates(listings: pd.DataFrame, max_distance: int = 3) -> pd.DataFrame:
    """Apply the rule of thumb of many tutorials, to be taught and measured, not to be used: see `find_duplicates`.

    Listings are sorted by ``title``; one whose title is at most `max_distance` (of Levenshtein) from the next is
    dropped. One row a dropped listing: ``left`` (the id that is dropped), ``right`` (the next one), ``distance``.
    """
    titles = _with_title(listings, "adjacent_duplicates")["title"].astype(str).sort_values(kind="stable")
    pairs = pd.DataFrame({"left": titles.index[:-1], "right": titles.index[1:]})
    pairs["distance"] = process.cpdist(titles[:-1].tolist(), titles[1:].tolist(), scorer=distance.Levenshtein.distance)
    return pairs[pairs["distance"] <= max_distance].reset_index(drop=True)


def alike_titles(listings: pd.DataFrame) -> pd.DataFrame:
    """Find the listings whose titles score 90 or more, in any year: to be measured, not to be used.

    One row a pair: ``left``, ``right`` (ids).
    """
    titles = _with_title(listings, "alike_titles")["title"].astype(str).map(normalize_title)
    left, right = (titles.iloc[side] for side in close_titles(titles.tolist(), NEARLY_THE_SAME))
    scores = title_scores(left.tolist(), right.tolist())
    return pd.DataFrame({"left": left.index, "right": right.index})[scores >= NEARLY_THE_SAME]


def compare_listings(listings: pd.DataFrame) -> pd.DataFrame:
    """Compare all pairs of listings whose years are at most one apart, or unknown: slow, and nothing is left out.

    One row a pair, in the order of the listings; the columns are those of `find_duplicates`, but for the last.
    """
    listings = _with_title(listings, "compare_listings")
    clues = clues_of(listings)
    left, right = np.triu_indices(len(listings), 1)
    near = near_in_years(clues.years[left], clues.years[right])
    return _named(compare(left[near], right[near], clues), listings.index)


def find_duplicates(listings: pd.DataFrame, *, needed: int | None = None) -> pd.DataFrame:
    """Find the listings that are the same film, by the points that titles, years, people and texts give a pair.

    The points are in `TITLE_POINTS`, `YEAR_POINTS`, `PEOPLE_POINTS` and `TEXT_POINTS`; a missing value earns none,
    and counts neither for nor against a pair, but a missing year costs. Two listings with `needed` points are linked,
    strongest link first, unless that would join two with fewer than `OF_A_GROUP` points: a group holds together as a
    whole. A title or a text that very many listings share is passed over.

    Parameters
    ----------
    listings : pandas.DataFrame
        Needs ``title``; ``year``, ``synopsis``, ``director`` and ``cast`` are used where they stand. The index names
        the listings. Rows without title are passed over.
    needed : int, optional
        Points that make a duplicate. By default 4 (`NEEDED`) where certain duplicates are usual, and 8
        (`NEEDED_WHERE_RARE`) in a catalogue that has hardly any.

    Returns
    -------
    pandas.DataFrame
        One row a candidate pair, best first: ``left``, ``right`` (ids), ``title_score`` (0 to 100, see `title_scores`),
        ``year_gap`` (NaN when a year is missing), ``text_similarity`` (cosine of the TF-IDF vectors of the synopses;
        NaN when a listing has none), ``people_similarity`` (mean of the same of directors and of casts), ``relation``
        (see `relate_titles`), ``points``, ``duplicate``. Over 100 copies of a listing are paired with the first alone.

    Raises
    ------
    ValueError
        When two listings have the same id.
    """
    listings = _with_title(listings, "find_duplicates")
    clues = clues_of(listings)
    first = _first_copies(listings, clues)
    left, right = find_candidates(clues, np.flatnonzero(first == np.arange(len(first))))
    copies = np.setdiff1d(positions_that_say_something(clues), first)
    left, right = np.concatenate([left, first[copies]]), np.concatenate([right, copies])
    pairs = compare(left, right, clues)
    if needed is None:
        certain = int((pairs["points"] >= NEEDED_WHERE_RARE).sum())
        needed = NEEDED if (certain + 2) / (len(listings) + 20) >= USUAL else NEEDED_WHERE_RARE
    pairs = _with_indirect_pairs(pairs, clues, needed)
    group = _groups(pairs, len(listings), needed)
    pairs = _named(pairs.assign(duplicate=group[pairs["left"]] == group[pairs["right"]]), listings.index)
    order = ["duplicate", "points", "title_score", "text_similarity", "left", "right"]
    return pairs.sort_values(order, ascending=[False] * 4 + [True] * 2).reset_index(drop=True)


def _with_title(listings: pd.DataFrame, caller: str) -> pd.DataFrame:
    if "title" not in listings:
        raise ValueError(f"{caller}: the listings have no column 'title'.")
    _refuse_equal_ids(listings, caller)
    return listings[listings["title"].fillna("").astype(str).str.strip() != ""]


def _refuse_equal_ids(listings: pd.DataFrame, caller: str) -> None:
    if not listings.index.is_unique:
        twice = listings.index[listings.index.duplicated()][0]
        raise ValueError(f"{caller}: id {twice} appears twice; the index of the listings must be unique.")


def _named(pairs: pd.DataFrame, ids: pd.Index) -> pd.DataFrame:
    return pairs.assign(left=ids[pairs["left"]], right=ids[pairs["right"]])


def _first_copies(listings: pd.DataFrame, clues: Clues) -> np.ndarray:
    """The position of the first listing that says exactly the same as each one."""
    said = listings.reindex(columns=["synopsis", "director", "cast"]).assign(title=clues.titles, year=clues.years)
    group = said.groupby(list(said), dropna=False, sort=False).ngroup().to_numpy()
    return np.unique(group, return_index=True)[1][group]


def _with_indirect_pairs(pairs: pd.DataFrame, clues: Clues, needed: int) -> pd.DataFrame:
    """Add the pairs that are linked through others only; of more than `LARGE` listings, the first with each other."""
    links = pairs[pairs["points"] >= needed]
    known = set(zip(pairs["left"], pairs["right"], strict=True))
    indirect = []
    for film in _members(_films(links["left"], links["right"], len(clues.titles))):
        firsts = film if len(film) <= LARGE else film[:1]
        indirect += [(a, b) for place, a in enumerate(firsts, 1) for b in film[place:] if (a, b) not in known]
    if not indirect:
        return pairs
    left, right = np.array(indirect).T
    return pd.concat([pairs, compare(left, right, clues)], ignore_index=True)


def _members(groups: np.ndarray | pd.Series) -> list[list]:
    """What belongs to each group: positions, or the index of a Series, in order."""
    own = pd.Series(groups)
    return [sorted(members) for members in own.groupby(own).groups.values()]


def _groups(pairs: pd.DataFrame, count: int, needed: int) -> np.ndarray:
    """Number the films: follow the links, strongest first, where any two listings of the group have some points."""
    links = pairs[pairs["points"] >= needed].sort_values("points", ascending=False, kind="stable")
    points = dict(zip(zip(pairs["left"], pairs["right"], strict=True), pairs["points"], strict=True))
    members: dict[int, list[int]] = {}
    for left, right in zip(links["left"], links["right"], strict=True):
        ours, others = members.setdefault(left, [left]), members.setdefault(right, [right])
        if ours is others:
            continue
        between = [points.get((min(a, b), max(a, b)), needed) for a in ours for b in others]
        if min(between) >= OF_A_GROUP:
            ours += others
            members.update(dict.fromkeys(others, ours))
    group = np.arange(count)
    for position, together in members.items():
        group[position] = min(together)
    return group


def _films(left: pd.Series | np.ndarray, right: pd.Series | np.ndarray, count: int) -> np.ndarray:
    """Number the films of `count` listings, of which those at positions `left` and `right` are the same."""
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(left)), (left, right)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def true_pairs(truth: pd.Series) -> set[tuple]:
    """Every pair of listings that are the same film, as (smaller id, larger id)."""
    return {pair for film in _members(truth) for pair in itertools.combinations(film, 2)}


def pair_precision_recall(pairs: pd.DataFrame, truth: pd.Series) -> tuple[float, float]:
    """Judge found pairs, columns ``left`` and ``right``, by the film of each listing (`helpers.data.load_duplicates`).

    Returns
    -------
    tuple of float
        Precision, the share of the pairs that are one film (1.0 of no pairs), and recall, the share of the true pairs
        that were found.
    """
    found = {tuple(sorted(pair)) for pair in zip(pairs["left"], pairs["right"], strict=True)}
    real = true_pairs(truth)
    right = len(found & real)
    return (right / len(found) if found else 1.0), (right / len(real) if real else 1.0)


def merge_duplicates(listings: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Keep one listing of every film, and fill its gaps from the others.

    Of one film, the listing with the fewest missing cells is kept, or in a tie the one with the longest synopsis, then
    the smallest id; its missing cells are taken from its duplicates in the same order.

    Parameters
    ----------
    listings : pandas.DataFrame
    pairs : pandas.DataFrame
        As from `find_duplicates`; rows with ``duplicate`` count, all rows where that column is missing.

    Raises
    ------
    ValueError
        When an id stands twice, or a pair names a listing that is not there.
    """
    _refuse_equal_ids(listings, "merge_duplicates")
    if pairs.empty:
        return listings.sort_index()
    linked = pairs[pairs["duplicate"].to_numpy(dtype=bool)] if "duplicate" in pairs else pairs
    positions = {side: listings.index.get_indexer(pd.Index(linked[side])) for side in ("left", "right")}
    for side, found in positions.items():
        if (found < 0).any():
            raise ValueError(f"merge_duplicates: the listings have no id {linked[side].to_numpy()[found < 0][0]}.")
    film = pd.Series(_films(positions["left"], positions["right"], len(listings)), index=listings.index)
    texts = listings.reindex(columns=["synopsis"])["synopsis"]
    length = texts.map(lambda text: len(text) if isinstance(text, str) else 0)
    quality = pd.DataFrame({"gaps": listings.isna().sum(axis=1), "length": -length, "film": film}).sort_index()
    film = quality.sort_values(["gaps", "length"], kind="stable")["film"]
    kept = listings.loc[film.index].groupby(film, sort=False).first()
    kept.index = film.index[~film.duplicated()].rename(listings.index.name)
    return kept.sort_index().astype(listings.dtypes)
