import re
import time
import tomllib
from collections import Counter

import make_listings
import numpy as np
import pandas as pd
import pytest

from helpers.course.bootstrap import ROOT
from helpers.data import (
    CHECKSUMS,
    DATA_DIR,
    changed_files,
    load_duplicates,
    load_movies,
    load_ratings,
    load_raw_listings,
    load_vectors,
    read_arrays,
)
from helpers.encoding import encode
from helpers.titles import adjacent_duplicates, find_duplicates, pair_precision_recall, true_pairs

VOCABULARY = tomllib.loads((ROOT / "tools" / "vocabulary.toml").read_text(encoding="utf-8"))
STOCK_PHRASES = [
    "must confront", "a journey of", "nothing is as it seems", "little does he know", "race against time",
    "against all odds", "web of lies", "comes to terms", "the audience", "the movie", "this film",
]  # fmt: skip
MOVIES = load_movies()


def cells(column):
    return MOVIES[column].str.split("|")


def words(text):
    return re.findall(r"[\w']+", text.lower())


def runs(text, length):
    tokens = words(text)
    return {" ".join(tokens[place : place + length]) for place in range(len(tokens) - length + 1)}


def test_films_are_numbered_and_named_once():
    assert MOVIES.index.tolist() == list(range(1, len(MOVIES) + 1))
    assert MOVIES["imdb_id"].dropna().is_unique
    assert MOVIES["imdb_id"].dropna().str.fullmatch(r"tt\d{7,8}").all()
    assert not MOVIES.duplicated(["title", "year"]).any()
    assert MOVIES.drop(columns="imdb_id").notna().all(axis=None)
    assert MOVIES["year"].between(1920, 2024).all()


@pytest.mark.parametrize(
    ("column", "low", "high"), [("genres", 1, 4), ("tags", 4, 8), ("cast", 1, 5), ("director", 1, 12)]
)
def test_lists_have_as_many_entries_as_the_datasheet_says(column, low, high):
    assert cells(column).map(len).between(low, high).all()
    assert cells(column).map(lambda entries: len(set(entries)) == len(entries) and all(map(str.strip, entries))).all()


def test_only_films_of_few_voices_have_fewer_than_three_in_the_cast():
    assert (cells("cast").map(len) < 3).sum() <= 5


@pytest.mark.parametrize("column", ["genres", "tags"])
def test_genres_and_tags_are_of_the_controlled_lists(column):
    assert set(cells(column).explode()) <= set(VOCABULARY[column])


def test_the_controlled_lists_are_of_the_promised_size():
    assert 18 <= len(VOCABULARY["genres"]) <= 22
    assert 80 <= len(VOCABULARY["tags"]) <= 120
    assert all(entries == sorted(set(entries)) for entries in VOCABULARY.values())


def test_synopses_have_90_to_150_words_or_350_to_550():
    lengths = MOVIES["synopsis"].str.split().str.len()
    long = lengths > 250
    assert lengths[~long].between(90, 150).all()
    assert lengths[long].between(350, 550).all()
    assert 180 <= long.sum() <= 220


def test_there_are_a_thousand_films_and_fifty_that_nobody_could_have_rated():
    assert len(MOVIES) == 1_050
    assert MOVIES["imdb_id"].head(1_000).notna().all()
    assert (MOVIES["year"].tail(50) >= 2018).all()


def test_each_tag_describes_at_least_five_films():
    counts = cells("tags").explode().value_counts()
    assert set(counts.index) == set(VOCABULARY["tags"])
    assert counts.min() >= 5, counts.tail()


def test_synopses_use_plain_characters():
    assert MOVIES["synopsis"].str.fullmatch(r"[A-Za-z0-9 .,;:'\"!?()/&%$#*+\-¡·À-ſ]+").all()


def test_synopses_name_neither_their_title_nor_the_cast():
    for film in MOVIES.itertuples():
        text = film.synopsis.lower()
        parts = {film.title, *re.split(r":| - ", film.title)}
        named = [part for part in parts if len(part.split()) > 1 and part.strip().lower() in text]
        if "Documentary" not in film.genres:  # whose cast are the people it is about
            named += [name for name in film.cast.split("|") if len(name.split()) > 1 and name.lower() in text]
        assert not named, film.title


def test_no_stock_phrases():
    for phrase in STOCK_PHRASES:
        assert not MOVIES["synopsis"].str.contains(phrase, case=False, regex=False).any(), phrase


def test_no_eight_words_in_a_row_stand_in_two_synopses():
    counts = Counter(run for text in MOVIES["synopsis"] for run in runs(text, 8))
    assert [run for run, count in counts.items() if count > 1] == []


def test_no_opening_and_no_phrase_is_used_by_more_than_two_percent():
    most = max(2, 0.02 * len(MOVIES))
    openings = Counter(" ".join(words(text)[:3]) for text in MOVIES["synopsis"])
    phrases = Counter(run for text in MOVIES["synopsis"] for run in runs(text, 5))
    assert {opening for opening, count in openings.items() if count > most} == set()
    assert {phrase for phrase, count in phrases.items() if count > most} == set()


def test_no_two_synopses_are_nearly_the_same():
    vectors = load_vectors(MOVIES)
    similarity = vectors @ vectors.T - np.eye(len(vectors))
    assert similarity.max() < 0.9


def test_the_vectors_are_those_of_the_synopses():
    sample = MOVIES.sample(20, random_state=0)
    again = encode(sample["synopsis"], cache=False)
    assert (again * load_vectors(sample)).sum(axis=1).min() >= 0.999


def test_the_listings_are_made_as_the_maker_makes_them(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.argv", ["make_listings.py", str(tmp_path)])
    make_listings.main()
    for name in ("listings_raw.csv", "duplicates.csv"):
        assert (tmp_path / name).read_bytes() == (DATA_DIR / name).read_bytes(), name


def test_the_listings_hold_every_film_and_at_least_200_duplicates_most_of_them_by_hand():
    by_hand = pd.read_csv(ROOT / "tools" / "listings_by_hand.csv")
    truth = load_duplicates()
    duplicates = len(truth) - truth.nunique()
    assert set(truth) == set(MOVIES.index)
    assert set(truth.index) == set(load_raw_listings().index)
    assert duplicates >= 200
    assert len(by_hand) > duplicates / 2


def test_the_taught_rule_finds_the_duplicates_and_the_rule_of_thumb_does_not():
    listings, truth = load_raw_listings(), load_duplicates()
    pairs = find_duplicates(listings)
    precision, recall = pair_precision_recall(pairs[pairs["duplicate"]], truth)
    assert precision >= 0.98
    assert recall >= 0.95
    thumb = pair_precision_recall(adjacent_duplicates(listings), truth)
    assert max(thumb) < min(precision, recall)


def test_the_listings_hold_hard_negatives():
    """Sequels and remakes: pairs of other films whose titles are a few letters apart, or the same."""
    listings, truth = load_raw_listings(), load_duplicates()
    close = adjacent_duplicates(listings)
    others = truth.loc[close["left"]].to_numpy() != truth.loc[close["right"]].to_numpy()
    assert others.sum() >= 20
    assert {"The Godfather", "Toy Story"} <= set(listings["title"].loc[close["left"][others]])  # named in the README
    assert len(true_pairs(truth)) >= 200


def test_a_line_in_other_words_finds_its_film():
    """Each synopsis says what its film is about: suppliers' blurbs, mostly oblique, are near the right one of all."""
    blurbs = pd.read_csv(ROOT / "tools" / "listings_by_hand.csv").dropna(subset=["synopsis"])
    similarity = encode(blurbs["synopsis"]) @ load_vectors(MOVIES).T
    own = similarity[np.arange(len(blurbs)), MOVIES.index.get_indexer(blurbs["movie_id"])]
    rank = (similarity > own[:, None]).sum(axis=1) + 1
    assert (rank == 1).mean() >= 0.65
    assert (rank <= 10).mean() >= 0.85


def test_a_description_by_somebody_who_never_saw_the_synopses_finds_its_film():
    """120 films, drawn at random, described from memory by a writer who had their titles and years alone."""
    described = pd.read_csv(ROOT / "data" / "descriptions.csv")
    similarity = encode(described["description"]) @ load_vectors(MOVIES).T
    own = similarity[np.arange(len(described)), MOVIES.index.get_indexer(described["movie_id"])]
    rank = (similarity > own[:, None]).sum(axis=1) + 1
    assert (rank == 1).mean() >= 0.9
    assert (rank <= 10).mean() >= 0.98


def test_the_data_are_small():
    assert sum(file.stat().st_size for file in DATA_DIR.iterdir() if file.is_file()) < 12_000_000


@pytest.mark.speed
def test_the_data_load_fast():
    times = []
    for _ in range(3):
        started = time.perf_counter()
        load_vectors(load_movies()), load_raw_listings(), load_duplicates(), load_ratings()
        times.append(time.perf_counter() - started)
    assert min(times) < 1.0


def test_the_files_are_those_of_the_checksums():
    assert changed_files() == []
    listed = {line.split("  ")[1] for line in (DATA_DIR / CHECKSUMS).read_text(encoding="utf-8").splitlines()}
    assert listed == {file.name for file in DATA_DIR.iterdir() if file.is_file()} - {
        CHECKSUMS,
        "reference_results.json",
    }


OTHERS = ["recipes.csv", "descriptions.csv", "endings.csv", "languages.csv"]


def test_the_datasheet_states_the_rows_of_every_file():
    text = (DATA_DIR / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `([\w.]+)` \| ([\d,]+) ", text, re.M))
    tables = {
        "movies.csv": MOVIES,
        "listings_raw.csv": load_raw_listings(),
        "duplicates.csv": load_duplicates(),
        "ratings.csv": load_ratings(),
        "vectors.npz": load_vectors(MOVIES),
        "vectors_mpnet.npz": read_arrays(DATA_DIR / "vectors_mpnet.npz")["ids"],
        **{path.name: pd.read_csv(path) for path in map(DATA_DIR.joinpath, OTHERS)},
    }
    assert rows == {name: f"{len(table):,}" for name, table in tables.items()}


def test_the_recipes_are_another_catalogue_and_as_dirty_as_their_datasheet_says():
    recipes = pd.read_csv(DATA_DIR / "recipes.csv", dtype=str)
    assert list(recipes) == ["dish", "about", "cuisine", "course"]
    texts = recipes["about"].fillna("")
    says_something = texts.str.split().str.len() >= 5
    assert (says_something.sum(), (~says_something).sum()) == (239, 5)
    pairs = find_duplicates(recipes.rename(columns={"dish": "title", "about": "synopsis"}))
    assert len(pairs.query("title_score >= 85 and text_similarity >= 0.4")) == 8
    clean = recipes[says_something]
    assert not clean["about"].duplicated().any()
    assert clean["about"].str.endswith(".").all()
    assert clean.notna().all(axis=None)
