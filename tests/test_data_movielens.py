"""Real data sets, read from files in their published form."""

import pandas as pd
import pytest
from small_data import LINKS, MPST, RATINGS, write_movielens

from helpers.data import load_movies, load_ratings


def test_movielens_is_joined_to_the_films_of_the_course(small_data_sets, monkeypatch):
    write_movielens(small_data_sets / "ml-latest-small")
    monkeypatch.setenv("COURSE_DATA_DIR", str(small_data_sets))
    ratings = load_ratings("movielens")
    assert ratings.to_dict("list") == {
        "user_id": [1, 2], "movie_id": [1, 1], "rating": [4.0, 0.5], "timestamp": [964982703, 964982704]
    }  # fmt: skip
    assert load_movies().loc[1, "title"] == "Forrest Gump"


def test_the_real_movielens_covers_the_films_of_the_course(movielens):
    ratings = load_ratings("movielens")
    films = load_movies()
    assert set(ratings["movie_id"]) <= set(films.index)
    assert ratings["user_id"].nunique() > 600
    assert ratings["rating"].isin([step / 2 for step in range(1, 11)]).all()
    titles = pd.read_csv(movielens / "movies.csv").set_index("movieId")["title"]
    links = pd.read_csv(movielens / "links.csv")
    links.index = "tt" + links["imdbId"].astype(str).str.zfill(7)
    known = films[films["imdb_id"].isin(links.index)]
    years = titles.loc[links.loc[known["imdb_id"], "movieId"]].str.extract(r"\((\d{4})\)\s*$")[0].astype(float)
    assert (abs(years.to_numpy() - known["year"].to_numpy()) <= 1).all()


def test_mpst_is_read_in_its_published_form(small_data_sets, monkeypatch):
    (small_data_sets / "mpst_full_data.csv").write_text(MPST, encoding="utf-8", newline="")
    monkeypatch.setenv("COURSE_DATA_DIR", str(small_data_sets))
    movies = load_movies("mpst")
    assert movies.index.tolist() == [1, 2]
    assert movies["synopsis"].iloc[0] == 'Note: this has "quotes",\ncommas, and lines.'
    assert movies["tags"].tolist() == ["cult|horror", "romantic"]
    assert movies["split"].tolist() == ["train", "test"]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"ratings": RATINGS.rsplit("\n", 2)[0] + "\n"}, "2 ratings by 1 users, expected 3 by 2"),
        ({"ratings": RATINGS.replace("userId", "user")}, "the columns are user, movieId"),
        ({"ratings": ""}, "damaged or truncated"),
        ({"ratings": RATINGS.replace("4.0", "9.0")}, "a rating is not from 0.5 to 5"),
        ({"ratings": RATINGS.replace("964982704", "9649x2704")}, "damaged or truncated"),
        ({"ratings": RATINGS.replace("2,10", "2.5,10")}, "damaged or truncated"),
        ({"links": LINKS.replace("0109830", "")}, "damaged or truncated"),
        ({"links": LINKS.replace("20,9999999,\n", "")}, "movieId 20 is rated but not in links.csv"),
        ({"movies": None}, "movies.csv"),
    ],
)
def test_a_damaged_movielens_is_told_in_one_line(small_data_sets, monkeypatch, changed, said):
    write_movielens(small_data_sets / "ml-latest-small", **changed)
    monkeypatch.setenv("COURSE_DATA_DIR", str(small_data_sets))
    with pytest.raises(ValueError, match=said) as caught:
        load_ratings("movielens")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (MPST.rsplit("\n", 2)[0] + "\n", "1 films, expected 2"),
        (MPST[:120], "expected 2|damaged or truncated"),
        (MPST.replace("plot_synopsis", "plot"), "the columns are imdb_id, title, plot,"),
    ],
)
def test_a_damaged_mpst_is_told_in_one_line(small_data_sets, monkeypatch, text, said):
    (small_data_sets / "mpst_full_data.csv").write_text(text, encoding="utf-8", newline="")
    monkeypatch.setenv("COURSE_DATA_DIR", str(small_data_sets))
    with pytest.raises(ValueError, match=said) as caught:
        load_movies("mpst")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("load", [lambda: load_ratings("movielens"), lambda: load_movies("mpst")])
def test_absent_data_name_the_command_that_fetches_them(small_data_sets, load):
    with pytest.raises(FileNotFoundError, match="python3 -m helpers fetch"):
        load()


def test_an_unknown_name_is_told():
    with pytest.raises(ValueError, match="choose course or movielens"):
        load_ratings("netflix")
