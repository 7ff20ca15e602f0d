"""Tables in every dialect, and damaged ones: read rightly, or refused in one line. Never wrong, raised or hung.

The seed is fixed. ``COURSE_FUZZ=5000 python -m pytest tests/test_data_fuzz.py -s`` tries so many files of each kind,
and prints the totals.
"""

import collections
import csv
import gzip
import io
import os
import random
import shutil
import warnings

import pandas as pd
import pytest

from helpers import data
from helpers.data import load_movies

TRIES = int(os.environ.get("COURSE_FUZZ", 150))
LEGACY = {  # words of a language, and encodings that have its letters
    "Western": (
        "été rêveuse garçon cœur père Fährmann Gäste Fluß schön Straße niño corazón señora mañana coração mães ações "
        "återvänder sjön gång når Zoë café déjà l'île où København øje være città perché één ideeën",
        ["cp1252", "cp1252", "mac-roman", "cp850", "iso8859-15", "iso8859-1"],
    ),
    "English": ("don’t she’s “last” one — here … café £5", ["cp1252", "mac-roman"]),
    "Polish": ("żeglarz łódź księżyc pociąg świat miłość być dzień siostry noc", ["cp1250", "iso8859-2", "cp852"]),
    "Czech": ("příběh řeka člověk hledá děti moře dům kůň vlak noční", ["cp1250", "iso8859-2", "cp852"]),
    "Hungarian": ("erdő nő eltűnik férje gyűrű tűz testvér idő köd", ["cp1250", "iso8859-2"]),
    "Romanian": ("fată caută casa bunicii şi găseşte scrisoare fraţi pădure", ["cp1250", "iso8859-2"]),
    "Croatian": ("kuća djevojka traži ključ noć čuvar đak sreća", ["cp1250", "iso8859-2"]),
    "Turkish": ("kış kız kardeşini dağ köye gider ışık çocuk", ["cp1254", "iso8859-9"]),
    "Latvian": ("māja divas māsas pulksteņus kalnos zēns meklē tēvu šķūnis", ["cp1257", "iso8859-13"]),
    "Russian": ("маяк смотритель считает корабли туман часы долина озеро", ["cp1251", "koi8-r", "iso8859-5", "cp866"]),
    "Ukrainian": ("їжак дівчина їде міста щастя ґанок", ["cp1251", "koi8-u"]),
    "Greek": ("φάρος φύλακας μετρά πλοία ομίχλη ρολόι κοιλάδα", ["cp1253", "iso8859-7"]),
    "Hebrew": ("מגדלור שומר סופר אניות בערפל שעון", ["cp1255", "iso8859-8"]),
    "Arabic": ("منارة حارس السفن ضباب ساعة قرية", ["cp1256", "iso8859-6"]),
    "Thai": ("ประภาคาร นาฬิกา ทะเลสาบ เรือ หมอก", ["tis-620", "cp874"]),
    "Chinese": ("灯塔 看守人在雾中数船 钟表 湖底的村庄 风筝", ["gbk", "gb18030"]),
    "Taiwanese": ("燈塔 守塔人在霧中數船 鐘錶 湖底的村莊 風箏", ["big5"]),
    "Japanese": ("灯台 霧の中で船を数える 時計 トイ・ストーリー カウボーイ", ["shift_jis", "euc-jp", "iso2022_jp"]),
    "Korean": ("등대 안개 속에서 배를 세는 시계 호수", ["euc-kr", "cp949", "johab"]),
}
UNICODE = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"]
PLAIN = [
    "ships",
    "fog;",
    "1917",
    "(2)",
    "C#",
    "3%",
    "|",
    ",",
    "\t",
    "'x'",
    '"so"',
    "http://x.example",
    "a\\b",
    "=1+1",
    "#9",
]
ODD = ["\n", "\r\n", '"', '""', ",", ";", "\\", '"quoted"', "line\nline"]


class Totals(collections.Counter):
    """What happened; printed, so that a longer run has something to quote."""

    def judge(self, read, expected, note):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = read()
        except (ValueError, OSError, LookupError) as error:
            said = str(error)
            assert "\n" not in said and 10 < len(said) < 330, (note, said)
            self["refused"] += 1
            return said
        assert found == expected, (note, found, expected)
        self["right"] += 1
        return None


def words(chance, vocabulary, odd=True):
    """Some words, one of the vocabulary among them."""
    some = [chance.choice(vocabulary if chance.random() < 0.6 else PLAIN) for _ in range(chance.randint(2, 12))]
    if odd and chance.random() < 0.3:
        some.insert(chance.randrange(len(some)), chance.choice(ODD))
    return " ".join([*some, chance.choice(vocabulary)])


def written(chance, rows, delimiter, line_end, backslashes):
    """A table as text, by a writer of many habits; what it may not be read as rightly is left out."""
    header = ["title", "about", "genre"]
    before = chance.choice([None, None, None, "row names", "blank", "sep"])
    behind = chance.choice([None, None, None, "cells", "header and cells", "header"])
    out = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if backslashes or chance.random() < 0.3 else csv.QUOTE_MINIMAL
    options = {"doublequote": False, "escapechar": "\\"} if backslashes else {}

    def line(cells):
        row = io.StringIO(newline="")  # with \r\n, the writer quotes cells that have either of them
        csv.writer(row, delimiter=delimiter, lineterminator="\r\n", quoting=quoting, **options).writerow(cells)
        out.write(row.getvalue().removesuffix("\r\n") + line_end)

    if before == "blank":
        out.write(line_end * chance.randint(1, 3))
    if before == "sep":
        out.write(f"sep={delimiter}{line_end}")
    line(header + [""] * (behind in ("header", "header and cells")))
    for number, row in enumerate(rows):
        numbered = [str(number)] if before == "row names" and behind is None else []
        line(numbered + row + [""] * (behind in ("cells", "header and cells")))
        if chance.random() < 0.05:
            out.write(line_end)
    text = out.getvalue()
    return text if chance.random() < 0.7 else text.removesuffix(line_end)


def plain(text):
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def films(path, **options):
    """Title, text and the third column, whatever a damage made of its name."""
    movies = load_movies(path, "title", "about", **options)
    return list(zip(movies["title"], movies["synopsis"], movies.iloc[:, 2], strict=True))


def expected_of(rows):
    return [(" ".join(title.split()), plain(about), genre.lstrip(" ")) for title, about, genre in rows]


def a_table(chance, vocabulary, rows=(1, 8)):
    return [
        [f"{words(chance, vocabulary)} {number}", words(chance, vocabulary), words(chance, vocabulary, odd=False)]
        for number in range(chance.randint(*rows))
    ]


def store(chance, path, raw):
    path.write_bytes(gzip.compress(raw) if chance.random() < 0.2 else raw)
    return path


def test_tables_of_every_dialect_in_unicode_are_read_rightly(tmp_path):
    chance, totals = random.Random(1), Totals()
    for number in range(TRIES):
        vocabulary = LEGACY[chance.choice(list(LEGACY))][0].split()
        backslashes = chance.random() < 0.15
        rows = a_table(chance, vocabulary)
        if backslashes:  # in a file without an escaped quote, nobody knows what two backslashes are
            rows = [[cell.replace("\\", "") for cell in row] for row in rows]
        delimiter, line_end = chance.choice(",;\t|"), chance.choice(["\n", "\n", "\r\n", "\r"])
        text, encoding = written(chance, rows, delimiter, line_end, backslashes), chance.choice(UNICODE)
        path = store(chance, tmp_path / "films.csv", text.encode(encoding))
        named = encoding if chance.random() < 0.2 else None
        said = totals.judge(lambda p=path, n=named: films(p, encoding=n), expected_of(rows), (number, encoding, text))
        assert said is None, (number, encoding, delimiter, said, text)
    print("\nUnicode tables:", dict(totals))


def test_tables_in_old_encodings_are_read_rightly_or_refused(tmp_path):
    chance, totals, of_windows = random.Random(2), Totals(), Totals()
    for number in range(TRIES):
        language = chance.choice(list(LEGACY) + 9 * ["Western"])
        vocabulary, encodings = LEGACY[language]
        encoding = chance.choice(encodings)
        rows = a_table(chance, [word for word in vocabulary.split() if fits(word, encoding)])
        text = written(chance, rows, chance.choice(",;\t"), chance.choice(["\n", "\r\n"]), False)
        path, note = store(chance, tmp_path / "films.csv", text.encode(encoding)), (number, language, encoding)
        tally = of_windows if encoding == "cp1252" else totals
        said = tally.judge(lambda p=path: films(p), expected_of(rows), note)
        assert said is None or "encoding" in said, (note, said)
        assert films(path, encoding=encoding) == expected_of(rows), note
    print("\nold encodings:", dict(totals), "Windows-1252:", dict(of_windows))
    assert of_windows["right"] > 0.97 * of_windows.total()


def fits(word, encoding):
    try:
        return word.encode(encoding).decode(encoding) == word
    except UnicodeError:
        return False


def damaged(chance, raw, ways=("flip", "other", "cut", "insert", "delete")):
    """The bytes with one damage, and its name."""
    way, place = chance.choice(ways), chance.randrange(len(raw))
    if way == "flip":
        return raw[:place] + bytes([raw[place] ^ 1 << chance.randrange(8)]) + raw[place + 1 :], way
    if way == "other":
        return raw[:place] + bytes([chance.choice(b'",;\n\r\0\xff\t \x1b')]) + raw[place + 1 :], way
    if way == "cut":
        return raw[:place], way
    if way == "insert":
        return raw[:place] + bytes([chance.choice(b'",;\n\r\0\xff\t \x1ba')]) + raw[place:], way
    return raw[:place] + raw[place + chance.choice([1, 1, 7, 60]) :], way


@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_a_damaged_table_loses_no_row_and_changes_one_at_most(tmp_path, packed):
    """A letter may become another one, which nobody can see. Rows never vanish or join, and cells never move."""
    chance, totals = random.Random(3 + packed), collections.Counter()
    for number in range(TRIES):
        rows = a_table(chance, LEGACY[chance.choice(["Western", "Russian", "Chinese"])][0].split(), (3, 8))
        text, expected = written(chance, rows, ",", "\n", False), expected_of(rows)
        raw = gzip.compress(text.encode()) if packed else text.encode()
        raw, way = damaged(chance, raw)
        (tmp_path / "films.csv").write_bytes(raw)
        try:
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                found = films(tmp_path / "films.csv")
        except (ValueError, OSError) as error:
            assert "\n" not in str(error) and len(str(error)) < 330
            totals["refused"] += 1
            continue
        note = (number, way, raw, found, expected)
        if packed or found == expected:
            assert found == expected, note
            totals["right"] += 1
        elif way in ("cut", "delete"):  # whole lines may be gone; what is there is right, but for the cell of the cut
            assert sum(film in expected for film in found) >= len(found) - 1, note
            totals["a cell was cut, or lines are gone"] += 1
        else:
            rest = len(expected) - (1 if told else 0)
            assert len(found) >= rest and sum(film in expected for film in found) >= len(expected) - 1, note
            totals["one letter changed"] += 1
    print("\ndamaged:", "gzip" if packed else "plain", dict(totals))


COURSE = {
    "movies.csv": load_movies,
    "listings_raw.csv": data.load_raw_listings,
    "duplicates.csv": data.load_duplicates,
    "ratings.csv": data.load_ratings,
    "recipes.csv": lambda: load_movies(data.DATA_DIR / "recipes.csv", "dish", "about"),
    "SHA256SUMS": data.changed_files,
}


@pytest.mark.parametrize("name", COURSE)
def test_a_damaged_file_of_the_course_is_refused_or_told(tmp_path, monkeypatch, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = COURSE[name]()
    chance, totals = random.Random(name), collections.Counter()
    raw = (data.DATA_DIR / name).read_bytes()
    for file in data.DATA_DIR.iterdir():
        if file.is_file():
            shutil.copy(file, tmp_path)
    monkeypatch.setattr(data, "DATA_DIR", tmp_path)
    for number in range(max(6, TRIES // 25)):
        changed, way = damaged(chance, raw)
        (tmp_path / name).write_bytes(changed)
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                found = COURSE[name]()
            except ValueError as error:
                assert "\n" not in str(error) and len(str(error)) < 330, (number, way, error)
                totals["refused"] += 1
                continue
        said = [str(warning.message) for warning in told if f"git checkout data/{name}" in str(warning.message)]
        same = found == whole if isinstance(whole, list) else same_table(found, whole)
        if name == "recipes.csv":  # a catalogue like any other: a letter may change
            assert same or len(found) >= len(whole) - 2 or way in ("cut", "delete"), (number, way)
        else:
            assert changed == raw or said or not same or name == "SHA256SUMS", (number, way)
            assert same or said or (name == "SHA256SUMS" and found), (number, way)
        totals["told" if said else "right" if same else "changed"] += 1
    print("\n", name, dict(totals))


def same_table(one, other):
    try:
        check = pd.testing.assert_series_equal if isinstance(one, pd.Series) else pd.testing.assert_frame_equal
        check(one, other)
    except AssertionError:
        return False
    return True
