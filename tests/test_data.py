import gzip
import io
import os
import random
import time
import zipfile
from collections import Counter

import numpy as np
import pandas as pd
import pytest

from helpers import data
from helpers.data import charset, load_movies, read_csv_in_parts, read_genres, read_table, read_years, tables

ROWS = [
    ["Die Brücke", "Seven boys\nhold a bridge."],
    ["NA", "A title that pandas takes for nothing."],
    ["1917", "Two runners."],
]


MOVIES = ",".join(data.MOVIE_COLUMNS) + "\n?,tt1,A,1999,Drama,D,C,t,Text.\n"
RATINGS = "user_id,movie_id,rating,timestamp\n1,1,?,1\n"


def write_csv(path, rows=ROWS, columns=("name", "plot"), encoding="utf-8", **options):
    pd.DataFrame(rows, columns=list(columns)).to_csv(path, index=False, encoding=encoding, **options)
    return path


def load(path):
    return load_movies(path, title_column="name", text_column="plot")


UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", UNICODE)
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


REFUSED = {
    "another column": (b"title,plot\na,b\n", r"films\.csv: column 'name' is missing \(found: title, plot\)"),
    "empty": (b"", "the file is empty"),
    "blank lines only": (b"\n  \n\n", "the file is empty"),
    "header only": (b"name,plot\n", "no row has both"),
    "quote to the end": (b'name,plot\nx,y\na,"never closed\nb,c\n', "line 3: the quote that opens at character 3"),
    "quote to the next": (b'name,plot\na,"open\nb,c\nd,"e"\n', "line 2: the quote that opens at character 3"),
    "quote of a second line": (b'name,plot\n"two\nlines","open\nb,c\n', "line 3: the quote that opens at character 8"),
    "quotes inside": (b'name,plot\na,"he said "no" twice"\n', "line 2: the quote .* written twice"),
    "a cell too many": (b"name,plot\na,b\nc,d,e\n", "line 3: 3 cells, the header has 2. A text that has a ',' in it"),
    "a tab too many": (b"name\tplot\na\tb\nc\td\te\n", "line 3: 3 cells.* a tab in it"),
    "all but one cell too few": (
        b"name,plot,year\na,b,1\nc\n",
        "line 3: 1 cell, the header has 3. A text",
    ),
    "a cell too few": (b"name,plot,year\na,b,1\nc,d\n", "line 3: 2 cells, the header has 3. A text that goes on"),
    "after cells of several lines": (b'name,plot\r\na,"b\r\nc"\r\nd,e,f\r\n', "line 4: 3 cells"),
    "after lines of an old Macintosh": (b'name,plot\ra,"b\rc"\r\rd,e,f\r', "line 5: 3 cells"),
    "commas behind some rows": (b"name,plot,year\na,b,1\nc, d, and e,\n", "line 3: 4 cells, the header has 3"),
    "rows' names that are none": (b"name,plot\nx,a,b\ny,c,d\n", "line 2: 3 cells.* name that column in the header"),
    "a column twice": (b"name,plot,name\na,b,c\n", "column 'name' stands there twice"),
    "not really gzip": (b"\x1f\x8bnot really gzip", "gzip file is damaged"),
    "gzip cut off": (gzip.compress(b"name,plot\n" + random.Random(0).randbytes(999))[:300], "gzip file is damaged"),
    "gzip with another checksum": (gzip.compress(b"name,plot\na,b\n")[:-8] + bytes(8), "gzip file is damaged"),
    "gzip twice": (gzip.compress(gzip.compress(b"name,plot\n")), "a gzip file inside"),
    "a zero": (b"name,plot\na,b\nc,\0d\n", "line 3: a zero byte"),
    "a zero that looks wide": (b"title,about\n,\0,\n", "line 2: a zero byte"),
    "a web page": (b"\n<!DOCTYPE html>\n<html>", "a web page"),
    "JSON without a column": (b'[{"plot": "a"}]', r"column 'name' is missing \(found: plot\)"),
    "JSON cut off": (b'{"name": "a", "plot": "b"}\n\n{"name": "a",', r"line 3: no JSON"),
    "JSON of texts": (b'["name", "plot"]', r"object 1: no object with names"),
    "JSON too deep": (b"[" * 200_000, r"nested too deep"),
    "PDF": (b"%PDF-1.7\n", "a PDF file"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an old Excel"),
    "Parquet": (b"PAR1\x15\x04", "the Parquet file is damaged"),
    "SQLite": (b"SQLite format 3\0", "an SQLite database"),
    "ISO-2022": ("name,plot\na,灯台\n".encode("iso2022_jp"), "line 2: .*ISO-2022"),
    "a damaged byte": (
        "name,plot\nCafé,Brûlée\nx,\udcff\n".encode(errors="surrogateescape"),
        r"line 3: byte 0xFF is not UTF-8, though the rest of the file is\. Write.*:replace",
    ),
    "two damaged bytes": (
        "name,plot\nCafé,Brûlée\n\udcff,\udcff\n".encode(errors="surrogateescape"),
        r"line 3: byte 0xFF is not UTF-8, though the rest of the file is \(2 such bytes\)",
    ),
    "a letter cut off": ("name,plot\nCafé,Brûlé".encode()[:-1], "line 2: byte 0xC3 is not UTF-8, though the rest"),
    "Cyrillic": ("name,plot\nМаяк,Корабли в тумане\n".encode("cp1251"), "line 2: .*encoding is not known.*--encoding"),
    "half of UTF-16": ("name,plot\na,b\n".encode("utf-16")[:-1], "utf-16"),
    "a header of one name": (b"x" * 140_000 + b"\na\n", r"column 'name' is missing \(found: x+, \.\.\.\)"),
}


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_a_file_that_cannot_be_used_is_told_in_one_line(tmp_path, content, message):
    (tmp_path / "films.csv").write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load(tmp_path / "films.csv")
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 300
    if content != b"name,plot\n":
        with pytest.raises(ValueError, match=message):
            list(read_csv_in_parts(tmp_path / "films.csv", "name", 2))


READ = {
    "a comma behind each row": (b"name,plot,genre\na,b,c,\nd,e,f,\n", ["a", "d"], ["b", "e"]),
    "numbers, and a comma behind each row": (b"name,plot\n1,a,\n2,b,\n", ["1", "2"], ["a", "b"]),
    "commas behind all lines": (b"name,plot,,\na,b,,\nd,e,,\n", ["a", "d"], ["b", "e"]),
    "a comma behind the header": (b"name,plot,\na,b\nd,e\n", ["a", "d"], ["b", "e"]),
    "row names of R": (b'"name","plot"\n"1","a","b"\n"2","d","e"\n', ["a", "d"], ["b", "e"]),
    "row names of pandas": (b",name,plot\n0,a,b\n1,d,e\n", ["a", "d"], ["b", "e"]),
    "Excel's first line": (b"sep=;\r\nname;plot\r\na;b, c\r\n", ["a"], ["b, c"]),
    "blank lines": (b"\n\r\n  \nname,plot\n\na,b\n\n \nd,e\n\n", ["a", "d"], ["b", "e"]),
    "lines of an old Macintosh": (b"name,plot\ra,b\rd,e\r", ["a", "d"], ["b", "e"]),
    "mixed line ends": (b'name,plot\r\na,"b\r\nc"\nd,e\r', ["a", "d"], ["b\nc", "e"]),
    "no last line end": (b"name,plot\na,b", ["a"], ["b"]),
    "backslashes before quotes": (
        rb'"name","plot"' + b"\n" + rb'"C:\\","he said \"no\", twice"',
        ["C:\\"],
        ['he said "no", twice'],
    ),
    "backslashes that are letters": (rb"name,plot" + b"\n" + rb'"\N\n","a \ b"', ["\\N\\n"], ["a \\ b"]),
    "quotes of a word": (b'name,plot\nThe "Old" Man,5\' 7" tall\n', ['The "Old" Man'], ["5' 7\" tall"]),
    "delimiters in a quoted header": (b'"name";"plot";"a,b,c"\nx;y, z;1\n', ["x"], ["y, z"]),
    "spaces before quotes": (b'name, plot\na, "b, c"\n', ["a"], ["b, c"]),
    "a wide cell": (b"name,plot\na," + b"x" * 200_000 + b"\n", ["a"], ["x" * 200_000]),
    "control characters": (b"name,plot\nRed\x1b[31m\x07 Door,b\x08c\n", ["Red Door"], ["bc"]),
    "a title of two lines": (b'name,plot\n"Red\n\tDoor  2",b\x0bc\n', ["Red Door 2"], ["b c"]),
    "the end sign of DOS": (b"name,plot\r\na,b\r\n\x1a", ["a"], ["b"]),
}


@pytest.mark.parametrize(("content", "titles", "texts"), READ.values(), ids=READ)
def test_usual_habits_of_other_programs_are_read(tmp_path, content, titles, texts):
    (tmp_path / "films.csv").write_bytes(content)
    movies = load(tmp_path / "films.csv")
    assert (movies["title"].tolist(), movies["synopsis"].tolist()) == (titles, texts)
    assert sum(read_csv_in_parts(tmp_path / "films.csv", "plot", 1), []) == texts


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_is_shown_as_it_is(tmp_path, delimiter):
    path = write_csv(tmp_path / "films.csv", [["A", "x"], ["NA", ""]], encoding="cp1251", sep=delimiter)
    assert read_table(path).fillna("missing").to_dict("list") == {"name": ["A", "NA"], "plot": ["x", "missing"]}
    write_csv(path, [["Маяк", "x"]], encoding="cp1251")
    assert read_table(path, encoding="cp1251")["name"].tolist() == ["Маяк"]


def test_a_zip_under_the_name_of_a_table_is_recognized(tmp_path):
    with zipfile.ZipFile(tmp_path / "films.csv", "w") as archive:
        archive.writestr("films.csv", "name,plot\na,b\n")
    with pytest.raises(ValueError, match=r"films\.csv: this is a zip file"):
        load(tmp_path / "films.csv")


def test_an_address_and_a_device_are_no_files(tmp_path):
    with pytest.raises(ValueError, match="is an address; download"):
        load("https://example.org/films.csv")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="is a device or a pipe"):
            load(tmp_path / "pipe")


# ---- encodings -----------------------------------------------------------------------------------------------------

WESTERN = {
    "French": "L'été, la mère espère que Noël sera à l'île ; « Ça », c’est sûr… Où est sa sœur, déjà GARÇON, dû.",
    "German": "Der Fährmann rudert Gäste über den Fluß: „Äpfel“ und »Öl« – GRÖSSE, Straße, Mädchen für 3 €.",
    "Spanish": "¿Quién sueña? ¡El niño! Él vivió aquí después; pingüino, ESPAÑA, corazón, 1ª vez, 3º piso.",
    "Portuguese": "O coração de uma criança: não põe limões. Irmãs à noite, você é português, avô, maçã, AÇÕES.",
    "Swedish": "En dirigent återvänder till sin by på ön. Åke älskar sjön, FÖR GÅNGEN.",
    "Danish": "Søen ved København, blå bær på øen, Ærø, kærlighed, rød grød, miljø.",
    "Norwegian": "Hun liker å gå på en øy, gøy å være høyt oppe, større og ærlig.",
    "recipes": "¾ cup crème fraîche, 1½ jalapeños, ¼ l, 20 °C, 180° in the oven • salt",
    "Italian": "È una donna che perciò non è più là. Perché? Caffè, così, virtù, lunedì, città.",
    "English": "Don’t look: she’s the “last” one — here… 5 £, a café, Zoë’s fiancée, mother–daughter, 20° C, ACME™.",
}
FOREIGN = {
    "Polish": ("Młody żeglarz wraca do domu i szuka brata", "cp1250 iso8859-2 cp852"),
    "Czech": ("Příběh dětí, dvě sestry opravují hodiny", "cp1250 iso8859-2 cp852"),
    "Hungarian": ("Egy nő eltűnik az erdőben", "cp1250 iso8859-2"),
    "Romanian": ("O fată caută casa şi găseşte o scrisoare", "cp1250 iso8859-2"),
    "Croatian": ("Djevojka traži brata i ključ, noć u kući", "cp1250 iso8859-2"),
    "Turkish": ("Bir kız kardeşini arıyor, dağ", "cp1254 iso8859-9"),
    "Latvian": ("Divas māsas labo pulksteņus, zēns meklē tēvu", "cp1257 iso8859-13"),
    "Russian": ("Смотритель считает корабли", "cp1251 koi8-r iso8859-5 cp866"),
    "Greek": ("Ένας φύλακας μετρά πλοία", "cp1253 iso8859-7"),
    "Hebrew": ("שומר סופר אניות בערפל", "cp1255 iso8859-8"),
    "Arabic": ("حارس يعد السفن في الضباب", "cp1256 iso8859-6"),
    "Thai": ("ผู้ดูแลประภาคารนับเรือ", "tis-620"),
    "Chinese": ("看守人在雾中数着消失的船只", "gbk gb18030"),
    "Taiwanese": ("守塔人在霧中數著消失的船隻", "big5"),
    "Japanese": ("霧の中で船を数える番人、トイ", "shift_jis euc-jp"),
    "Korean": ("안개 속에서 배를 세는 등대지기", "euc-kr"),
    "French": (WESTERN["French"].replace("’", "'").replace("…", "").replace("œ", "oe"), "mac-roman cp850"),
    "German": ("Der Fährmann rudert Gäste über den Fluß", "mac-roman cp850 cp437"),
    "Spanish": ("El niño sueña con el corazón de su mamá", "mac-roman cp850"),
    "English": ("Don’t look: she’s the “last” one", "mac-roman"),
}


@pytest.mark.parametrize("text", WESTERN.values(), ids=WESTERN)
def test_western_texts_in_windows_1252_are_read_with_a_warning(tmp_path, text):
    path = write_csv(tmp_path / "films.csv", [["Film", text], ["Other", "plain"]], encoding="cp1252")
    with pytest.warns(UserWarning, match=r"films\.csv is not UTF-8; it is read as Windows-1252"):
        assert load(path)["synopsis"].tolist() == [text, "plain"]


@pytest.mark.parametrize(("word", "plausible"), [("sjöfår", True), ("niñó", True), ("åñe", False), ("maçäe", False)])
def test_a_word_with_the_letters_of_two_languages_is_of_none(word, plausible):
    assert charset.western(Counter([word])) is plausible


CASES = [(text, encoding) for text, encodings in FOREIGN.values() for encoding in encodings.split()]


@pytest.mark.parametrize(("text", "encoding"), CASES)
def test_what_nobody_can_know_is_refused_and_read_once_it_is_named(tmp_path, text, encoding):
    path = write_csv(tmp_path / "films.csv", [["One", "plain"], ["Two", text]], encoding=encoding)
    with pytest.raises(ValueError, match=r"films\.csv, line 3: .*the encoding is not known.*--encoding"):
        load(path)
    assert load_movies(path, "name", "plot", encoding=encoding)["synopsis"].tolist() == ["plain", text]
    assert list(read_csv_in_parts(path, "plot", 5, encoding=encoding)) == [["plain", text]]


def test_a_named_encoding_has_to_exist_and_to_fit(tmp_path):
    path = write_csv(tmp_path / "films.csv", [["One", "plain"], ["Two", "été"]], encoding="cp1252")
    for wrong in ("klingon", "rot13", "utf-8:shout", ""):
        with pytest.raises(ValueError, match="there is no encoding"):
            load_movies(path, "name", "plot", encoding=wrong)
    with pytest.raises(ValueError, match=r"films\.csv, line 3: byte 0xE9 is not in utf-8"):
        load_movies(path, "name", "plot", encoding="utf-8")
    assert load_movies(path, "name", "plot", encoding="utf-8:replace")["synopsis"].tolist() == [
        "plain",
        "\ufffdt\ufffd",
    ]
    path.write_bytes(b"name,plot\na,don\x92t\n")
    with pytest.raises(ValueError, match="line 2: byte 0x92 is no letter in iso8859-1; is it cp1252"):
        load_movies(path, "name", "plot", encoding="latin-1")


def test_a_letter_on_the_border_of_two_blocks_is_whole(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "BLOCK", 7)
    text = "déjà vu ça là été " * 5
    path = write_csv(tmp_path / "films.csv", [["One", text]], encoding="utf-8")
    assert load(path)["synopsis"].tolist() == [text.strip()]
    path = write_csv(tmp_path / "films.csv", [["One", text]], encoding="cp1252")
    with pytest.warns(UserWarning, match="Windows-1252"):
        assert load(path)["synopsis"].tolist() == [text.strip()]
    assert charset.judge([bytes([byte]) for byte in "\r\n\r\né é\n".encode("cp1252")]).line == 3


# ---- sizes ---------------------------------------------------------------------------------------------------------


def test_a_gzip_bomb_and_an_endless_line_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "UNPACKED_FROM", 1_000_000)
    (tmp_path / "films.csv").write_bytes(gzip.compress(b"name,plot\n" + b"a,b\n" * 2_000_000))
    with pytest.raises(ValueError, match=r"films\.csv: unpacks to over 200 times its size"):
        load(tmp_path / "films.csv")
    monkeypatch.setattr(tables, "LONGEST", 1_000)
    (tmp_path / "films.csv").write_bytes(b"name,plot\na,b\n" + b"x" * 5_000)
    with pytest.raises(ValueError, match=r"films\.csv, line 3: it has more than 1,000 characters"):
        load(tmp_path / "films.csv")
    (tmp_path / "films.csv").write_bytes(b'name,plot\na,"' + b"never closed\n" * 500)
    with pytest.raises(ValueError, match=r"films\.csv, line 2: a cell has more than 1,000 characters. Is a quote"):
        load(tmp_path / "films.csv")


def test_what_does_not_fit_into_memory_is_refused_in_one_line(tmp_path, monkeypatch):
    path = write_csv(tmp_path / "films.csv")
    monkeypatch.setattr(tables, "free_memory", lambda: tables.SPARE_MEMORY // 2)
    with pytest.raises(ValueError, match=r"films\.csv: 3 rows do not fit into memory"):
        load(path)
    assert [len(part) for part in read_csv_in_parts(path, "plot", 2)] == [2, 1]


def test_free_memory_is_some_of_what_the_machine_has():
    import psutil

    assert 0 < tables.free_memory() <= psutil.virtual_memory().total


def test_long_reading_shows_its_progress(tmp_path, monkeypatch, capsys):
    path = write_csv(tmp_path / "films.csv")
    load(path)
    assert capsys.readouterr().err == ""
    import tqdm

    shown = []

    class Bar(tqdm.tqdm):
        def __init__(self, **options):
            shown.append(options["desc"])
            super().__init__(**options | {"file": io.StringIO()})

    monkeypatch.setattr(tables, "SHOWN_FROM", 10)
    monkeypatch.setattr(tqdm, "tqdm", Bar)
    load(path)
    assert shown == ["Checking films.csv", "Checking films.csv", "Reading films.csv"]


# ---- words for nothing, years, genres, names of ours ---------------------------------------------------------------


def test_a_word_for_nothing_is_no_text(tmp_path):
    rows = [["A", "kept"], *[["B", word] for word in ("NA", "NaN", "null", "None", "\\N", "-", "N/A", "#N/A", "?")]]
    with pytest.warns(UserWarning, match="9 of 10 rows left out .0 without title, 9 without text."):
        assert load(write_csv(tmp_path / "films.csv", rows))["title"].tolist() == ["A"]
    assert list(read_csv_in_parts(tmp_path / "films.csv", "plot", 99)) == [["kept"] + [""] * 9]


def test_a_film_may_be_called_null_but_not_two_of_them(tmp_path):
    rows = [["Null", "One film."], ["None", "Another."], ["NA", "x"], ["NA", "y"], ["\\N", "z"], ["A", "b"]]
    with pytest.warns(UserWarning, match="3 of 6 rows left out .3 without title"):
        assert load(write_csv(tmp_path / "films.csv", rows))["title"].tolist() == ["Null", "None", "A"]


YEARS = {
    "1994": 1994, "1994.0": 1994, " 1994 ": 1994, "2019-05-01T10:00:00+1000": 2019, "2019-05-01": 2019,
    "01.05.2019": 2019, "5/1/2019 10:00 PM +1000": 2019, "Wed May 01 10:00:00 +1000 2019": 2019, "20190501": 2019,
    "c. 1984": 1984, "1984-1989": 1984, "2008–": 2008, "Blade Runner 2049 (2017)": 2017, "1984-12": 1984,
    "inf": None, "-inf": None, "nan": None, "1e3": None, "-1984": None, "0": None, "99999": None, "915148800": None,
    "1994.5": None, "soon": None, "": None, "12345678": None, "19840": None, "3000": None,
}  # fmt: skip


@pytest.mark.parametrize(("cell", "year"), YEARS.items())
def test_a_year_is_a_year_or_missing(cell, year):
    found, other = read_years(pd.Series([cell, "1999"]))
    assert other == 1999
    assert found == year or (np.isnan(found) and year is None)


def test_years_are_whole_numbers_where_none_is_missing():
    assert read_years(pd.Series(["1999", "2000-01-01"])).dtype == "int64"


GENRES = {
    "Drama|Mystery": "Drama|Mystery", "Drama, Mystery": "Drama|Mystery", "Drama; Mystery;": "Drama|Mystery",
    '[{"id": 18, "name": "Drama"}, {"name": "Mystery"}]': "Drama|Mystery",
    "[{'id': 18, 'name': 'Drama'}, {'name': 'Mystery'}]": "Drama|Mystery",
    "['Drama', \"Mystery\"]": "Drama|Mystery", '["Drama", "Mystery"]': "Drama|Mystery",
    "['Drama' 'Mystery']": "Drama|Mystery",
    "{'Drama', 'Mystery'}": None, "{Drama,Mystery}": "Drama|Mystery",
    '{"Science Fiction",Drama}': "Science Fiction|Drama",
    "[Drama, Mystery]": "Drama|Mystery", '{"id": 18, "name": "Drama"}': "Drama", "Drama|Drama": "Drama",
    '[{"name": "A, B|C"}]': "A, B/C", "[]": "", "": "", "NA": "", "(no genres listed)": "(no genres listed)",
    "[" * 5000: "[" * 5000,
}  # fmt: skip


@pytest.mark.parametrize(("cell", "names"), GENRES.items())
def test_lists_of_names_are_read_in_any_usual_form(cell, names):
    (found,) = read_genres(pd.Series([cell])).fillna("")
    assert found == names if names is not None else set(found.split("|")) == {"Drama", "Mystery"}


def test_genres_of_a_table_of_tmdb_become_names(tmp_path):
    rows = [["A", "x", '[{"id": 18, "name": "Drama"}]', "2001-05-04"], ["B", "y", "[]", "inf"]]
    path = write_csv(tmp_path / "films.csv", rows, ["name", "plot", "genres", "released"])
    movies = load_movies(path, "name", "plot", genre_column="genres", year_column="released")
    assert movies["genres"].fillna("").tolist() == ["Drama", ""]
    assert load_movies(path, "name", "plot", year_column="name")["genres"].str.len().tolist()[0] == 5
    assert movies["year"].tolist()[0] == 2001 and np.isnan(movies["year"].iloc[1])


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


def test_columns_without_a_name_or_of_one_name_stay_apart(tmp_path):
    (tmp_path / "films.csv").write_text("name,plot,,x,x,x.1\na,b,c,d,e,f\n")
    assert load(tmp_path / "films.csv").iloc[0].to_dict() == {
        "title": "a", "synopsis": "b", "column 3": "c", "x": "d", "x.2": "e", "x.1": "f"
    }  # fmt: skip


def test_an_empty_line_is_an_empty_cell_where_there_is_one_column(tmp_path):
    (tmp_path / "texts.csv").write_text("text\na\n\nb\n\n\n")
    assert list(read_csv_in_parts(tmp_path / "texts.csv", "text", 9)) == [["a", "", "b"]]


def test_a_folder_and_a_missing_file_are_told_apart(tmp_path):
    with pytest.raises(ValueError, match="is a folder without a text file"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError):
        load(tmp_path / "absent.csv")


@pytest.mark.speed
def test_a_hundred_thousand_rows_are_read_in_seconds(tmp_path):
    rows = pd.DataFrame(
        {"name": [f"Film {i}" for i in range(100_000)], "plot": 'Someone says "no", and leaves.\nTwice.'}
    )
    rows.to_csv(tmp_path / "films.csv", index=False)
    begin = time.perf_counter()
    assert len(load(tmp_path / "films.csv")) == 100_000
    assert time.perf_counter() - begin < 20


def test_the_toy_ratings_are_those_that_the_notebooks_compute_with():
    toy = data.toy_ratings()
    assert toy.sum(axis=1).to_dict() == {"Ada": 23, "Bruno": 20, "Carla": 21, "Dan": 28, "Eve": 22, "Finn": 15}
    assert toy.count().tolist() == [6, 6, 4, 5, 5, 6, 5, 4]
    assert (toy * [1, 2, 3, 4, 5, 6, 7, 8]).sum(axis=None) == 549


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
    ("movies.csv", MOVIES + MOVIES.splitlines()[1] + "\n", "1", load_movies, "movie_id 1 stands there twice"),
    ("duplicates.csv", "listing_id,movie_id\n1,\n", "1", data.load_duplicates, "movie_id nan of row"),
    ("ratings.csv", RATINGS, "9.0", data.load_ratings, "rating '9.0' is none from 0.5 to 5"),
    ("ratings.csv", RATINGS, "inf", data.load_ratings, "rating 'inf' is none"),
    ("ratings.csv", RATINGS, "", data.load_ratings, "rating 'nan' is none"),
    ("ratings.csv", RATINGS + "1,2\n", "3", data.load_ratings, "line 3: 2 cells"),
]


@pytest.mark.parametrize(("name", "text", "cell", "read", "said"), DAMAGES)
def test_a_damaged_cell_of_a_course_file_is_refused(course_folder, name, text, cell, read, said):
    (course_folder / name).write_text(text.replace("?", cell))
    with pytest.raises(ValueError, match=rf"{name}.*{said}.*git checkout data/{name}"):
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
