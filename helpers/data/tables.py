"""The one reader of CSV files, of any delimiter, encoding, line end and size, compressed or not.

A table is read rightly, or refused in one line that names the line, as an editor counts, and the cure. So a file is
walked over three times, never held in memory as a whole: for its encoding, for its records, and then for the cells.
"""

from __future__ import annotations

import bz2
import codecs
import contextlib
import csv
import dataclasses
import difflib
import gzip
import io
import itertools
import lzma
import re
import warnings
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from helpers.data import charset

DELIMITERS = ",;\t|"
TABLES = (".csv", ".tsv", ".json", ".jsonl", ".ndjson")  # files in a zip file that hold a table
LONGEST = 10_000_000  # characters of a line or a cell
BLOCK = 1 << 20  # bytes read at once
ROWS = 20_000  # that are turned into columns together
SHOWN_FROM = 20_000_000  # bytes: reading longer files shows its progress
UNPACKED_FROM, UNPACKED_TIMES = 100_000_000, 200  # bytes from which a packed file is a bomb, if it grows so many times
SPARE_MEMORY = 200_000_000  # bytes that are left to everything else

KINDS: dict[str, bytes | tuple[bytes, ...]] = {  # what is no table, whatever its name says, and begins like this
    "a zip file": b"PK\x03\x04",
    "an old Excel (or Word) file": b"\xd0\xcf\x11\xe0",
    "an SQLite database": b"SQLite format 3",
    "a PDF file": b"%PDF-",
    "an RTF file": b"{\\rtf",
    "a packed file inside of a packed file": (b"\x1f\x8b", b"BZh", b"\xfd7zXZ"),
    "a zstd file": b"\x28\xb5\x2f\xfd",
    "a picture": (b"\x89PNG", b"\xff\xd8\xff", b"GIF8"),
    "a 7z file": b"7z\xbc\xaf",
    "a RAR file": b"Rar!\x1a",
    "an array of NumPy": b"\x93NUMPY",
    "a program": (b"\x7fELF", b"MZ\x90\x00"),
    "a pointer of Git LFS (run: git lfs pull)": b"version https://git-lfs.",
}
MARKUP = re.compile(rb"(?:\xef\xbb\xbf)?\s*<(!doctype|html|head|body|div|svg|rss|p>|\?xml|!--)", re.I)
TOLD = {  # about signs that no text has
    "\0": "a zero byte, which no text has: the file is damaged; save it again",
    "\x1b$": "signs of an ISO-2022 encoding; name it: --encoding",
}
TEXT = pd.Series(dtype=str).dtype  # what pandas takes for texts: it differs between its versions
MARK = "helpers.data.mark"  # what is done about bytes that are not in an encoding: they become signs that no text has
codecs.register_error(MARK, lambda error: (chr(0xDC00 + error.object[error.start]), error.start + 1))  # type: ignore

CONTROL = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")  # and a terminal's sequences
SPACES = re.compile(r"[\x0b\x0c\x1c-\x1f\x85\u2028\u2029]")  # that some programs write for a new line in a cell
NO_HEADER = " If that line is a remark, or the header is missing, the first line has to be the header."
TURNED = re.compile(r"[\u200e\u200f\u202a-\u202e\u2066-\u2069]")  # change the direction of what follows
UNSEEN = re.compile(r"[\xad\u200b\u2060\ufeff]")  # places to break a line, or not to; joiners make letters, and stay


@dataclasses.dataclass(frozen=True)
class Table:
    """A file that was looked through: `columns` are the names of its cells, `rows` the count of its records."""

    path: Path
    encoding: str
    errors: str  # what is done about bytes that are not in the encoding
    delimiter: str
    header_line: int
    columns: list[str] = dataclasses.field(default_factory=list)
    width: int = 0  # cells of a record, which may have a row name before, and empty cells behind the columns
    before: int = 0
    backslashes: bool = False  # before quotes inside a cell, instead of a second quote
    rows: int = 0
    stamp: tuple[int, ...] = ()  # of the file that was looked through, see `stamp_of`
    unit = "line"  # what the index of `frame` counts

    @property
    def name(self) -> str:
        """Of the file, for messages."""
        return self.path.name

    def from_header(self, bar: str | None = None) -> Iterator[tuple[int, list[str]]]:
        """Give first line and cells of whatever is a record: the header and blank lines are, too."""
        csv.field_size_limit(LONGEST)
        with open_text(self.path, self.encoding, self.errors, bar) as text:
            lines = itertools.islice(_lines(text, self.name, self.backslashes), self.header_line - 1, None)
            reader = csv.reader(lines, delimiter=self.delimiter, strict=True, skipinitialspace=True)
            first = self.header_line
            try:
                for cells in reader:
                    yield first, cells
                    first = self.header_line + reader.line_num
            except csv.Error as error:
                raise ValueError(self._unclosed(first, self.header_line + reader.line_num, error)) from None

    def records(self, bar: str | None = None) -> Iterator[tuple[int, list[str]]]:
        """Give every record: the number of its first line, and its cells, in the order of `columns`."""
        last = self.before + len(self.columns)
        header = [name.casefold() for name in self.columns]
        blank = []  # in a file of one column, an empty line is an empty cell, unless nothing follows
        for line, cells in itertools.islice(self.from_header(bar), 1, None):
            if not _says_something(cells):
                blank.append((line, [""]))
                continue
            if self.width == 1:
                yield from blank
            blank.clear()
            if len(cells) != self.width or any(cells[last:]):
                raise ValueError(self._ragged(line, cells))
            own = cells[self.before : last]
            if len(own) > 1 and own[0].casefold() == header[0] and [cell.casefold() for cell in own] == header:
                raise ValueError(f"{self.name}, line {line}: the header is repeated here. Delete this line.")
            yield line, own

    def parts(self, columns: list[str], rows: int, bar: str | None = None) -> Iterator[pd.DataFrame]:
        """Read columns into texts, at most `rows` records at once; missing where a cell is empty.

        The index, ``line``, numbers the lines of the file at which the records begin.
        """
        place_of = {column: place for place, column in enumerate(self.columns)}
        self._refuse_changed()
        records = self.records(bar)
        while part := list(itertools.islice(records, rows)):
            lines = pd.Index([line for line, _ in part], name="line", dtype="int64")
            places = {column: place_of[column] for column in columns}
            cells = {column: [own[place] or None for _, own in part] for column, place in places.items()}
            yield pd.DataFrame(cells, lines, dtype=TEXT)
        self._refuse_changed()

    def _refuse_changed(self) -> None:
        if self.stamp != stamp_of(self.path):
            raise ValueError(f"{self.name} was changed while it was read. Read it again.")

    def frame(self, columns: list[str] | None = None) -> pd.DataFrame:
        """Read columns (all of them, without names) as a whole, see `parts`."""
        columns = self.columns if columns is None else columns
        frames: list[pd.DataFrame] = []
        held = 0
        try:
            for part in self.parts(columns, ROWS, f"Reading {self.name}"):
                frames.append(part)
                held += int(part.memory_usage(deep=True).sum())
                if free_memory() < held + SPARE_MEMORY:
                    raise MemoryError
            return pd.concat(frames) if frames else pd.DataFrame(columns=columns, dtype=TEXT)
        except MemoryError:
            frames.clear()
            raise ValueError(
                f"{self.name}: {self.rows:,} rows do not fit into memory ({held / 1e9:.1f} GB are read). "
                "Leave out columns or rows; helpers.encoding.encode_csv reads a file of any length in parts."
            ) from None

    def _ragged(self, line: int, cells: list[str]) -> str:
        sign = "tab" if self.delimiter == "\t" else f"'{self.delimiter}'"
        habit = f"has a {sign} in it" if len(cells) > self.width - self.before else "continues on the next line"
        cure = f"A text that {habit} has to be in quotes"
        if len(cells) == 1:
            cure += "; a remark or a total that is no row has to go"
        if len(cells) == self.width + 1:
            cure += "; if each row begins with a name of its own, name that column in the header, too"
        found = f"{len(cells)} cell" + "s" * (len(cells) != 1)
        return f"{self.name}, line {line}: {found}, the header has {len(self.columns)}. {cure}."

    def _unclosed(self, first: int, last: int, error: csv.Error) -> str:
        if "field limit" in str(error):
            return f"{self.name}, line {first}: a cell has more than {LONGEST:,} characters. Is a quote not closed?"
        with open_text(self.path, self.encoding, self.errors) as text:
            lines = itertools.islice(_lines(text, self.name, self.backslashes), first - 1, last - 1)
            before = _before_open_quote("".join(lines), self.delimiter)
        line, character = first + before.count("\n"), len(before) - before.rfind("\n")
        return (
            f"{self.name}, line {line}: the quote that opens at character {character} is not closed, or has a quote "
            'inside. Close it; quotes inside of a quoted cell are written twice ("").'
        )


def open_csv(path: Path, needed: list[str], encoding: str | None = None, delimiter: str | None = None) -> Table:
    """Look through a CSV file, byte by byte and record by record, and say how it is to be read.

    See `helpers.data.formats.open_table`. Unless named, the delimiter is the one of `DELIMITERS` that gives the needed
    columns; the encoding is told by a byte-order mark, or UTF-8, or, with a warning, a Western text's Windows-1252.
    """
    delimiter, stamp = delimiter and one_sign(delimiter), stamp_of(path)
    encoding, errors = find_encoding(path, encoding)
    refusals = []
    for table in _headers(path, encoding, errors, needed, delimiter):  # if it is one column, any delimiter may do
        for backslashes in (False, True):
            try:
                fitted = _fitted(dataclasses.replace(table, backslashes=backslashes))
                rows = sum(1 for _ in fitted.records(f"Checking {table.name}"))
                return dataclasses.replace(fitted, rows=rows, stamp=stamp)
            except ValueError as error:
                refusals.append(error)
                if "quote" not in str(error):
                    break
    raise refusals[0]


def stamp_of(path: Path) -> tuple[int, ...]:
    """What tells a file from one that takes its place: time, size, and number."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def one_sign(delimiter: str) -> str:
    """Check a delimiter that somebody named; ``tab`` is one, too."""
    sign = {"\\t": "\t", "tab": "\t"}.get(delimiter, delimiter)
    if len(sign) != 1 or sign in '"\r\n' or sign.isalnum():
        raise ValueError(f"'{one_line(delimiter)[:20]}' is not a delimiter: give one character, such as ; or tab.")
    return sign


def free_memory() -> int:
    """Bytes of memory that this process may still take, by the machine and its container."""
    import psutil

    free = psutil.virtual_memory().available
    with contextlib.suppress(OSError, ValueError):  # no container, or one without a limit
        limit, used = (int(Path("/sys/fs/cgroup", f"memory.{name}").read_text()) for name in ("max", "current"))
        free = min(free, limit - used)
    return max(0, free)


def without_control(text: str) -> str:
    """Take control characters out of a text, but for its line ends and tabs."""
    return SPACES.sub(" ", CONTROL.sub("", text))


def one_line(text: str) -> str:
    """Make a text one line: white space is one space, and nothing in it is unseen or moves a cursor."""
    if not text.isprintable():
        text = UNSEEN.sub("", TURNED.sub("", CONTROL.sub("", text)))
    return " ".join(text.split())


# ---- bytes ---------------------------------------------------------------------------------------------------------


@contextlib.contextmanager
def _opened(path: Path, bar: str | None = None) -> Iterator[Any]:
    """Open the bytes of a file, unpacked; with a name for it, reading a long file moves a progress bar."""
    size = path.stat().st_size
    with path.open("rb", buffering=0) as raw:
        head = raw.read(6)
        raw.seek(0)
        shown: Any = contextlib.nullcontext(raw)
        if bar and size > SHOWN_FROM:
            from tqdm import tqdm

            shown = tqdm.wrapattr(raw, "read", size, desc=bar, leave=False, delay=0.5)
        kind, unpack = next((found for begin, found in PACKED.items() if head.startswith(begin)), ("", None))
        try:
            with shown as read:
                yield unpack(read) if unpack else read
        except (OSError, EOFError, zlib.error, lzma.LZMAError, zipfile.BadZipFile, NotImplementedError) as error:
            if isinstance(error, OSError) and error.errno:  # of the disk
                raise
            why = one_line(str(error))[:80]
            raise ValueError(f"{path.name}: the {kind} file is damaged or cut off ({why}).") from None


def _unzip(stream: Any) -> Any:
    """Open the one table in a zip file, whatever else lies beside it."""
    archive = zipfile.ZipFile(stream)
    inside = [entry for entry in archive.infolist() if not re.search(r"/$|(^|/)(\.|__MACOSX/)", entry.filename)]
    found = [entry for entry in inside if entry.filename.lower().endswith(TABLES)] or inside
    if len(found) != 1 or found[0].flag_bits & 1:
        why = "is encrypted" if len(found) == 1 else f"holds {_some([entry.filename for entry in found])}"
        raise ValueError(f"{Path(stream.name).name}: the zip file {why}; unpack it, and name a file of it.")
    return archive.open(found[0])


PACKED: dict[bytes, tuple[str, Any]] = {  # how a file that begins so is called, and opened
    b"\x1f\x8b": ("gzip", gzip.open),
    b"BZh": ("bzip2", bz2.open),
    b"\xfd7zXZ": ("xz", lzma.open),
    b"PK\x03\x04": ("zip (or Excel)", _unzip),
}


@contextlib.contextmanager
def open_text(path: Path, encoding: str, errors: str, bar: str | None = None) -> Iterator[io.TextIOWrapper]:
    """Open the text of a file, unpacked; every line end is a newline."""
    with _opened(path, bar) as stream, io.TextIOWrapper(stream, encoding, errors) as text:
        yield text


def _blocks(path: Path, encoding: str, errors: str, bar: str | None = None) -> Iterator[str]:
    """Give the text of a file, some whole lines at once."""
    most = max(UNPACKED_FROM, UNPACKED_TIMES * path.stat().st_size)
    with open_text(path, encoding, errors, bar) as text:
        while block := text.read(BLOCK) + text.readline(LONGEST):
            yield block
            most -= len(block)
            if most < 0:
                raise ValueError(f"{path.name}: unpacks to over {UNPACKED_TIMES} times its size: no table does.")


def first_bytes(path: Path) -> bytes:
    """The first bytes of a file, unpacked; refuses what is no file to read from."""
    if re.match(r"[A-Za-z][\w+.-]+:/", str(path)):
        raise ValueError(f"{str(path)[:80]} is an address; download the file, and name it.")
    if not path.exists():
        raise FileNotFoundError(f"{str(path)[-200:]}: there is no such file.")
    if not path.is_file():
        raise ValueError(f"{path} is a device or a pipe; name a file.")
    with _opened(path) as stream:
        head = stream.read(4096)
    if not head:
        raise ValueError(f"{path.name}: the file is empty.")
    return head


def find_encoding(path: Path, named: str | None = None) -> tuple[str, str]:
    """Find the encoding, and what to do about bytes that are not in it, having seen every byte."""
    head, name = first_bytes(path), path.name
    kind = next((kind for kind, begin in KINDS.items() if head.startswith(begin)), None)
    kind = kind or (head[257:262] == b"ustar" and "a tar file") or (MARKUP.match(head) and "a web page (HTML or XML)")
    if kind:
        raise ValueError(f"{name}: this is {kind}, not a table. Open it in its program, and save a table as CSV.")
    encoding, errors, known_by = "utf-8", "strict", ""
    if named is not None:
        encoding, errors = charset.codec(named)
    elif wide := charset.marked(head):
        encoding, known_by = wide, ", which its first bytes announce"
    try:
        found = _first_wrong(path, encoding, errors)
        if named is None and encoding == "utf-8" and found:
            if b"\0" in head:
                found = len((head[: head.index(b"\0")] + b"x").splitlines()), "\0"
            elif found[1] not in TOLD:
                encoding = _guessed(path, found[0], ord(found[1]) - 0xDC00)
                found = _first_wrong(path, encoding, errors)
                if not found:
                    read = "is not UTF-8; it is read as Windows-1252 (Western European)"
                    warnings.warn(f"{name} {read}. If letters look wrong, name the encoding.", stacklevel=4)
    except UnicodeError as error:
        raise ValueError(f"{name}, line 1: {one_line(str(error))[:120].rstrip('.')}.") from None
    if found:
        line, sign = found
        byte = f"byte 0x{ord(sign[0]) % 0x100:02X}"
        alien = f"{byte} is not in {encoding}{known_by}"
        what = TOLD.get(sign) or (alien if sign > "\xff" else f"{byte} is no letter in {encoding}; is it cp1252?")
        raise ValueError(f"{name}, line {line}: {what}.")
    return encoding, errors


def _first_wrong(path: Path, encoding: str, errors: str) -> tuple[int, str] | None:
    """Decode all of a file; line and sign of the first that no text has: an undefined byte, marked, a zero, ..."""
    letters = r"\x80-\x9f" if encoding.startswith("iso8859") else ""
    wrong, line = re.compile(rf"[\0\udc00-\udcff{letters}]|\x1b\$"), 1
    for block in _blocks(path, encoding, MARK if errors == "strict" else errors, f"Checking {path.name}"):
        if found := wrong.search(block):
            return line + block.count("\n", 0, found.start()), found[0]
        line += block.count("\n")
    return None


def _guessed(path: Path, line: int, byte: int) -> str:
    """Say what an encoding is that is not UTF-8: Windows-1252 with a warning, or nothing that anybody knows."""
    encoding, wrong = charset.judge(_blocks(path, "utf-8", MARK))
    where = f"{path.name}, line {line}: byte 0x{byte:02X} is not UTF-8"
    if encoding == "utf-8":
        others = f" ({wrong} such bytes)" if wrong > 1 else ""
        raise ValueError(
            f"{where}, though the rest of the file is{others}. Retype that character, or continue with "
            "--encoding utf-8:replace (in Python: encoding=), which puts U+FFFD in its place."
        )
    if encoding is None:
        raise ValueError(
            f"{where}, and the encoding is not known. Save the file as UTF-8, or name its encoding: --encoding cp1251, "
            "gbk, big5, shift_jis, euc-kr, iso8859-2, ... (in Python: encoding=)."
        )
    return encoding


# ---- records -------------------------------------------------------------------------------------------------------


def _lines(text: io.TextIOBase, name: str, backslashes: bool = False) -> Iterator[str]:
    """Give the lines of a text, without control characters."""
    for number in itertools.count(1):
        line = text.readline(LONGEST)
        if not line:
            return
        if len(line) == LONGEST:
            raise ValueError(f"{name}, line {number}: it has more than {LONGEST:,} characters: no table has.")
        if number == 1:
            line = line.removeprefix("\ufeff")
        if not line.rstrip("\n").isprintable():
            line = without_control(line)
        if backslashes:
            line = re.sub(r'\\(["\\])', lambda found: '""' if found[1] == '"' else "\\", line)
        yield line


def _before_open_quote(record: str, delimiter: str) -> str:
    """The part of a record before the last quote that opens a cell and does not close it."""
    ends = re.escape(delimiter) + r"\n"
    cell = re.compile(rf' *(?:"[^"]*(?:""[^"]*)*"|[^" {ends}][^{ends}]*)?(?:[{ends}]|\Z)')
    place = 0
    while (found := cell.match(record, place)) and found.end() > place:
        place = found.end()
    return record[: record.find('"', place)]


def _headers(path: Path, encoding: str, errors: str, needed: list[str], only: str | None) -> list[Table]:
    """Find the delimiters under which the first record has the needed columns, the likeliest first."""
    with open_text(path, encoding, errors) as text:
        begin = 1
        for line in _lines(text, path.name):
            if said := re.fullmatch(r'"?sep=([^\w\s"]|\t)"?\s*', line, re.I):
                only = only or said[1]
            elif line.strip() and not line.startswith("# "):  # a comment
                break
            begin += 1
        else:
            raise ValueError(f"{path.name}: the file is empty.")
    tables: list[Table] = []
    unclosed: list[ValueError] = []
    for delimiter in only or DELIMITERS:
        table = Table(path, encoding, errors, delimiter, begin)
        try:
            _, cells = next(table.from_header())
        except ValueError as error:
            unclosed.append(error)
        else:
            tables.append(dataclasses.replace(table, columns=[one_line(cell) for cell in cells]))
    if not tables:
        raise unclosed[0]
    widest = sorted(tables, key=lambda table: -len(table.columns))
    fits = [table for table in widest if set(needed) <= set(table.columns)] or widest
    try:
        refuse_columns(fits[0].columns, needed, path.name)
    except ValueError as error:
        below = _line_of_header(fits[0], needed, only or DELIMITERS)
        lacks = str(error).removesuffix(NO_HEADER)
        raise ValueError(f"{lacks} Line {below} has it: delete the lines above." if below else str(error)) from None
    return [table for table in fits if len(table.columns) == len(fits[0].columns)]


def _line_of_header(table: Table, needed: list[str], delimiters: str) -> int | None:
    """The line, of the first ones, that has the needed columns, under whatever delimiter."""
    with open_text(table.path, table.encoding, table.errors) as text:
        for number, line in itertools.islice(enumerate(_lines(text, table.name), 1), table.header_line, 50):
            for sign in delimiters:
                if set(needed) <= {one_line(cell).strip('"') for cell in line.split(sign)}:
                    return number
    return None


def refuse_columns(names: list[str], needed: list[str], file: str) -> None:
    """Refuse a table that lacks a needed column, or has it twice."""
    for column in needed:
        if column not in names:
            alike = difflib.get_close_matches(column.casefold(), [name.casefold() for name in names], 1, 0.7)
            meant = next((name for name in names if alike and name.casefold() == alike[0]), None)
            hint = f" Did you mean '{meant}'?" if meant else ""
            if not hint and (len(names) == 1 or all(re.fullmatch(r"[\d.,:-]+", name) for name in names)):
                hint = NO_HEADER
            raise ValueError(f"{file}: column '{column[:60]}' is missing (found: {_some(names)}).{hint}")
        if names.count(column) > 1:
            raise ValueError(f"{file}: column '{column}' appears twice. Give one of them another name.")


def _some(names: list[str]) -> str:
    """Some names for a message, none of them longer than fits."""
    printed = ["".join(sign if sign.isprintable() else "\ufffd" for sign in name[:30]) for name in names[:6] if name]
    more = len(names) > 6 or any(len(name) > 30 for name in names)
    return (", ".join(printed) or "nothing") + (", ..." if more else "")


def _fitted(table: Table) -> Table:
    """Compare the first records with the header: are there row names, or empty cells behind each row?"""
    first = [cells for _, cells in itertools.islice(table.from_header(), 1, 100) if _says_something(cells)]
    names, before = table.columns, 0
    width = len(first[0]) if len({len(cells) for cells in first}) == 1 else len(names)
    if width > len(names) and any(cell for cells in first for cell in cells[len(names) :]):  # else each row ends so
        named = width == len(names) + 1 and _numbered([cells[0] for cells in first])  # as R and pandas do
        before = int(named and not (table.delimiter == "," and _decimal_commas(first)))
        width = len(names) + before
    elif width < len(names):  # the header alone ends with a delimiter, or rows are too short
        names, width = (names, len(names)) if any(names[width:]) else (names[:width], width)
    return dataclasses.replace(table, columns=distinct(names), width=width, before=before)


def _says_something(cells: list[str]) -> bool:
    return len(cells) > 1 or (len(cells) == 1 and bool(cells[0].strip()))


def _numbered(cells: list[str]) -> bool:
    """Tell whether cells count from 0 or from 1."""
    return any(cells == [str(number) for number in range(start, start + len(cells))] for start in (0, 1))


def _decimal_commas(rows: list[list[str]]) -> bool:
    """Tell whether two neighboring cells of all rows may be one number: 4,5."""
    pairs = (zip(left, right, strict=True) for left, right in itertools.pairwise(list(zip(*rows, strict=True))[1:]))
    return any(all(re.fullmatch(r"[0-9]{1,3},[0-9]{1,2}", f"{a},{b}") for a, b in pair) for pair in pairs)


def distinct(names: list[str]) -> list[str]:
    """Name the columns without a name after their place, and count columns of one name: title, title.1."""
    counts: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        free = name = name or f"column {place}"
        while free in counts or (free != name and free in names):
            counts[name] += 1
            free = f"{name}.{counts[name]}"
        counts[free] = 0
    return list(counts)
