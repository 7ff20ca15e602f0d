import bz2
import gzip
import io
import lzma
import os
import random
import time
import zipfile

import pandas as pd
import pytest
from small_data import load, write_csv

from helpers.data import load_movies, read_csv_in_parts, read_table, tables


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_cells_may_be_separated_by_other_signs(tmp_path, delimiter):
    assert len(load(write_csv(tmp_path / "films.csv", sep=delimiter))) == 3


def test_a_compressed_catalogue_is_read(tmp_path):
    plain = write_csv(tmp_path / "films.csv").read_bytes()
    (tmp_path / "films.csv.gz").write_bytes(gzip.compress(plain))
    assert len(load(tmp_path / "films.csv.gz")) == 3


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
    "a cell too few": (b"name,plot,year\na,b,1\nc,d\n", "line 3: 2 cells, the header has 3. A text that continues"),
    "after cells of several lines": (b'name,plot\r\na,"b\r\nc"\r\nd,e,f\r\n', "line 4: 3 cells"),
    "after lines of an old Macintosh": (b'name,plot\ra,"b\rc"\r\rd,e,f\r', "line 5: 3 cells"),
    "commas behind some rows": (b"name,plot,year\na,b,1\nc, d, and e,\n", "line 3: 4 cells, the header has 3"),
    "rows' names that are none": (b"name,plot\nx,a,b\ny,c,d\n", "line 2: 3 cells.* name that column in the header"),
    "a column twice": (b"name,plot,name\na,b,c\n", "column 'name' appears twice"),
    "not really gzip": (b"\x1f\x8bnot really gzip", "gzip file is damaged"),
    "gzip cut off": (gzip.compress(b"name,plot\n" + random.Random(0).randbytes(999))[:300], "gzip file is damaged"),
    "gzip with another checksum": (gzip.compress(b"name,plot\na,b\n")[:-8] + bytes(8), "gzip file is damaged"),
    "gzip twice": (gzip.compress(gzip.compress(b"name,plot\n")), "a packed file inside"),
    "a zero": (b"name,plot\na,b\nc,\0d\n", "line 3: a zero byte"),
    "a zero that looks wide": (b"title,about\n,\0,\n", "line 2: a zero byte"),
    "a web page": (b"\n<!DOCTYPE html>\n<html>", "a web page"),
    "JSON without a column": (b'[{"plot": "a"}]', r"column 'name' is missing \(found: plot\)"),
    "JSON cut off": (b'{"name": "a", "plot": "b"}\n\n{"name": "a",', r"line 3: not valid JSON"),
    "JSON of texts": (b'["name", "plot"]', r"object 1: no object with names"),
    "JSON too deep": (b"[" * 200_000, r"nested too deep"),
    "a quote behind a space": (
        b'name,plot\na, "b,\nc"d\n"e",f\n',
        "line 2: the quote that opens at character 4 is not",
    ),
    "a zero beside a foreign letter": (b"name,plot\na,\0b\nc,\xe9\n", "line 2: a zero byte"),
    "the header twice": (b"name,plot\na,b\nName,Plot\nc,d\n", "line 3: the header is repeated here. Delete"),
    "a heading": (b"My films\n\nname,plot\na,b\n", r"'name' is missing \(found: My films\)\. Line 3 has it: delete"),
    "a heading with commas": (b'Films,,\n,,\n"year";"name";"plot"\n', r"'name' is missing .* Line 3 has it"),
    "a comment of another kind": (b"// films\nname,plot\na,b\n", "Line 2 has it"),
    "decimal commas, not row names": (b"plot,name,n\n1,a,4,5\n2,b,3,0\n", "line 2: 4 cells, the header has 3"),
    "a tar file": (b"films.csv".ljust(257, b"\0") + b"ustar\x0000", "this is a tar file"),
    "PDF": (b"%PDF-1.7\n", "a PDF file"),
    "old Excel": (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0", "an old Excel"),
    "Parquet": (b"PAR1\x15\x04", "the Parquet file is damaged"),
    "SQLite": (b"SQLite format 3\0", "an SQLite database"),
    "ISO-2022": ("name,plot\na,灯台\n".encode("iso2022_jp"), "line 2: .*ISO-2022"),
    "a damaged byte": (
        "name,plot\nCafé,Brûlée\nx,\udcff\n".encode(errors="surrogateescape"),
        r"line 3: byte 0xFF is not UTF-8, though the rest of the file is\. Retype.*:replace",
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
    "row names and numbers": (b'"name","plot","n"\n"1","a","b",4\n"2","d","e",5\n', ["a", "d"], ["b", "e"]),
    "signs that nobody sees": (b"\xe2\x80\x8bname,plot\xc2\xad\na\xe2\x80\x8bb,c\n", ["ab"], ["c"]),
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


@pytest.mark.parametrize("pack", [bz2.compress, gzip.compress, lzma.compress])
def test_a_packed_table_is_read_whatever_its_name_says_and_refused_if_cut_off(tmp_path, pack):
    path = write_csv(tmp_path / "films.csv")
    wanted = load(path)
    packed = pack(path.read_bytes())
    path.write_bytes(packed)
    assert load(path).equals(wanted)
    path.write_bytes(packed[: len(packed) - 9])
    with pytest.raises(ValueError, match=r"films\.csv: the \w+ file is damaged or cut off"):
        load(path)


def write_zip(path, files):
    with zipfile.ZipFile(path, "w") as archive:
        for name in files:
            archive.writestr(name, "name,plot\na,b c\n")
    return path


def test_the_one_table_of_a_zip_file_is_read(tmp_path):
    path = write_zip(tmp_path / "films.csv", ["__MACOSX/._a.csv", "data/", "data/a.csv", "data/.b.csv", "README.txt"])
    assert load(path)["synopsis"].tolist() == ["b c"]
    assert load(write_zip(path, ["films"]))["title"].tolist() == ["a"]


@pytest.mark.parametrize("files", [["a.csv", "b.csv"], ["a.txt", "b.txt"], ["data/"]])
def test_a_zip_file_of_several_tables_or_none_is_told(tmp_path, files):
    with pytest.raises(ValueError, match=r"films\.zip: the zip file holds .*; unpack it, and name a file of it"):
        load(write_zip(tmp_path / "films.zip", files))


def test_a_zip_file_that_needs_a_password_is_told(tmp_path):
    raw = bytearray(write_zip(tmp_path / "films.zip", ["a.csv"]).read_bytes())
    raw[raw.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "films.zip").write_bytes(raw)
    with pytest.raises(ValueError, match=r"films\.zip: the zip file is encrypted; unpack it"):
        load(tmp_path / "films.zip")


def test_an_address_and_a_device_are_no_files(tmp_path):
    with pytest.raises(ValueError, match="is an address; download"):
        load("https://example.org/films.csv")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe")
        with pytest.raises(ValueError, match="is a device or a pipe"):
            load(tmp_path / "pipe")


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


def test_a_total_below_the_rows_and_a_remark_above_them_are_named_as_such(tmp_path):
    path, rows = tmp_path / "films.csv", "title,about\nRed,A keeper.\n"
    path.write_text(f"{rows}Total: 1\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"line 3: 1 cell, .* a total that is no row has to go"):
        load_movies(path, "title", "about")
    path.write_text(f"Films of 2020\n{rows}", encoding="utf-8")
    with pytest.raises(ValueError, match=r"found: Films of 2020\)\. Line 2 has it: delete the lines above\.$"):
        load_movies(path, "title", "about")
    path.write_text("Films of 2020\nRed\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"found: Films of 2020\)\. If that line is a remark"):
        load_movies(path, "title", "about")
