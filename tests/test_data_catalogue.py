"""A catalogue is described once: by options, by catalogue.toml, or by a guess that is said."""

import json
import warnings

import numpy as np
import pandas as pd
import pytest
from small_data import ROWS, load, write_csv

from helpers.course import launch
from helpers.data import count_words, describe, load_movies, read_csv_in_parts
from helpers.data.catalogue import SETTINGS

BOOKS = (
    "isbn;name;author;shelf;published;blurb\n"
    "1;Emma;Jane Austen;Novel, Satire;1815-12-23;A matchmaker errs.\n"
    "2;Dracula;Bram Stoker;Horror;1897;A count travels by sea.\n"
)
TOML = """file = "books.csv"
# whatever
title_column = "name"
text_column = "blurb"
genre_column = "shelf"
year_column = "published"
people_column = "author"
id_column = "isbn"
encoder = "some-model"
language = "en"
"""


@pytest.fixture
def books(tmp_path):
    (tmp_path / "books.csv").write_text(BOOKS, encoding="utf-8")
    (tmp_path / "catalogue.toml").write_text(TOML, encoding="utf-8")
    return tmp_path


def test_a_toml_file_and_options_say_the_same(books, monkeypatch):
    by_toml = describe(books / "catalogue.toml")
    columns = {"title_column": "name", "text_column": "blurb", "genre_column": "shelf", "year_column": "published"}
    columns |= {"people_column": "author", "id_column": "isbn", "language": "en", "encoder": "some-model"}
    by_options = describe(books / "books.csv", **columns)
    assert by_toml == by_options
    films = by_toml.films()
    pd.testing.assert_frame_equal(films, by_options.films())
    emma = films.loc[1, ["title", "year", "genres", "cast", "id"]].tolist()
    assert emma == ["Emma", 1815, "Novel|Satire", "Jane Austen", "1"]
    assert (by_toml.encoder, by_toml.language, by_toml.guessed) == ("some-model", "en", ())
    monkeypatch.chdir("/")
    pd.testing.assert_frame_equal(load_movies(books / "catalogue.toml"), films)


def test_an_option_goes_before_the_toml_file(books):
    assert describe(books / "catalogue.toml", title_column="author").title_column == "author"
    assert describe(books / "catalogue.toml", title_column=None).title_column == "name"


def test_what_a_description_writes_can_be_read_again(books):
    found = describe(books / "catalogue.toml", delimiter=";")
    (books / "again.toml").write_text(found.toml(), encoding="utf-8")
    assert describe(books / "again.toml") == found
    assert "--title-column name" in found.options()
    assert found.options().startswith(f"--csv {books / 'books.csv'}")


WRONG = {
    "an unknown name": (
        'file = "a"\n\ntitel_column = "a"',
        "line 3: titel_column means nothing.*you mean title_column",
    ),
    "a name of another kind": ('color = "a"', "line 1: color means nothing here. There are: file, title_column"),
    "a number": ('file = "books.csv"\nyear_column = 3', "line 2: year_column is 3; write a text in quotes"),
    "an empty text": ('file = ""', "line 1: file is ''"),
    "no quotes": ('file = "books.csv"\n\n\ntitle_column = name', "line 4: .*Texts stand in quotes"),
    "no quotes in front": ('title_column = name\nfile = "books.csv"', "line 1: .*Texts stand in quotes"),
    "a quote not closed": ('file = "books.csv', "line 1: "),
    "no file": ('title_column = "name"', "it names no file"),
    "a table": ('[columns]\ntitle_column = "name"', "line 1: columns means nothing here"),
    "twice": ('file = "a"\nfile = "b"', "line 2: "),
    "an absent column": (
        'file = "books.csv"\ntitle_column = "nome"',
        "toml, line 2: books.csv: column 'nome'.*Did you mean 'name'",
    ),
    "a delimiter of two signs": (
        'file = "books.csv"\ndelimiter = "ab"',
        "toml, line 2: 'ab' is not a delimiter: give one character",
    ),
    "an encoding that is none": (
        'file = "books.csv"\nencoding = "klingon"',
        "toml, line 2: there is no encoding 'klingon'",
    ),
    "a path of Windows": ('\nfile = "C:\\Users\\a.csv"', "line 2: .*: write /, or use single quotes"),
    "a path that means signs": (
        '\nfile = "data\\new.csv"',
        "line 2: file holds an invisible .*: write /, or use",
    ),
}


@pytest.mark.parametrize(("text", "said"), WRONG.values(), ids=WRONG)
def test_a_wrong_toml_file_is_one_line_that_names_its_line(books, text, said):
    (books / "catalogue.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=said) as caught:
        describe(books / "catalogue.toml")
    assert "\n" not in str(caught.value)


def test_a_missing_or_unreadable_toml_file_is_one_line(books):
    with pytest.raises(FileNotFoundError, match="there is no such file"):
        describe(books / "absent.toml")
    (books / "catalogue.toml").write_bytes('\nfile = "книги.csv"'.encode("cp1251"))
    with pytest.raises(ValueError, match=r"catalogue\.toml, line 2: byte 0xEA is not UTF-8.* Save the file as UTF-8"):
        describe(books / "catalogue.toml")
    (books / "catalogue.toml").write_bytes(f"# Bücher für Zoë\n{TOML}".encode("cp1252"))
    with pytest.warns(UserWarning, match=r"catalogue\.toml is not UTF-8; it is read as Windows-1252"):
        assert describe(books / "catalogue.toml").title_column == "name"
    with pytest.raises(TypeError, match="there is no color_column; there are file, title_column"):
        describe(books / "books.csv", color_column="x")


def test_an_absent_file_and_a_folder_of_an_encoder_are_looked_for_beside_the_toml_file(books, monkeypatch, tmp_path):
    (books / "catalogue.toml").write_text('\nfile = "absent.csv"', encoding="utf-16")
    with pytest.raises(FileNotFoundError, match=r"catalogue\.toml, line 2: .*absent\.csv: there is no such file"):
        describe(books / "catalogue.toml")
    with pytest.raises(ValueError, match=r"folder\.toml is a device or a pipe; name a file"):
        (books / "folder.toml").mkdir()
        describe(books / "folder.toml")
    (books / "model").mkdir()
    (books / "catalogue.toml").write_text(f'{TOML}encoder = "model"\n'.replace('encoder = "some-model"\n', ""))
    monkeypatch.chdir(books / "model")
    found = describe(books / "catalogue.toml")
    assert found.encoder == str(books / "model")
    assert f'encoder = "{books / "model"}"' in found.toml()


GUESSES = {  # a header, a row, and the columns of title, text, genre and year
    "IMDb": ("tconst,primaryTitle,startYear,genres,plot", "1,A,1999,Drama,Text.", "primaryTitle plot genres startYear"),
    "Netflix": ("show_id,type,title,release_year,description", "1,Film,A,2020,B.", "title description - release_year"),
    "TMDB": ("id,original_title,title,overview,genres", "1,Äh,A,Text.,[]", "title overview genres -"),
    "a shop": (
        "SKU;Product_Name;Category;ProductDescription",
        "1;A;Toys;Text.",
        "Product_Name ProductDescription Category -",
    ),
    "German": ("Nr;Titel;Jahr;Inhalt", "1;A;1999;Text.", "Titel Inhalt - Jahr"),
    "Spanish": ("Nº;Título;Descripción;Género;Año", "1;A;Text.;B;1999", "Título Descripción Género Año"),
    "none of these": ("k,dish,what", "1,Soup,A text that is longer than a title.", "dish what - -"),
}
SOUGHT = ["title_column", "text_column", "genre_column", "year_column"]


@pytest.mark.parametrize(("header", "row", "columns"), GUESSES.values(), ids=GUESSES)
def test_columns_that_nobody_named_are_guessed_and_said(tmp_path, header, row, columns):
    (tmp_path / "some.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    with pytest.warns(UserWarning, match=r"some\.csv: guessed .*If that is wrong, name the columns"):
        found = describe(tmp_path / "some.csv")
    assert [getattr(found, name) or "-" for name in SOUGHT] == columns.split()
    assert set(found.guessed) == {name for name in SOUGHT if getattr(found, name)}


def test_another_language_than_english_asks_for_an_encoder(books):
    columns = {"title_column": "name", "text_column": "blurb", "language": "fr"}
    with pytest.warns(UserWarning, match=r"books\.csv: the language is fr.*--encoder"):
        describe(books / "books.csv", **columns)
    assert describe(books / "books.csv", **columns, encoder="tfidf").language == "fr"


def test_a_delimiter_may_be_called_tab(tmp_path):
    (tmp_path / "f.csv").write_text("title\tabout\nA\tx; y\n")
    assert describe(tmp_path / "f.csv", title_column="title", text_column="about", delimiter="tab").table.rows == 1


def test_nothing_is_guessed_where_title_and_text_are_named(books):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = describe(books / "books.csv", title_column="name", text_column="blurb")
    assert (found.genre_column, found.year_column, found.guessed) == (None, None, ())


def test_words_are_counted_in_scripts_without_spaces_too():
    texts = pd.Series(["Two words", "她在等一封信", "ผู้ดูแลประภาคาร", "한 마디", ""])
    assert count_words(texts).tolist() == [2, 4, 8, 2, 0]


def test_a_comment_is_not_guessed_to_be_a_header(tmp_path):
    (tmp_path / "some.csv").write_text("#by hand, twice\ntitle,about\nA,A text of some words.\n")
    with pytest.raises(ValueError, match=r"some\.csv: if the line that begins with '#' is a comment, delete it"):
        describe(tmp_path / "some.csv")


@pytest.mark.parametrize(
    "content", ["a,b\n1,2\n3,4\n", f"a,b\n1,{10**30}\n", "a,b\nx,y\n", "a\nA long text of many words.\n", "a" * 200_000]
)
def test_what_nobody_can_guess_has_to_be_named(tmp_path, content):
    (tmp_path / "some.csv").write_text(content)
    with pytest.raises(ValueError, match=r"nobody can tell which column holds (titles|texts) \(found: a.*Name it: --"):
        describe(tmp_path / "some.csv", delimiter=",")


@pytest.mark.parametrize(
    ("ids", "said"), [(["7", "7"], "id '7' is there more than once"), (["1", ""], "id '' is missing")]
)
def test_ids_name_one_row_each(tmp_path, ids, said):
    pd.DataFrame({"title": ["A", "B"], "about": ["x", "y"], "id": ids}).to_csv(tmp_path / "f.csv", index=False)
    with pytest.raises(ValueError, match=rf"f\.csv, line 3: {said}"):
        load_movies(tmp_path / "f.csv", "title", "about", id_column="id")


def test_the_options_of_the_commands_are_the_settings_of_a_description():
    assert set(launch.CATALOGUE) | {"file", "encoder"} == set(SETTINGS)


def test_a_column_without_a_name_is_not_guessed(tmp_path):
    (tmp_path / "some.csv").write_text("My books,,\nno,title,about\n1,A,A text of some words.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"some\.csv: line 2 seems to be the header; delete what is above it, or name"):
        describe(tmp_path / "some.csv")
    (tmp_path / "some.csv").write_text("My books,,\n\nno,title,what\n1,A,A text of some words.\n", encoding="utf-8")
    with pytest.raises(
        ValueError, match=r"column 3\).* the names of the columns stand in a line below, delete the lines"
    ):
        describe(tmp_path / "some.csv")


def test_a_header_of_two_lines_is_told(tmp_path):
    (tmp_path / "f.csv").write_text("Film,,Notes,\nTitle,Year,Plot,Stars\nEmma,1996,A match is made.,4\n")
    with pytest.raises(ValueError, match=r"f\.csv: line 2 seems to be the header"):
        describe(tmp_path / "f.csv")


COLUMNS_OF_FILMS = [
    ["Title", "Emma", "Red", "Blue"], ["Year", "1996", "2010", "1993"],
    ["Plot", "A rich girl makes matches for her friends.", "A retired agent gets his old team together.", ""],
]  # fmt: skip


@pytest.mark.parametrize("order", [[0, 1, 2], [2, 1, 0], [1, 0, 2]])
def test_a_table_with_a_column_for_each_film_is_told(tmp_path, order):
    rows = [COLUMNS_OF_FILMS[place] for place in order]
    pd.DataFrame(rows[1:], columns=rows[0]).to_csv(tmp_path / "f.csv", index=False)
    with pytest.raises(ValueError, match=r"f\.csv: the first column seems to name what stands in the rows; transpose"):
        describe(tmp_path / "f.csv")


def test_titles_that_are_words_for_columns_are_titles(tmp_path):
    songs = pd.DataFrame(
        {"song": ["Book of Love", "Our Story", "Summer"], "by": "Bo", "lyrics": "La la, my love, la la."}
    )
    songs.to_csv(tmp_path / "f.csv", index=False)
    with pytest.warns(UserWarning, match="guessed text_column='lyrics', title_column='song'"):
        describe(tmp_path / "f.csv")


@pytest.mark.parametrize("other", ["Title", "TITLE"])
def test_of_columns_whose_names_differ_in_case_one_has_to_be_named(tmp_path, other):
    (tmp_path / "f.csv").write_text(f"title,{other},plot\nt001,Emma,A match is made.\n")
    with pytest.raises(ValueError, match=rf"f\.csv: there are columns 'title' and '{other}'. Name one: --title-co"):
        describe(tmp_path / "f.csv")
    with pytest.warns(UserWarning, match="guessed text_column='plot'"):
        assert describe(tmp_path / "f.csv", title_column=other).films()["title"].tolist() == ["Emma"]


def test_codes_are_neither_titles_nor_texts(tmp_path):
    songs = {"track_id": ["5SuOikwiRyPMVoIQDJUgSV", "4qPNDBW1i3p13qLCt0Ki3A"], "song": ["Red", "Blue"], "year": 1999}
    pd.DataFrame(songs).to_csv(tmp_path / "f.csv", index=False)
    with pytest.raises(ValueError, match="nobody can tell which column holds texts"):
        describe(tmp_path / "f.csv")
    pd.DataFrame({"001": ["ocm01", "ocm02"], "245": ["Red", "Blue"], "520": "A keeper finds a map."}).to_csv(
        tmp_path / "f.csv", index=False
    )
    with pytest.warns(UserWarning, match="guessed text_column='520', title_column='245'"):
        describe(tmp_path / "f.csv")


def test_columns_that_say_nothing_of_a_kind_are_not_guessed(tmp_path):
    (tmp_path / "f.csv").write_text("title,name,plot,tags,published,date\n,Emma,A match is made.,,true,1996-08-02\n")
    with pytest.warns(UserWarning, match="guessed text_column='plot', title_column='name', year_column='date'"):
        describe(tmp_path / "f.csv")


def test_objects_in_objects_are_named(tmp_path):
    hits = [{"_id": "1", "_source": {"title": "Emma", "plot": "A match is made.", "genres": ["Drama"]}}]
    (tmp_path / "f.json").write_text(json.dumps({"hits": hits}))
    with pytest.raises(ValueError, match=r"f\.json: nobody can tell .* inside of '_source', unfold that first"):
        describe(tmp_path / "f.json")


def test_what_is_guessed_stands_there_once(tmp_path):
    (tmp_path / "f.csv").write_text("title,about,about\nEmma,A town.,A match.\n")
    with pytest.raises(ValueError, match=r"f\.csv: column 'about' appears twice"):
        describe(tmp_path / "f.csv")


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


def test_a_word_for_nothing_is_no_text(tmp_path):
    rows = [["A", "kept"], *[["B", word] for word in ("NA", "NaN", "null", "None", "\\N", "-", "N/A", "#N/A", "?")]]
    with pytest.warns(UserWarning, match="9 of 10 rows left out .0 without title, 9 without text."):
        assert load(write_csv(tmp_path / "films.csv", rows))["title"].tolist() == ["A"]
    assert list(read_csv_in_parts(tmp_path / "films.csv", "plot", 99)) == [["kept"] + [""] * 9]


def test_a_film_may_be_called_null_but_not_two_of_them(tmp_path):
    rows = [["Null", "One film."], ["None", "Another."], ["NA", "x"], ["NA", "y"], ["\\N", "z"], ["A", "b"]]
    with pytest.warns(UserWarning, match="3 of 6 rows left out .3 without title"):
        assert load(write_csv(tmp_path / "films.csv", rows))["title"].tolist() == ["Null", "None", "A"]


def test_columns_that_bear_names_of_ours_keep_their_cells_under_another(tmp_path):
    columns = ["name", "plot", "title", "synopsis", "similarity", "movie_id", "year", "out"]
    path = write_csv(tmp_path / "films.csv", [["A", "x", "t", "s", "0.5", "tt1", "then", "1999"]], columns)
    film = load_movies(path, "name", "plot", year_column="out").iloc[0].to_dict()
    assert (film["title"], film["synopsis"], film["year"]) == ("A", "x", 1999)
    ours = {
        "file_title": "t",
        "file_synopsis": "s",
        "file_similarity": "0.5",
        "file_movie_id": "tt1",
        "file_year": "then",
    }
    assert ours.items() <= film.items() and "similarity" not in film and "movie_id" not in film


def test_spaces_around_ids_make_no_other_ids():
    frame = pd.DataFrame({"id": ["1", " 1"], "name": ["A", "B"], "plot": ["x y", "z w"]})
    with pytest.raises(ValueError, match="row 2: id '1' is there more than once"):
        load_movies(frame, "name", "plot", id_column="id")


def test_the_columns_of_a_frame_are_guessed_as_those_of_a_file():
    frame = pd.DataFrame({"released": [1999, 2001], "film": ["A", "B"], "plot": ["x y", "z w"]})
    with pytest.warns(UserWarning, match="the DataFrame: guessed text_column='plot', title_column='film'"):
        assert load_movies(frame)["title"].tolist() == ["A", "B"]


def test_columns_are_put_together_at_once_however_many_they_are(monkeypatch):
    cells = {"name": ["A"], "plot": ["x y"], "title": ["t"], "file_title": ["u"], **{f"c{n}": [n] for n in range(500)}}
    moved, frame = [], pd.DataFrame(cells)
    for way in ("pop", "insert", "__delitem__", "__setitem__"):  # each moves the columns behind it
        known = getattr(pd.DataFrame, way)
        monkeypatch.setattr(pd.DataFrame, way, lambda *args, call=known, way=way: (moved.append(way), call(*args))[1])
    movies = load_movies(frame, "name", "plot")
    assert len(moved) < 10
    assert movies.shape == (1, 504) and movies.columns.is_unique
    assert movies["file_title"].tolist() == ["t"] and movies["c499"].tolist() == ["499"]


@pytest.mark.parametrize(
    ("header", "guess"),
    [
        ("title_id,title_type,primary_title,overview", ("primary_title", "overview")),
        ("movie_id,film_name,name_type,summary", ("film_name", "summary")),
        ("id,poster_link,song,lyrics", ("song", "lyrics")),
    ],
)
def test_numbers_kinds_and_addresses_are_neither_titles_nor_texts(tmp_path, header, guess):
    place = {guess[0]: "Red", guess[1]: "A keeper finds a map.", "poster_link": "https://example.org/pictures/red.png"}
    row = ",".join(place.get(name, "7" if name.endswith("id") else "movie") for name in header.split(","))
    (tmp_path / "films.csv").write_text(f"{header}\n{row}\n", encoding="utf-8")
    with pytest.warns(UserWarning, match="guessed"):
        description = describe(tmp_path / "films.csv")
    assert (description.title_column, description.text_column) == guess


def test_a_column_of_numbers_is_of_titles_when_it_is_called_so(tmp_path):
    (tmp_path / "films.csv").write_text(
        "title,director_name,text\n300,Ada,Spartans fight.\n1917,Bo,Two run.\n", encoding="utf-8"
    )
    with pytest.warns(UserWarning, match="guessed"):
        assert describe(tmp_path / "films.csv").title_column == "title"


def test_a_file_without_a_header_loses_no_row_to_it(tmp_path):
    rows = "Red,A lighthouse keeper finds a map in the fog\nBlue,Two sisters run a bakery by the sea\n"
    (tmp_path / "films.csv").write_text(rows, encoding="utf-8")
    with pytest.raises(ValueError, match=r"films\.csv: .* the first line may be a row: 'A lighthouse keeper"):
        describe(tmp_path / "films.csv")
    (tmp_path / "films.csv").write_text("title,text\n" + rows, encoding="utf-8")
    with pytest.warns(UserWarning, match="guessed"):
        assert len(describe(tmp_path / "films.csv").films()) == 2
