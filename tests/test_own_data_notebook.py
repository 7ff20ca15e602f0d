"""Notebook 09 on files of other shapes: one line of one cell is changed, and Run All passes."""

import json
import re

import nbclient
import nbformat
import pandas as pd
import pytest

from helpers.course.bootstrap import ROOT
from helpers.data import describe
from helpers.encoding import TfidfEncoder

NOTEBOOK = nbformat.read(ROOT / "notebooks" / "09_your_own_data.ipynb", as_version=4)
NAMED = 'mine = describe(DATA_DIR / "recipes.csv", title_column="dish", text_column="about", genre_column="cuisine")'
PLACES = ["harbor", "attic", "orchard", "quarry", "lighthouse", "library", "bakery", "tunnel", "meadow", "theater"]
PEOPLE = ["clerk", "sailor", "baker", "widow", "pilot", "teacher"]


def films(count):
    """Invented films: titles of two words, texts of some words, all of them distinct."""
    who, where = (lambda i: PEOPLE[i % 6]), (lambda i: PLACES[i % 10])
    return pd.DataFrame(
        {
            "title": [f"{where(i).title()} {who(i // 10)} {i // 60 or ''}".strip() for i in range(count)],
            "plot": [f"A {who(7 * i)} finds letter {i} and hides it in the {where(3 * i)}." for i in range(count)],
        }
    )


def semicolons(folder):
    rows = ["Brûlée;Une crème dorée, préparée à l'été", "Gâteau;Un gâteau très léger, fait avec des œufs"]
    rows += [f"Pâté {i};Une recette numéro {i}, préparée par la mère" for i in range(10)]
    (folder / "a.csv").write_bytes("\r\n".join(["nom;description", *rows, ""]).encode("cp1252"))
    return folder / "a.csv"


def twelve_rows(folder):
    films(12).to_csv(folder / "b.csv", index=False)
    return folder / "b.csv"


def another_language(folder):
    films(12).assign(
        title=list("灯塔钟表湖底风筝书信山谷"), plot=[f"看守人在雾中数着第{i}只消失的船只" for i in range(12)]
    ).to_csv(folder / "c.csv", index=False)
    return folder / "c.csv"


def json_genres(folder):
    films(20).assign(genres=json.dumps([{"id": 18, "name": "Drama"}]), year="2019-05-01").to_csv(
        folder / "d.csv", index=False, sep="\t"
    )
    return folder / "d.csv"


def repeated_titles(folder):
    films(24).assign(title=["Emma", "Emma", "Hero", "Null Island"] * 6, year=range(1890, 2010, 5)).to_csv(
        folder / "e.csv", index=False
    )
    return folder / "e.csv"


def parquet(folder):
    pytest.importorskip("pyarrow")
    films(20).assign(genres=[["Drama", "War"]] * 20).to_parquet(folder / "f.parquet")
    return folder / "f.parquet"


def a_folder(folder):
    (folder / "texts").mkdir()
    for film in films(7).itertuples():
        (folder / "texts" / f"{film.title}.txt").write_text(film.plot, encoding="utf-8")
    return folder / "texts"


def short_texts(folder):
    films(9).assign(plot=[f"No. {i}" for i in range(9)]).to_json(folder / "g.json", orient="records")
    (folder / "catalogue.toml").write_text('file = "g.json"\ntitle_column = "title"\ntext_column = "plot"\n')
    return folder / "catalogue.toml"


def three_rows(folder):
    films(3).to_json(folder / "h.jsonl", orient="records", lines=True)
    return folder / "h.jsonl"


def with_gaps(folder):
    films(15).assign(plot=lambda table: table["plot"].where(table.index % 5 > 0)).to_csv(folder / "i.csv.gz")
    return folder / "i.csv.gz"


def equal_titles(folder):
    books = films(40).assign(title=["Emma", "Persuasion", "Emma ", "It"] * 10)
    books.rename(columns={"title": "book", "plot": "blurb"}).to_csv(folder / "j.csv", index=False)
    return folder / "j.csv"


def short_songs(folder):
    words = ["la la la", "oh baby", "rain", "go home now", "la la la"]
    pd.DataFrame({"song": films(20)["title"], "lyrics": words * 4}).to_json(
        folder / "k.jsonl", orient="records", lines=True
    )
    (folder / "songs.toml").write_text('file = "k.jsonl"\ntitle_column = "song"\ntext_column = "lyrics"\n')
    return folder / "songs.toml"


def another_alphabet(folder):
    plots = [f"등대지기가 안개 속에서 사라지는 배 {i}척을 센다" for i in range(14)]
    table = pd.DataFrame({"제목": [f"영화 {i}" for i in range(14)], "줄거리": plots})
    table.to_csv(folder / "l.csv", index=False, encoding="cp949")
    described = 'file = "l.csv"\nencoding = "cp949"\ntitle_column = "제목"\ntext_column = "줄거리"\n'
    (folder / "korean.toml").write_text(described, encoding="utf-8")
    return folder / "korean.toml"


def one_row(folder):
    films(1).to_csv(folder / "m.csv", index=False)
    return folder / "m.csv"


SHAPES = [
    semicolons, twelve_rows, another_language, json_genres, repeated_titles, parquet, a_folder, short_texts,
    three_rows, with_gaps, equal_titles, short_songs, another_alphabet, one_row,
]  # fmt: skip


def run(files, before=""):
    """Run the cells of the notebook on each file, in one kernel, whose names are forgotten in between."""
    code = [cell for cell in NOTEBOOK.cells if cell.cell_type == "code"]
    assert sum(NAMED in cell.source for cell in code) == 1
    cells = []
    for file in files:
        cells.append(nbformat.v4.new_code_cell("%reset -f"))
        cells.append(nbformat.v4.new_code_cell(before or "pass"))
        changed = [cell.source.replace(NAMED, f"mine = describe({str(file)!r})") for cell in code]
        cells += [nbformat.v4.new_code_cell(source) for source in changed]
    done = nbformat.v4.new_notebook(cells=cells)
    client = nbclient.NotebookClient(
        done,
        kernel_name="python3",
        timeout=None,
        resources={"metadata": {"path": str(ROOT / "notebooks")}},
        coalesce_streams=True,  # a busy machine prints one line in several parts
    )
    client.execute()
    size = len(code) + 2
    return [shown(done.cells[place * size : (place + 1) * size]) for place in range(len(files))]


def shown(cells):
    """What cells show as text, warnings left out."""
    outputs = [output for cell in cells for output in cell.outputs if output.get("name") != "stderr"]
    return "\n".join(output.get("text") or output["data"]["text/plain"] for output in outputs)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory):
    files = {shape.__name__: shape(tmp_path_factory.mktemp("own")) for shape in SHAPES}
    return dict(zip(files, run(files.values()), strict=True))


ROWS = dict(zip(SHAPES, [12, 12, 12, 20, 24, 20, 7, 9, 3, 15, 40, 20, 14, 1], strict=True))


@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_run_all_passes_on_a_file_of_another_shape(outputs, shape):
    said = outputs[shape.__name__]
    assert f"'rows': {ROWS[shape]}" in said
    assert re.search(r"finished: \d+ texts, after encoding \d+", said)
    assert "Nothing is labeled yet" in said  # what cannot be judged is said
    assert re.search(r"hub +\d+ +\d+ +\d+", said)
    assert "The app. It needs a running kernel" in said


def test_texts_are_not_thrown_away_because_all_are_short_or_have_no_spaces(outputs):
    assert "9 rows, 9 left" in outputs["short_texts"]
    assert "12 rows, 12 left" in outputs["another_language"]


def test_films_of_one_title_are_all_there(outputs):
    assert "24 rows, 24 left" in outputs["repeated_titles"]
    assert re.search(r"Null Island +Emma #\d+", outputs["repeated_titles"])  # the form tells them apart


def test_a_rule_that_would_delete_most_of_a_file_deletes_nothing_and_says_so(outputs):
    assert "Kept: 37 that look repeated." in outputs["equal_titles"]
    assert "40 rows, 40 left" in outputs["equal_titles"]


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("shape", SHAPES, ids=[shape.__name__ for shape in SHAPES])
def test_cleaned_rows_are_a_file_that_says_the_same(shape, tmp_path):
    """As the notebook saves them for the app, which has to guess the columns."""
    cleaned = describe(shape(tmp_path)).films()
    cleaned.to_csv(tmp_path / "cleaned.csv", index=False)
    again = describe(tmp_path / "cleaned.csv").films()
    assert again[["title", "synopsis"]].to_numpy().tolist() == cleaned[["title", "synopsis"]].to_numpy().tolist()


def test_the_app_reads_what_is_typed_with_the_encoder_that_made_the_vectors():
    (cell,) = [cell.source for cell in NOTEBOOK.cells if "\nDemo(" in cell.source]
    items, encoder = films(40).rename(columns={"plot": "synopsis"}), TfidfEncoder()
    names = {"items": items, "vectors": encoder.encode(items["synopsis"]), "encoder": encoder, "NOUN": "film"}
    exec(cell.replace("\nDemo(", "\napp = Demo("), names)
    names["app"].hear({"kind": "read", "text": "a widow hides a letter in a quarry"})
    best = names["app"].found.index[0]
    assert "widow" in items["synopsis"][best]
    assert "quarry" in items["synopsis"][best]


STAND_IN = """
import numpy as np
import helpers.encoding


class Encoder:
    def encode(self, texts, **_):
        rows = np.array([np.random.default_rng(list(text.encode())).normal(size=384) for text in texts], np.float32)
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


helpers.encoding.load_encoder = lambda *_: Encoder()
"""


@pytest.mark.speed  # minutes: not part of every run
def test_run_all_passes_on_twenty_thousand_rows(tmp_path):
    films(20_000).to_csv(tmp_path / "many.csv", index=False)
    (said,) = run([tmp_path / "many.csv"], STAND_IN)
    assert "'rows': 20000" in said
    assert "The app. It needs a running kernel" in said
