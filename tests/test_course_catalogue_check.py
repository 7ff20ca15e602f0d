"""``catalogue check``: what was read, what is odd, and the command to continue with."""

import json

import pytest
from tiny_models import save_tiny_static

from helpers import encoding
from helpers.course import commands as command_line

pytestmark = pytest.mark.filterwarnings("default::UserWarning")  # commands print them

ROWS = [
    "Tide;A ship sinks, and nobody on the island tells;Drama;1950",
    "tide;A ship sinks, and nobody on the island tells;;1951",
    "Hill;A walk.;Drama;soon",
    "Void;;Drama;1990",
    "Long;" + "word " * 400 + ";Sea;1990",
]


@pytest.fixture
def check(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(command_line.bootstrap, "ensure", lambda **_: None)
    path = tmp_path / "films.csv"
    path.write_text("\n".join(["Name;Plot;Kind;Year", *ROWS, ""]), encoding="utf-8")

    def run(*options):
        status = command_line.main(["catalogue", "check", str(path), *options])
        return status, capsys.readouterr()

    return run


def test_a_check_counts_what_is_odd(check, tmp_path):
    status, said = check("--json")
    found = json.loads(said.out)
    assert status == 0
    assert (found["rows"], found["usable"], found["left_out"]["without text"]) == (5, 4, 1)
    assert found["read"] == {"encoding": "utf-8", "delimiter": ";"}
    assert found["columns"]["title_column"] == "Name"
    assert found["guessed"] == ["text_column", "title_column", "year_column"]
    assert found["again"] == {"title": {"count": 1, "such_as": ["tide"]}, "synopsis": {"count": 1, "such_as": ["tide"]}}
    assert found["short"] == {"count": 1, "such_as": ["Hill"]}
    assert {words: texts for words, texts in found["words"].items() if texts} == {
        "1 to 4": 1,
        "5 to 9": 2,
        "320 to 639": 1,
    }
    assert found["encoder"]["cut_off"] == 0.25
    assert found["encoder"]["unknown"] == 0
    assert found["go_on"].startswith(
        f"python3 -m helpers recommend Tide --csv {tmp_path / 'films.csv'} --title-column Name"
    )


def test_a_check_for_people_shows_guesses_oddities_lengths_and_how_to_go_on(check, tmp_path):
    status, said = check("--genre-column", "Kind")
    assert status == 0
    lines = said.out.splitlines()
    assert lines[0] == "films.csv: 5 rows (encoding 'utf-8', delimiter ';')"
    assert "  title   'Name' (a guess)" in lines
    assert "  genre   'Kind'" in lines
    assert "Without genres: 1 rows" in lines
    assert "Repeated texts: 1 (such as tide)" in lines
    assert any(line.startswith("       5 to 9  ####") and line.endswith(" 2") for line in lines)
    assert '  file = "films.csv"' in lines
    assert lines[-1].startswith("Continue with: python3 -m helpers recommend Tide --csv")


def test_the_toml_file_that_a_check_prints_can_be_checked(check, tmp_path, capsys):
    _, said = check("--title-column", "Name", "--text-column", "Plot")
    toml = [line.strip() for line in said.out.splitlines() if line.startswith("  ") and " = " in line]
    (tmp_path / "catalogue.toml").write_text("\n".join(toml))
    assert command_line.main(["catalogue", "check", str(tmp_path / "catalogue.toml")]) == 0
    out = capsys.readouterr().out
    assert "a guess" not in out
    assert f"--csv {tmp_path / 'films.csv'}" in out.splitlines()[-1]


def test_a_language_that_the_encoder_does_not_know_is_said(check, tmp_path):
    (tmp_path / "films.csv").write_text("title,about\nว่าว,เด็กชายสร้างว่าว\nเรือ,เรือในหมอก\n", encoding="utf-8")
    _, said = check()
    assert any(line.startswith("Note: ") and "encoder" in line for line in said.out.splitlines())


def test_a_file_that_cannot_be_read_is_one_line(check, tmp_path):
    (tmp_path / "films.csv").write_text("a,b\n1,2\n")
    status, said = check()
    assert status == 1
    assert said.out == ""
    assert len(said.err.splitlines()) == 1
    assert "nobody can tell which column holds texts" in said.err


def test_of_the_courses_encoder_nothing_but_the_tokenizer_is_loaded(check, monkeypatch):
    monkeypatch.setattr(encoding, "load_encoder", lambda name: pytest.fail("the network is not needed"))
    status, said = check()
    assert status == 0
    assert "The encoder (all-MiniLM-L6-v2) reads 256 tokens: 25.0% of the texts are cut off" in said.out


def test_an_encoder_that_is_no_model_reads_all_tokens(check):
    status, said = check("--encoder", "tfidf", "--json")
    encoder = json.loads(said.out)["encoder"]
    assert (status, encoder["name"], encoder["limit"], encoder["cut_off"]) == (0, "tfidf", "all", 0)


def test_an_encoder_without_a_network_is_checked_by_its_tokenizer(check, tmp_path):
    static = save_tiny_static(tmp_path)
    (tmp_path / "films.csv").write_text("title,about\nTide,a shark sleeps quietly\nHill,a robot\n", encoding="utf-8")
    _, said = check("--encoder", str(static), "--json")
    encoder = json.loads(said.out)["encoder"]
    assert (encoder["limit"], encoder["cut_off"]) == ("all", 0)
    assert encoder["unknown"] == pytest.approx(1 / 6)
    assert "of the tokens of these texts are unknown" in encoder["advice"]
