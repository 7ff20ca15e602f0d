import time

import numpy as np
import pandas as pd
import pytest

from helpers import data
from helpers.data import load_movies

MOVIES = ",".join(data.MOVIE_COLUMNS) + "\n?,tt1,A,1999,Drama,D,C,t,Text.\n"


RATINGS = "user_id,movie_id,rating,timestamp\n1,1,?,1\n"


def test_the_toy_ratings_are_those_that_the_notebooks_compute_with():
    toy = data.toy_ratings()
    assert toy.sum(axis=1).to_dict() == {"Ada": 23, "Bruno": 20, "Carla": 21, "Dan": 28, "Eve": 22, "Finn": 15}
    assert toy.count().tolist() == [6, 6, 4, 5, 5, 6, 5, 4]
    assert (toy * [1, 2, 3, 4, 5, 6, 7, 8]).sum(axis=None) == 549


@pytest.mark.parametrize("damage", [b"", b"not a csv", b"movie_id,title\n1,A\n"])
def test_a_damaged_course_file_says_how_to_get_it_back(course_folder, damage):
    (course_folder / "movies.csv").write_bytes(damage)
    with pytest.raises(ValueError, match=r"movies\.csv: .*git checkout data/movies\.csv"):
        load_movies()


@pytest.mark.parametrize("name", ["movies.csv", "listings_raw.csv", "duplicates.csv", "ratings.csv"])
def test_a_changed_course_file_is_read_alike_and_told(tmp_path, monkeypatch, name):
    read = {
        "movies.csv": load_movies, "listings_raw.csv": data.load_raw_listings, "duplicates.csv": data.load_duplicates,
        "ratings.csv": data.load_ratings,
    }[name]  # fmt: skip
    published = read()
    (tmp_path / name).write_bytes((data.DATA_DIR / name).read_bytes() + b"\n")
    (tmp_path / data.CHECKSUMS).write_bytes((data.DATA_DIR / data.CHECKSUMS).read_bytes())
    monkeypatch.setattr(data, "DATA_DIR", tmp_path)
    with pytest.warns(UserWarning, match=f"{name} is not as published .*git checkout data/{name}"):
        changed = read()
    pd.testing.assert_frame_equal(pd.DataFrame(changed), pd.DataFrame(published))


DAMAGES = [
    ("movies.csv", MOVIES, "x", load_movies, "movie_id x of row 1"),
    ("movies.csv", MOVIES, "1e3", load_movies, "movie_id 1e3 of row 1"),
    ("movies.csv", MOVIES + MOVIES.splitlines()[1] + "\n", "1", load_movies, "movie_id 1 appears twice"),
    ("duplicates.csv", "listing_id,movie_id\n1,\n", "1", data.load_duplicates, "movie_id nan of row"),
    ("ratings.csv", RATINGS, "9.0", data.load_ratings, "rating '9.0' is not from 0.5 to 5"),
    ("ratings.csv", RATINGS, "inf", data.load_ratings, "rating 'inf' is not from"),
    ("ratings.csv", RATINGS, "", data.load_ratings, "rating 'nan' is not from"),
    ("ratings.csv", RATINGS + "1,2\n", "3", data.load_ratings, "line 3: 2 cells"),
    ("ratings.csv", "", "", data.load_ratings, "the file is empty"),
]


@pytest.mark.parametrize(("name", "text", "cell", "read", "said"), DAMAGES)
def test_a_damaged_cell_of_a_course_file_is_refused(course_folder, name, text, cell, read, said):
    (course_folder / name).write_text(text.replace("?", cell))
    with pytest.raises(
        ValueError, match=rf"^{name}: (?!{name}).*{said}.*(?<!\.)\. Get the file back with: git checkout data/{name}$"
    ):
        read()


def test_a_list_of_checksums_that_is_emptied_or_damaged_is_a_fault(course_folder):
    (course_folder / "movies.csv").write_text("x")
    for content, said in (("", "it lists no file"), ("x\n", "line 1 is no SHA-256")):
        (course_folder / data.CHECKSUMS).write_text(content)
        with pytest.raises(ValueError, match=f"SHA256SUMS: {said}.*git checkout data/SHA256SUMS"):
            data.changed_files()
    (course_folder / data.CHECKSUMS).write_text(f"{'0' * 64}  ratings.csv\n")
    assert data.changed_files() == ["movies.csv", "ratings.csv"]


def store_vectors(folder, texts, ids):
    vectors = np.eye(len(texts), 384, dtype=np.float32)
    np.savez(folder / "vectors.npz", ids=np.array(ids), vectors=vectors, text_sha256=data.hash_texts(texts))


def test_vectors_follow_the_order_of_the_films(course_folder):
    store_vectors(course_folder, ["a", "b", "c"], [1, 2, 3])
    movies = pd.DataFrame({"synopsis": ["c", "a"]}, index=[3, 1])
    assert data.load_vectors(movies).argmax(axis=1).tolist() == [2, 0]


@pytest.mark.parametrize(("texts", "ids"), [(["a", "other"], [1, 2]), (["a", "b"], [1, 9])])
def test_vectors_of_other_texts_or_films_are_refused(course_folder, texts, ids):
    store_vectors(course_folder, ["a", "b"], [1, 2])
    with pytest.raises(ValueError, match="make_vectors"):
        data.load_vectors(pd.DataFrame({"synopsis": texts}, index=ids))


def test_a_flipped_byte_in_the_vectors_is_noticed(course_folder):
    store_vectors(course_folder, ["a", "b"], [1, 2])
    raw = bytearray((course_folder / "vectors.npz").read_bytes())
    raw[len(raw) // 2] ^= 255
    (course_folder / "vectors.npz").write_bytes(raw)
    with pytest.raises(ValueError, match="damaged"):
        data.load_vectors(pd.DataFrame({"synopsis": ["a", "b"]}, index=[1, 2]))


@pytest.mark.speed
def test_the_course_loads_in_under_a_second():
    begin = time.perf_counter()
    movies = load_movies()
    data.load_raw_listings()
    data.load_duplicates()
    data.load_vectors(movies)
    assert time.perf_counter() - begin < 1


@pytest.mark.parametrize("text", [np.nan, None, pd.NA, 5])
def test_vectors_of_a_film_without_a_synopsis_name_the_film(text):
    movies = load_movies().head(3).astype({"synopsis": object})
    movies.loc[movies.index[1], "synopsis"] = text
    with pytest.raises(ValueError, match=f"load_vectors: movie_id {movies.index[1]} has no synopsis"):
        data.load_vectors(movies)
    with pytest.raises(ValueError, match="no column 'synopsis'"):
        data.load_vectors(movies.drop(columns="synopsis"))
