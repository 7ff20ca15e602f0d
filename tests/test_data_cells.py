import warnings

import numpy as np
import pandas as pd
import pytest
from small_data import write_csv

from helpers.data import load_movies, read_genres, read_numbers, read_years

YEARS = {
    "١٩٩٩": 1999, "１９９９年": 1999, "1999 to 2001": 1999, "between 1998 and 2001": 1998,
    "1994": 1994, "1994.0": 1994, " 1994 ": 1994, "2019-05-01T10:00:00+1000": 2019, "2019-05-01": 2019,
    "01.05.2019": 2019, "5/1/2019 10:00 PM +1000": 2019, "Wed May 01 10:00:00 +1000 2019": 2019, "20190501": 2019,
    "c. 1984": 1984, "1984-1989": 1984, "2008–": 2008, "Blade Runner 2049 (2017)": 2017, "1984-12": 1984,
    "inf": None, "-inf": None, "nan": None, "1e3": None, "-1984": None, "0": None, "99999": None, "915148800": None,
    "1,999": 1999, "1.999": 1999, "1\u00a0999": 1999, "２０１９年": 2019, "1,99": None,
    "1994.5": None, "soon": None, "": None, "12345678": None, "19840": None, "3000": None,
}  # fmt: skip


@pytest.mark.parametrize(("cell", "year"), YEARS.items())
def test_a_year_is_a_year_or_missing(cell, year):
    found, other = read_years(pd.Series([cell, "1999"]))
    assert other == 1999
    assert found == year or (np.isnan(found) and year is None)


TIMES = {  # of 1994-05-01 and 1960-01-01, and what they are read as
    "days since 1900": (34455, 21916),
    "seconds since 1970": (767750400, -315619200),
    "milliseconds since 1970": (767750400000, -315619200000),
}


@pytest.mark.parametrize(("unit", "times"), TIMES.items(), ids=TIMES)
def test_years_of_times_that_are_numbers_are_read_with_a_warning(unit, times):
    cells = pd.Series([str(times[0]), f"{times[0]}.0", str(times[1]), None, "soon"], name="released")
    with pytest.warns(UserWarning, match=f"released: {times[0]} and the like are read as {unit}"):
        assert read_years(cells).fillna(0).tolist() == [1994, 1994, 1960, 0, 0]


def test_cells_of_which_none_is_there_have_no_years():
    assert read_years(pd.Series([np.nan, None])).isna().all()
    assert read_years(pd.Series([], dtype=object)).empty


def test_years_are_whole_numbers_where_none_is_missing():
    assert read_years(pd.Series(["1999", "2000-01-01"])).dtype == "int64"


GENRES = {
    "Drama &amp; War;Sport": "Drama & War|Sport", "[nan]": "", "None, None": "",
    "Drama|Mystery": "Drama|Mystery", "Drama, Mystery": "Drama|Mystery", "Drama; Mystery;": "Drama|Mystery",
    '[{"id": 18, "name": "Drama"}, {"name": "Mystery"}]': "Drama|Mystery",
    "[{'id': 18, 'name': 'Drama'}, {'name': 'Mystery'}]": "Drama|Mystery",
    "['Drama', \"Mystery\"]": "Drama|Mystery", '["Drama", "Mystery"]': "Drama|Mystery",
    "['Drama' 'Mystery']": "Drama|Mystery",
    "{'Mystery', 'Drama'}": "Drama|Mystery", "{Drama,Mystery}": "Drama|Mystery",
    '{"Science Fiction",Drama}': "Science Fiction|Drama",
    "[Drama, Mystery]": "Drama|Mystery", '{"id": 18, "name": "Drama"}': "Drama", "Drama|Drama": "Drama",
    '[{"name": "A, B|C"}]': "A, B/C", "[]": "", "": "", "NA": "", "(no genres listed)": "",
    "[" * 5000: "[" * 5000,
    '{"/m/07s9rl0": "Drama", "/m/02kdv5l": "Action"}': "Drama|Action", '{"0": {"name": "Drama"}}': "Drama",
    '{"genres": ["Drama", "Mystery"]}': "Drama|Mystery", "[['Drama'], ['Mystery']]": "Drama|Mystery",
    "[18.0, 35]": "18|35", "[True, 'Drama', None, 'nan']": "Drama", "Drama\nMystery": "Drama|Mystery",
    "Drama；Mystery": "Drama|Mystery", "Drama、Mystery": "Drama|Mystery", "Drama، Mystery": "Drama|Mystery",
    "#drama #love": "#drama|#love", "C# • Mystery": "C#|Mystery",
    "Drama • Mystery": "Drama|Mystery", "Drama|NA": "Drama",
}  # fmt: skip


@pytest.mark.parametrize(("cell", "names"), GENRES.items())
def test_lists_of_names_are_read_in_any_usual_form(cell, names):
    (found,) = read_genres(pd.Series([cell])).fillna("")
    assert found == names


def test_genres_of_a_table_of_tmdb_become_names(tmp_path):
    rows = [["A", "x", '[{"id": 18, "name": "Drama"}]', "2001-05-04"], ["B", "y", "[]", "inf"]]
    path = write_csv(tmp_path / "films.csv", rows, ["name", "plot", "genres", "released"])
    movies = load_movies(path, "name", "plot", genre_column="genres", year_column="released")
    assert movies["genres"].fillna("").tolist() == ["Drama", ""]
    with pytest.warns(UserWarning, match=r"films\.csv: no cell of column 'name' has a year \(the first is 'A'\)"):
        assert load_movies(path, "name", "plot", year_column="name")["genres"].str.len().tolist()[0] == 5
    assert movies["year"].tolist()[0] == 2001 and np.isnan(movies["year"].iloc[1])


@pytest.mark.parametrize(
    "cell", ["\u200b", "\u00ad \u2060", "[]", "undefined", "...", "#DIV/0!", "(null)", "---", "1,050"]
)
def test_what_nobody_sees_and_words_for_nothing_are_no_text(cell):
    frame = pd.DataFrame({"name": ["A", "B"], "plot": [cell, "Two runners."]})
    with pytest.warns(UserWarning, match="1 without text"):
        assert load_movies(frame, "name", "plot")["title"].tolist() == ["B"]


def test_letters_that_were_saved_wrongly_are_told_of():
    plots = ["A café in a naïve town – in spring.", "São Paulo, ÁGUA E PÃO", "Two runners."]
    frame = pd.DataFrame(
        {"name": ["A", "B", "C"], "plot": [plot.encode().decode("cp1252", "ignore") for plot in plots]}
    )
    with pytest.warns(UserWarning, match="2 texts have signs such as 'Ã©'"):
        load_movies(frame, "name", "plot")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        load_movies(frame.assign(plot=plots), "name", "plot")


def test_numbers_of_every_script_are_numbers():
    assert read_numbers(pd.Series(["٤", "３,5", "\u22121"])).tolist() == [4, 3.5, -1]


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("<b>Vase</b> &amp; lid<br>from <a href='x'>Rome</a>", "Vase & lid from Rome"),
        ("<p>One</p><p>Two<!-- three --></p><script>alert(1)</script>", "One Two"),
        ("if a < b and c > d; I <3 AT&T; List<String>", "if a < b and c > d; I <3 AT&T; List<String>"),
        ('{"romaji": null, "english": "Sky", "native": "空"}', "Sky"),
        ('{"type": "/type/text", "value": "A story."}', "A story."),
        ("['One.', 'Two.']", "One. Two."),
        ("[REC]", "[REC]"),
        ("{1, 2}", "{1, 2}"),
        ('["not closed', '["not closed'),
        *((sign * 50_000, sign * 50_000) for sign in ("<!--", "<p,", "<script,", "&a", '["')),  # no hang
    ],
)
def test_texts_are_read_as_people_see_them(cell, text):
    films = load_movies(pd.DataFrame({"title": [cell, "B"], "plot": [cell, "Two runners."]}), "title", "plot")
    assert films["title"].tolist() == [text, "B"]
    assert " ".join(films["synopsis"].iloc[0].split()) == text
