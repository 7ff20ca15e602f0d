import itertools
import random

import numpy as np
import pandas as pd
from rapidfuzz import fuzz
from small_data import listings

from helpers import titles
from helpers.data import load_raw_listings
from helpers.titles import (
    candidates,
    find_duplicates,
    normalize_title,
)


def test_looking_at_candidates_only_loses_no_pair_that_has_enough_points():
    raw = load_raw_listings().sample(600, random_state=0).sort_index()
    whole, pairs = titles.compare_listings(raw), find_duplicates(raw)
    enough, kept = whole[whole["points"] >= titles.NEEDED], pairs[pairs["points"] >= titles.NEEDED]
    assert set(zip(enough["left"], enough["right"], strict=True)) <= set(zip(kept["left"], kept["right"], strict=True))
    assert len(whole) > 50 * len(pairs)
    assert len(enough) > 30


def test_blocks_give_the_pairs_that_one_block_gives(monkeypatch):
    rng = random.Random(3)
    rows = listings([("".join(rng.choices("ab ", k=6)), 2000 + rng.randrange(3)) for _ in range(60)])
    whole = find_duplicates(rows)
    monkeypatch.setattr(candidates, "CELLS_AT_ONCE", 7 * 60)
    pd.testing.assert_frame_equal(find_duplicates(rows), whole)
    assert whole["duplicate"].any()


def test_close_titles_are_the_pairs_that_a_comparison_of_all_finds():
    rng = random.Random(4)
    made = ["".join(rng.choices("aabcde é", k=rng.randrange(1, 14))) for _ in range(150)]
    names = [normalize_title(name) or "x" for name in made]
    names += ["zz top", "top zz", "a", "a", "ab " * 30 + "c", "quixotic", "quixotry"]
    years = [rng.choice([2000.0, 2001.0, 2002.0, np.nan]) for _ in names]
    for least in (50, 70, 90):
        both = {
            (i, j)
            for i, j in itertools.combinations(range(len(names)), 2)
            if max(fuzz.ratio(names[i], names[j]), fuzz.token_sort_ratio(names[i], names[j])) >= least
        }
        near = {(i, j) for i, j in both if not abs(years[i] - years[j]) > 1}
        assert set(zip(*titles.close_titles(names, least), strict=True)) == both
        assert set(zip(*titles.close_titles(names, least, years), strict=True)) == near
        assert both > near


def test_letters_that_nobody_else_has_are_counted_as_well():
    """Rare letters share one column: the bound must not lose the pairs that have them."""
    names = [f"{chr(0x400 + i)}{chr(0x440 + i)} {chr(0x500 + i)}ab" for i in range(40)]
    names += [name + "x" for name in names]
    left, right = titles.close_titles(names, 80)
    assert {(i, i + 40) for i in range(40)} <= set(zip(left.tolist(), right.tolist(), strict=True))
