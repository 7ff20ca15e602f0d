from collections import Counter

import pytest
from small_data import load, write_csv

from helpers.data import charset, load_movies, read_csv_in_parts, tables

UNICODE = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]


@pytest.mark.parametrize("encoding", UNICODE)
def test_a_catalogue_is_read_in_any_usual_encoding(tmp_path, encoding):
    movies = load(write_csv(tmp_path / "films.csv", encoding=encoding))
    assert movies["title"].tolist() == ["Die Brücke", "NA", "1917"]
    assert movies["synopsis"].iloc[0] == "Seven boys\nhold a bridge."
    assert movies.index.tolist() == [1, 2, 3]
    assert movies.index.name == "movie_id"


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
    assert charset.judge(["\n\n\udce9 \udce9\n"]) == ("cp1252", 2)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_wrong_byte_is_on_the_line_that_an_editor_counts(tmp_path, monkeypatch, end):
    (tmp_path / "films.csv").write_bytes(end.join(["name,plot", "é,b", "c,d", "e,"]).encode() + b"\xff")
    for size in range(1, 20):
        monkeypatch.setattr(tables, "BLOCK", size)
        with pytest.raises(ValueError, match=r"films\.csv, line 4: byte 0xFF is not in utf-8"):
            load_movies(tmp_path / "films.csv", "name", "plot", encoding="utf-8")
