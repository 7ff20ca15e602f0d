"""A term in bold is defined in its own sentence, where the course first uses it; the glossary holds them all."""

import re

import glossary
import pytest

TERMS = glossary.terms_of_the_course()
POINTING = re.compile(
    r"(This|That|It|Its|So|We see|The result) ", re.IGNORECASE
)  # such a sentence needs the one before


@pytest.mark.parametrize("term", TERMS, ids=lambda term: f"{term.path.stem[:2]} {term.name}")
def test_a_bold_term_is_defined_in_a_sentence_that_stands_alone(term):
    assert len(term.sentence.split()) >= 7, term.sentence
    assert not POINTING.match(term.sentence), term.sentence


@pytest.mark.parametrize("term", TERMS, ids=lambda term: f"{term.path.stem[:2]} {term.name}")
def test_no_cell_uses_a_term_before_the_one_that_defines_it(term):
    assert glossary.used_before(term) is None


def test_the_glossary_is_up_to_date_and_its_terms_are_told_apart():
    assert glossary.GLOSSARY.read_text(encoding="utf-8") == glossary.glossary(), "run: python tools/glossary.py"
    assert len({term.name.casefold() for term in TERMS}) == len(TERMS) >= 40


def test_labels_exercises_and_tables_are_no_terms(monkeypatch):
    labels = "# Title\n\n**About 5 minutes**\n\n> **1.1 A task.** Do.\n\n| **kept** | yes |\n\n**How.** F."
    text = f"{labels}\n\n- **A b**: c. **D** is e."
    monkeypatch.setattr(glossary, "cells_of_the_course", lambda: [(glossary.GLOSSARY, text)])
    assert [(term.name, term.sentence) for term in glossary.terms_of_the_course()] == [
        ("A b", "A b: c."),
        ("D", "D is e."),
    ]


def test_a_word_that_is_used_before_its_definition_is_found(monkeypatch):
    cells = [
        (glossary.GLOSSARY, text) for text in ("# T\n\nhubs", "A Hub is near.", "A **hub** is a neighbor of everybody.")
    ]
    monkeypatch.setattr(glossary, "cells_of_the_course", lambda: cells)
    (term,) = glossary.terms_of_the_course()
    assert "cell 1" in glossary.used_before(term)
