import gzip
import time

import numpy as np
import pandas as pd
import pytest

from helpers import data
from helpers.data import load_movies

ROWS = [
    ["Die Brücke", "Seven boys\nhold a bridge."],
    ["NA", "A title that pandas takes for nothing."],
    ["1917", "Two runners."],
]


def write_csv(path, rows=ROWS, columns=("name", "plot"), encoding="utf-8", **options):
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False, encoding=encoding, **options)
    return path


def load(path):
    return load_movies(path, title_column="name", text_column="plot")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_catalogue_is_read_in_any_usual_encoding(tmp_path, encoding):
    movies = load(write_csv(tmp_path / "films.csv", encoding=encoding))
    assert movies["title"].tolist() == ["Die Brücke", "NA", "1917"]
    assert movies["synopsis"].iloc[0] == "Seven boys\nhold a bridge."
    assert movies.index.tolist() == [1, 2, 3]
    assert movies.index.name == "movie_id"


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_may_be_separated_by_other_signs(tmp_path, delimiter):
    assert len(load(write_csv(tmp_path / "films.csv", sep=delimiter))) == 3


def test_a_compressed_catalogue_is_read(tmp_path):
    plain = write_csv(tmp_path / "films.csv").read_bytes()
    (tmp_path / "films.csv.gz").write_bytes(gzip.compress(plain))
    assert len(load(tmp_path / "films.csv.gz")) == 3


def test_rows_without_title_or_text_are_left_out_and_counted(tmp_path):
    rows = [*ROWS, ["", "no title"], ["No text", ""], ["Spaces", "   "]]
    with pytest.warns(UserWarning, match=r"films\.csv: 3 of 6 rows left out \(1 without title, 2 without text\)"):
        movies = load(write_csv(tmp_path / "films.csv", rows))
    assert movies.index.tolist() == [1, 2, 3]
    assert movies.attrs["left_out"] == {"without title": 1, "without text": 2}


def test_films_of_one_title_stay_apart(tmp_path):
    movies = load(write_csv(tmp_path / "films.csv", [["Emma", "one"], ["Emma", "two"]]))
    assert movies["synopsis"].tolist() == ["one", "two"]


def test_other_columns_come_along_and_years_become_numbers(tmp_path):
    rows = [["A", "x", "1999", "Drama"], ["B", "y", "soon", "Comedy"]]
    movies = load(write_csv(tmp_path / "films.csv", rows, ["name", "plot", "year", "genres"]))
    assert movies["genres"].tolist() == ["Drama", "Comedy"]
    assert movies["year"].iloc[0] == 1999
    assert np.isnan(movies["year"].iloc[1])


def test_the_title_may_stand_in_a_column_called_synopsis(tmp_path):
    movies = load_movies(write_csv(tmp_path / "f.csv", [["T", "text"]], ["synopsis", "title"]), "synopsis", "title")
    assert movies.iloc[0].to_dict() == {"title": "T", "synopsis": "text"}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"title,plot\na,b\n", r"films\.csv: column 'name' is missing \(found: title, plot\)"),
        (b"", "the file is empty"),
        (b"name,plot\n", "no row has both"),
        (b'name,plot\na,"never closed\nb,c\n', "films.csv: .*"),
        (b"name,plot\na,b,c,d\ne,f\ng,h,i,j,k\n", r"films\.csv: .*line"),
        (b"\x1f\x8bnot really gzip", "gzip file is damaged"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, content, message):
    (tmp_path / "films.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(tmp_path / "films.csv")
    assert "\n" not in str(caught.value)


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(ValueError, match="is a folder"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent.csv")


def test_both_columns_have_to_be_named(tmp_path):
    with pytest.raises(ValueError, match="name title_column and text_column"):
        load_movies(tmp_path / "films.csv", title_column="name")


def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path):
    rows = pd.DataFrame(
        {"name": [f"Film {i}" for i in range(100_000)], "plot": 'Someone says "no", and leaves.\nTwice.'}
    )
    rows.to_csv(tmp_path / "films.csv", index=False)
    begin = time.perf_counter()
    assert len(load(tmp_path / "films.csv")) == 100_000
    assert time.perf_counter() - begin < 20


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = tmp_path / "file.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), data.write_whole(path) as temporary:
        temporary.write_text("ne")
        raise RuntimeError
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.parametrize("damage", [b"", b"not a csv", b"movie_id,title\n1,A\n"])
def test_a_damaged_course_file_says_how_to_get_it_back(course_folder, damage):
    (course_folder / "movies.csv").write_bytes(damage)
    with pytest.raises(ValueError, match=r"movies\.csv: .*git checkout data/movies\.csv"):
        load_movies()


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


def test_the_course_loads_in_under_a_second():
    begin = time.perf_counter()
    movies = load_movies()
    data.load_raw_listings()
    data.load_duplicates()
    data.load_vectors(movies)
    assert time.perf_counter() - begin < 1
