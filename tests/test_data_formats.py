"""Tables of every kind: what a file is, its first bytes say; each is read as a CSV file of the same rows."""

import json
import sys
import tracemalloc
import zipfile

import numpy as np
import pandas as pd
import pytest

from helpers.data import load_movies, open_table, read_csv_in_parts, read_table
from helpers.data.tables import Table

LISTS = [
    {"title": "Das Boot", "about": "A submarine.", "genres": ["Drama", "War"], "year": 1981},
    {"title": "1917", "about": "Two runners, one message.", "genres": ["War"], "year": 2019},
    {"title": "Amélie", "about": "She mends lives.", "genres": None, "year": None},
]
ROWS = pd.DataFrame(LISTS).assign(genres=['["Drama", "War"]', '["War"]', None])


def to_json(path):
    path.write_text(json.dumps(LISTS, ensure_ascii=False, indent=1), encoding="utf-8")


def to_json_lines(path):
    path.write_text("\n".join(json.dumps(row) for row in LISTS) + "\n\n", encoding="utf-8-sig")


def to_parquet(path):
    pytest.importorskip("pyarrow")
    pd.DataFrame(LISTS).to_parquet(path.with_suffix(".parquet"))
    path.with_suffix(".parquet").rename(path)


def to_excel(path):
    pytest.importorskip("openpyxl")
    ROWS.assign(title=["Das Boot", 1917, "Amélie"]).to_excel(path.with_suffix(".xlsx"), index=False)
    path.with_suffix(".xlsx").rename(path)


def to_csv(path):
    ROWS.to_csv(path, index=False)


WRITERS = [to_csv, to_json, to_json_lines, to_parquet, to_excel]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("name", ["films.data", "films.csv"])
def test_a_table_of_any_kind_is_read_alike_whatever_its_name_says(tmp_path, write, name):
    write(tmp_path / name)
    films = load_movies(tmp_path / name, "title", "about")
    assert films["title"].tolist() == ROWS["title"].tolist()
    assert films["synopsis"].tolist() == ROWS["about"].tolist()
    assert films["genres"].tolist()[:2] == ["Drama|War", "War"]
    assert films["year"].tolist()[:2] == [1981, 2019]
    assert films[["genres", "year"]].isna().sum().tolist() == [1, 1]
    assert sum(read_csv_in_parts(tmp_path / name, "about", 2), []) == ROWS["about"].tolist()


def test_a_data_frame_is_a_catalogue_and_stays_as_it_is():
    frame = pd.DataFrame(
        {
            "name": ["A", "B", None, "D"],
            "plot": ["one", float("nan"), "three", "four"],
            "genres": [["Drama", "War"], np.array(["War"]), [], {"name": "Sea"}],
            "year": [1981.0, np.nan, 1990, 2000],
        },
        index=[7, 7, 8, 9],
    )
    before = frame.copy(deep=True)
    with pytest.warns(UserWarning, match="the DataFrame: 2 of 4 rows left out"):
        films = load_movies(frame, "name", "plot")
    assert films["title"].tolist() == ["A", "D"]
    assert films["genres"].tolist() == ["Drama|War", "Sea"]
    assert films["year"].tolist() == [1981, 2000]
    pd.testing.assert_frame_equal(frame, before)
    with pytest.raises(ValueError, match=r"the DataFrame: column 'title' is missing \(found: name, plot"):
        load_movies(frame, "title", "plot")


def test_a_folder_of_texts_is_a_catalogue_of_their_names(tmp_path):
    (tmp_path / "B.txt").write_bytes("Une idée très simple.".encode("cp1252"))
    (tmp_path / "A.md").write_text("First\nlines.", encoding="utf-16")
    (tmp_path / "empty.txt").write_text("")
    (tmp_path / "picture.png").write_bytes(b"\x89PNG")
    with pytest.warns(UserWarning, match="Windows-1252|1 of 3 rows left out"):
        films = load_movies(tmp_path, "title", "text")
    assert films[["title", "synopsis"]].to_numpy().tolist() == [["A", "First\nlines."], ["B", "Une idée très simple."]]


DAMAGED = {
    "JSON": (b'[{"title": "A", "about": "x"},\n {"title": ', "line 2: not valid JSON"),
    "an object that does not end": (
        b'{"films": [\n {"title": "A", "about": "x"}]',
        "not valid JSON .* A JSON file is a list",
    ),
    "JSON lines": (b'{"title": "A", "about": "x"}\n{"title": "B" "about"}\n', "line 2: not valid JSON"),
    "a number among objects": (b'{"title": "A", "about": "x"}\n17\n', "line 2: no object with names"),
    "Parquet": (b"PAR1" + bytes(40) + b"PAR1", "the Parquet file is damaged"),
    "zip": (b"PK\x03\x04" + bytes(40), r"the zip \(or Excel\) file is damaged"),
}


@pytest.mark.parametrize(("content", "said"), DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_table_is_one_line(tmp_path, content, said):
    pytest.importorskip("pyarrow")
    (tmp_path / "films.csv").write_bytes(content)
    with pytest.raises(ValueError, match=rf"films\.csv.*{said}") as caught:
        load_movies(tmp_path / "films.csv", "title", "about")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_an_excel_file_cut_off_or_that_unpacks_without_end_is_refused(tmp_path, monkeypatch):
    to_excel(tmp_path / "films.xlsx")
    raw = (tmp_path / "films.xlsx").read_bytes()
    (tmp_path / "cut.xlsx").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ValueError, match="damaged or cut off"):
        load_movies(tmp_path / "cut.xlsx", "title", "about")
    with zipfile.ZipFile(tmp_path / "empty.xlsx", "w") as archive:
        archive.writestr("xl/workbook.xml", "<nothing/>")
    with pytest.raises(ValueError, match=r"empty\.xlsx: the Excel file is damaged"):
        load_movies(tmp_path / "empty.xlsx", "title", "about")
    monkeypatch.setattr("helpers.data.formats.UNPACKED", 100)
    with pytest.raises(ValueError, match="would unpack to"):
        load_movies(tmp_path / "films.xlsx", "title", "about")


@pytest.mark.parametrize(("write", "package"), [(to_parquet, "pyarrow"), (to_excel, "openpyxl")])
def test_a_package_that_is_not_there_is_named(tmp_path, monkeypatch, write, package):
    write(tmp_path / "films.csv")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ImportError, match=rf"films\.csv: .* files are read by a package: pip install {package}"):
        load_movies(tmp_path / "films.csv", "title", "about")


def test_a_film_called_na_in_an_excel_file_keeps_its_name(tmp_path):
    pytest.importorskip("openpyxl")
    pd.DataFrame({"title": ["NA", "Tide"], "about": ["One.", "n/a"]}).to_excel(tmp_path / "films.xlsx", index=False)
    with pytest.warns(UserWarning, match="1 of 2 rows left out .0 without title, 1 without text"):
        assert load_movies(tmp_path / "films.xlsx", "title", "about")["title"].tolist() == ["NA"]


def test_lists_in_lists_of_a_data_frame_become_names():
    genres = [{"name": "Drama", "ids": np.arange(2)}, np.array(["War", "Sea"]), {"Sea"}]
    frame = pd.DataFrame({"title": list("ABC"), "about": "x", "genres": genres})
    assert load_movies(frame, "title", "about")["genres"].tolist() == ["Drama", "War|Sea", "Sea"]


def test_an_error_names_the_row_as_the_program_shows_it(tmp_path):
    to_excel(tmp_path / "films.csv")
    assert open_table(tmp_path / "films.csv", []).frame().index.tolist() == [2, 3, 4]
    to_json_lines(tmp_path / "films.csv")
    assert open_table(tmp_path / "films.csv", []).frame().index.tolist() == [1, 2, 3]


def test_control_characters_and_halves_of_letters_in_json_harm_nobody(tmp_path):
    (tmp_path / "films.csv").write_text('{"title": "A\\u0000\\u001b[31m", "about": "x\\ud800y\\u0007"}')
    film = load_movies(tmp_path / "films.csv", "title", "about").iloc[0]
    assert (film["title"], film["synopsis"]) == ("A", "x?y")


def test_a_table_is_shown_as_it_is(tmp_path):
    to_json_lines(tmp_path / "films.csv")
    assert read_table(tmp_path / "films.csv").columns.tolist() == ["title", "about", "genres", "year"]


def test_lines_that_are_comments_stand_before_the_header(tmp_path):
    (tmp_path / "films.csv").write_text("# exported, by hand\n\n# twice\ntitle,about\nA,x\n")
    assert load_movies(tmp_path / "films.csv", "title", "about")["title"].tolist() == ["A"]


def test_a_delimiter_can_be_named(tmp_path):
    (tmp_path / "films.csv").write_text("title:about\nA:x, and y\n")
    assert load_movies(tmp_path / "films.csv", "title", "about", delimiter=":")["synopsis"].tolist() == ["x, and y"]


def test_a_column_that_is_nearly_there_is_hinted_at(tmp_path):
    (tmp_path / "films.csv").write_text("Title,About us\nA,x\n")
    with pytest.raises(
        ValueError, match=r"column 'title' is missing \(found: Title, About us\)\. Did you mean 'Title'"
    ):
        load_movies(tmp_path / "films.csv", "title", "about")


def test_a_folder_is_read_with_its_folders_and_without_hidden_files(tmp_path):
    for name, text in {
        "a/one.txt": "Ein Baum.",
        "b/c/two.md": "Zwei Bäume.",
        "b/.three.txt": "x",
        ".d/e.txt": "x",
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "b" / "kyr.txt").write_bytes("Лес".encode("cp1251"))
    (tmp_path / "b" / "wide.txt").write_text("A sea.", encoding="utf-16")
    table = open_table(tmp_path, ["title", "text"], "cp1251").frame()
    assert sorted(table.to_numpy().tolist(), key=str) == sorted(
        [
            ["one", "Ein Baum.", "a"], ["two", "Zwei Bäume.", "b/c"], ["kyr", "Лес", "b"], ["wide", "A sea.", "b"],
        ],
        key=str,
    )  # fmt: skip


def _sheets(path, *sheets):
    book = pytest.importorskip("openpyxl").Workbook()
    book.remove(book.active)
    for number, rows in enumerate(sheets):
        sheet = book.create_sheet(f"sheet {number}")
        for row in rows:
            sheet.append(row)
    book.save(path)
    return path


def test_the_sheet_and_the_row_of_excel_that_name_the_columns_are_read(tmp_path):
    table = [["Our books, 2024"], [], [None, "title", "about"], [None, "Red", "A keeper."], [None, "Blue", "Sisters."]]
    path = _sheets(tmp_path / "films.xlsx", [["see the next sheet"]], table)
    with pytest.warns(UserWarning, match=r"films\.xlsx: of its 2 sheets, 'sheet 1' is read"):
        films = load_movies(path, "title", "about")
    assert films[["title", "synopsis"]].to_numpy().tolist() == [["Red", "A keeper."], ["Blue", "Sisters."]]
    assert open_table(_sheets(path, table), ["title"]).frame().index.tolist() == [4, 5]
    with pytest.warns(UserWarning, match=r"row 3 is read as the header|guessed"):
        assert load_movies(path)["title"].tolist() == ["Red", "Blue"]
    with pytest.raises(ValueError, match="there is nothing in its sheets"):
        load_movies(_sheets(path, [], []))


def test_what_stands_beside_several_rows_of_excel_is_said_of_each(tmp_path):
    genres = [["Genre", "Film", None], [None, "Title", "Plot"], ["War", "Red", "A keeper."], [None, "Blue", "Sisters."]]
    book = pytest.importorskip("openpyxl").Workbook()
    for row in genres:
        book.active.append(row)
    for area in ("A1:A2", "B1:C1", "A3:A4"):
        book.active.merge_cells(area)
    book.save(tmp_path / "films.xlsx")
    with pytest.warns(UserWarning, match=r"films\.xlsx: row 2 is read as the header|guessed"):
        films = load_movies(tmp_path / "films.xlsx")
    assert films[["title", "synopsis", "genres"]].to_numpy().tolist() == [
        ["Red", "A keeper.", "War"], ["Blue", "Sisters.", "War"],
    ]  # fmt: skip


def test_cells_beside_the_columns_of_excel_do_not_hide_its_header(tmp_path):
    rows = [["title", "about", "year"], *([name, "A keeper.", 1990, "seen", "lent"] for name in ("Red", "Blue"))]
    path = _sheets(tmp_path / "films.xlsx", rows)
    with pytest.warns(UserWarning, match="guessed"):
        assert load_movies(path)["title"].tolist() == ["Red", "Blue"]


def test_a_hidden_sheet_of_excel_is_the_last_that_is_read(tmp_path):
    path = _sheets(tmp_path / "films.xlsx", [["name", "about"], ["A", "B"]], [["name", "about"], ["Red", "A keeper."]])
    book = pytest.importorskip("openpyxl").load_workbook(path)
    book["sheet 0"].sheet_state = "hidden"
    book.save(path)
    with pytest.warns(UserWarning, match="'sheet 1' is read"):
        assert load_movies(path, "name", "about")["title"].tolist() == ["Red"]


def test_formulas_of_excel_without_results_are_told(tmp_path):
    path = _sheets(tmp_path / "films.xlsx", [["name", "about", "note"], ["=C2", "A keeper.", None]])
    with (
        pytest.warns(UserWarning, match=r"films\.xlsx: column 'name' holds formulas without results. Open it in a"),
        pytest.raises(ValueError, match="no row has both a title"),
    ):
        load_movies(path, "name", "about")
    _sheets(path, [["name", "about", "note"], ["Red", "A keeper.", None]])
    assert load_movies(path, "name", "about")["title"].tolist() == ["Red"]


@pytest.mark.parametrize("opener", ["new_file", "new_stream"])
def test_an_arrow_file_is_read_with_and_without_a_table_of_contents(tmp_path, opener):
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table({**pd.DataFrame(LISTS).to_dict("list"), "kind": pyarrow.array(["a"] * 3).dictionary_encode()})
    with getattr(pyarrow.ipc, opener)(str(tmp_path / "films.csv"), table.schema) as writer:
        writer.write_table(table)
    films = load_movies(tmp_path / "films.csv", "title", "about")
    assert films["synopsis"].tolist() == ROWS["about"].tolist()
    assert films["genres"].tolist()[:2] == ["Drama|War", "War"]
    raw = (tmp_path / "films.csv").read_bytes()
    (tmp_path / "films.csv").write_bytes(raw[: len(raw) // 2])
    with pytest.raises(ValueError, match=r"films\.csv: the Arrow file is damaged, or of an unknown kind"):
        load_movies(tmp_path / "films.csv", "title", "about")


def test_bytes_are_texts_and_a_set_has_one_order():
    frame = pd.DataFrame({"name": [b"Emma", "Café".encode()], "plot": ["a", "b"], "genres": [{"War", "Art"}, {"Art"}]})
    movies = load_movies(frame, "name", "plot")
    assert movies["title"].tolist() == ["Emma", "Café"]
    assert movies["genres"].tolist() == ["Art|War", "Art"]


RED = {"title": "Red", "about": "A keeper finds a map."}
BLUE = {"title": "Blue", "about": "Two sisters bake."}


@pytest.mark.parametrize(
    "whole",
    [
        {"title": {"0": "Red", "1": "Blue"}, "about": {"0": RED["about"], "1": BLUE["about"]}},  # as pandas writes it
        {"title": ["Red", "Blue"], "about": [RED["about"], BLUE["about"]]},
        {"count": 2, "next": None, "films": [RED, BLUE]},
        {"data": {"page": {"count": 2, "films": [RED, BLUE]}}, "header": {"status": 0}},
        {"tt1": RED, "tt2": BLUE},
        {"films": {"tt1": RED, "tt2": BLUE}},
    ],
)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_table_in_one_json_object_is_read(tmp_path, whole, indent):
    path = tmp_path / "films.json"
    path.write_text(json.dumps(whole, indent=indent), encoding="utf-8")
    films = load_movies(path, "title", "about")
    assert films[["title", "synopsis"]].to_numpy().tolist() == [list(RED.values()), list(BLUE.values())]


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        ({"columns": ["title", "about"], "index": [0], "data": [["Red", "A keeper."]]}, "which part of this object is"),
        ({"a1": {"x": 1}, "b2": {"y": 2}}, "which part of this object is the table"),
        ([{f"film {i}": {"about": "A keeper."}} for i in range(2_001)], "its objects have over 2,000 names"),
        ([], "found: no column"),
        ([{}, {}], "found: no column"),
    ],
)
def test_json_that_is_no_table_is_refused_in_one_line(tmp_path, whole, said):
    path = tmp_path / "films.json"
    path.write_text(json.dumps(whole), encoding="utf-8")
    with pytest.raises(ValueError, match=rf"films\.json: .*{said}"):
        load_movies(path)


def test_json_lines_are_read_by_blocks_in_any_encoding_with_large_numbers(tmp_path):
    path = tmp_path / "films.jsonl"
    rows = [RED | {"n": 10**30}, BLUE | {"later": 1}]
    path.write_text("\n\n".join(map(json.dumps, rows)), encoding="utf-16")
    table = open_table(path, ["title"])
    assert isinstance(table, Table)
    assert table.frame().index.tolist() == [1, 3]
    assert [part["later"].fillna("").tolist() for part in table.parts(["later"], 1)] == [[""], ["1"]]
    assert table.frame()["n"].tolist()[0] == str(10**30)


def test_one_film_in_one_json_object_stays_one_film(tmp_path):
    path = tmp_path / "films.json"
    path.write_text(json.dumps(RED | {"cast": [{"name": "Ada"}, {"name": "Bo"}]}, indent=1), encoding="utf-8")
    films = load_movies(path, "title", "about", people_column="cast")
    assert films[["title", "cast"]].to_numpy().tolist() == [["Red", "Ada|Bo"]]


def test_a_broken_line_of_json_is_named_in_a_file_of_several_objects(tmp_path):
    path = tmp_path / "films.jsonl"
    path.write_text(f'{json.dumps(RED)}\n{{"title": "Blue", "about":\n{json.dumps(BLUE)}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"films\.jsonl, line 2: not valid JSON"):
        load_movies(path, "title", "about")


def test_a_number_of_json_that_python_refuses_is_refused_with_the_name_of_the_file(tmp_path):
    path = tmp_path / "films.json"
    path.write_text(f'[{{"title": {"9" * 5000}}}]', encoding="utf-8")
    with pytest.raises(ValueError, match=r"films\.json: no JSON that can be read"):
        load_movies(path, "title", "about")


@pytest.mark.parametrize("keep", [lambda frame, folder: frame, lambda frame, folder: _parquet(frame, folder)])
@pytest.mark.filterwarnings("ignore:the DataFrame. guessed|films.parquet. guessed")
def test_an_index_with_a_name_is_a_column(tmp_path, keep):
    indexed = pd.DataFrame([RED, BLUE]).set_index("title")
    for named in (["title", "about"], []):
        assert load_movies(keep(indexed, tmp_path), *named)["title"].tolist() == ["Red", "Blue"]


def _parquet(frame, folder):
    frame.to_parquet(folder / "films.parquet")
    return folder / "films.parquet"


def test_nothing_inside_of_a_list_is_no_genre():
    frame = pd.DataFrame([RED]).assign(genres=[["Drama", pd.NA, None]])
    assert load_movies(frame, "title", "about", genre_column="genres")["genres"].tolist() == ["Drama"]


@pytest.mark.parametrize("column", [5, ["title"], b"title", {"title"}])
def test_columns_that_are_named_by_no_text_are_refused_in_one_line(tmp_path, column):
    path = tmp_path / "films.csv"
    path.write_text("title,about\nRed,A keeper.\n", encoding="utf-8")
    for load in (
        lambda: load_movies(path, column, "about"),
        lambda: load_movies(path, "title", "about", genre_column=column),
        lambda: load_movies(path, "title", "about", encoding=column),
        lambda: list(read_csv_in_parts(path, column, 10)),
    ):
        with pytest.raises(ValueError, match="are named by texts in quotes, not by"):
            load()
    with pytest.raises(ValueError, match="not by None"):
        list(read_csv_in_parts(path, None, 10))
    with pytest.raises(ValueError, match="rows is a whole number from 1 on"):
        list(read_csv_in_parts(path, "title", 0))


@pytest.mark.parametrize("file", ["", 5, b"films.csv", ["films.csv"]])
def test_what_is_no_file_is_refused_in_one_line(file):
    with pytest.raises(ValueError, match="name a file, or give a DataFrame, not "):
        load_movies(file, "title", "about")


def test_a_name_that_no_disk_can_have_is_refused_in_one_line():
    with pytest.raises(ValueError, match=r"xxx: .+\.$"):
        load_movies("x" * 5000, "title", "about")


@pytest.mark.parametrize("head", [b"\x89PNG\r\n\x1a\n\0", b"\xff\xd8\xff\xe0\0", b"7z\xbc\xaf\x27", b"Rar!\x1a\x07\0"])
def test_pictures_and_archives_are_called_so(tmp_path, head):
    (tmp_path / "films.csv").write_bytes(head + b"\0\1\2" * 50)
    with pytest.raises(ValueError, match=r"films\.csv: this is a (picture|7z file|RAR file), not a table"):
        load_movies(tmp_path / "films.csv", "title", "about")


@pytest.mark.parametrize("write", [to_csv, to_json_lines])
def test_a_file_that_takes_the_place_of_another_while_it_is_read_is_told(tmp_path, write):
    write(tmp_path / "films.csv")
    table = open_table(tmp_path / "films.csv", [])
    parts = table.parts(["about"], 1)
    assert next(parts)["about"].tolist() == ["A submarine."]
    write(tmp_path / "new.csv")
    (tmp_path / "new.csv").replace(tmp_path / "films.csv")
    for read in (lambda: list(parts), table.frame):
        with pytest.raises(ValueError, match=r"films\.csv was changed while it was read"):
            read()


def test_a_list_in_one_line_is_read_once(tmp_path):
    rows = [{"title": f"Amélie – {number}", "about": "A story. " * 60} for number in range(3_000)]
    (tmp_path / "list.json").write_text(json.dumps(rows, ensure_ascii=False), encoding="utf-8")
    tracemalloc.start()
    table = open_table(tmp_path / "list.json", [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert table.rows == 3_000
    assert peak < 5 * (tmp_path / "list.json").stat().st_size
