"""Tell in which encoding the bytes of a table are: proven, or guessed where a guess is safe, or not known.

UTF-8 proves itself. Windows-1252 proves nothing, every byte is some letter in it: it is taken only when all of its
letters stand where French, German, Spanish, Portuguese, Italian, Dutch or Scandinavian words have them.
"""

from __future__ import annotations

import codecs
import re
from collections import Counter
from collections.abc import Iterable

# Byte-order marks; the longer ones first, because UTF-32's begins with UTF-16's.
MARKS: dict[str, bytes | tuple[bytes, ...]] = {
    "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE),
    "utf-8-sig": codecs.BOM_UTF8,
    "utf-16": (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE),
}
WIDE = ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"]
TOLERATED = 0.01  # of the words with foreign letters, that may look wrong in a long Western text

# Letters beyond a to z: French, German, Spanish, Portuguese, Swedish, Danish, Italian, Dutch, Catalan.
ALPHABETS = "àâçèéêëîïôùûüœ äöüßé áéíóúüñ áâãàçéêíóôõúü åäöé æøåéóüäö àèéìòùî ëïéèêóöüáçàâíúî àçèéíïòóúü"
LOWER = "a-zàáâãäåæçèéêëìíîïñòóôõöøùúûüœß"
VOWEL = "aeiouyàáâãäåæèéêëìíîïòóôõöøùúûüœ"
SUSPECT = re.compile(
    "|".join(
        [
            r"[ðþýÿšžŸÐÞÝŠŽ¤¦¨¬¯¶¸ƒˆ˜÷]",  # Icelandic, Czech, Turkish letters, and signs that nobody writes
            r"[^\W\d_a-zA-Z]{3}",  # a word of foreign letters: another alphabet
            rf"[{LOWER}][À-ÖØ-ÞŒ]",  # a capital inside a word
            r"[^\W\d_][“”„‚‘«»‹›•†‡‰™€¡¢£¥¿§©®±µ·×°º¹²³¼½¾]+[^\W\d_]",  # a sign between two letters
            r"[^\W\d_][¡¢£¥¿±¹³„‚¼½¾]|[¼½¾][^\W\d_]",  # beside a letter
            r"(?<![nmNMcCkK\d])[º²ª]|(?<![nN\d])°(?![CF]\b)|[†‡‰×][^\W\d_]",
            r"[ãÃ](?![oesOES]|\b)",  # Portuguese: ão, ãe, ãs, ã (Romanian has it anywhere)
            r"[õÕ](?![eE])",  # Portuguese: õe (Hungarian has it anywhere)
            r"[ìò]\B|[ùÙ]\B",  # Italian and French: the last letter of a word
            r"[ñÑ](?![aeiouáéíóúüAEIOUÁÉÍÓÚ])",  # Spanish: before a vowel
            r"[çÇ](?![aouâãõáàóôéúûAOUÂÃÕÁÓÚ]|\b)",
            rf"[èÈ][{VOWEL}]|\b[èÈ](?![rvRV]|\b)",
            rf"[{VOWEL}][æø]|ø[aiouáéíóúý]|æ[{VOWEL}]",  # Danish (Croatian and Czech have it beside vowels)
            r"û(?![lrtcnmLRTCNM]|\b)|(?<!\b[dDmM])(?<!\bcr)û\b",  # French (Hungarian has it at the end)
            r"œ(?![uicnUICN])|(?<=[cnm])œ[cn]",
            r"\b[âêîôûëïñùìò]\b",  # a word of one letter in Cyrillic
            r"[a-z]–[aeiou]",  # a dash of Windows is an ñ of the old Macintosh
        ]
    )
)
WORD = re.compile(r"[a-zA-ZÀ-ÖØ-öø-ÿŒœ]+")


def codec(name: str) -> tuple[str, str]:
    """Split the name of an encoding into codec and what to do about bytes that are none, and check both.

    A name is as Python names it, such as ``cp1251``; ``utf-8:replace`` puts U+FFFD in the place of what cannot be read.
    Where Python has no such codec for texts, it is a `ValueError`.
    """
    plain, _, errors = name.strip().partition(":")
    try:
        found = codecs.lookup(plain)
    except (LookupError, ValueError):
        found = None
    if found is None or not found._is_text_encoding or errors not in ("", "strict", "replace", "ignore"):
        raise ValueError(
            f"there is no encoding {name[:40]!r}. Some that there are: utf-8, utf-16, cp1252, cp1251, iso8859-2, gbk, "
            "shift_jis; with ':replace' behind, unreadable bytes become U+FFFD."
        )
    return ("utf-8-sig" if found.name == "utf-8" else found.name), errors or "strict"


def marked(head: bytes) -> str | None:
    """Tell the encoding from a byte-order mark, or from the zeros that UTF-16 and UTF-32 have in every line end."""
    for encoding, marks in MARKS.items():
        if head.startswith(marks):
            return encoding
    if head.count(0) < 3:  # a header and a row have as many ends of cells and lines
        return None
    share, best = max((_plausible(head, encoding), encoding) for encoding in WIDE)
    return best if share > 0.01 else None


def _plausible(head: bytes, encoding: str) -> float:
    """Share of ASCII among the characters, or 0 when they are no text, or no cell ends."""
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)
    except UnicodeDecodeError:
        return 0.0
    odd = sum(not letter.isprintable() and letter not in "\t\r\n\xa0\xad\u3000\u200b\ufeff" for letter in text)
    if not text or odd > len(text) / 100 or not any(end in text for end in ",;\t|\n"):
        return 0.0
    return sum(letter < "\x7f" for letter in text) / len(text)


def judge(blocks: Iterable[str]) -> tuple[str | None, int]:
    """Judge bytes that are not UTF-8 as a whole, read as UTF-8 with U+DC80 to U+DCFF for each that is not.

    ``"utf-8"`` when as many letters are UTF-8 as bytes are not, ``"cp1252"`` when all of the words could be Western
    European ones, else None; and how many bytes are not UTF-8.
    """
    good, bad, words = 0, 0, Counter[str]()
    defined = True
    for block in blocks:
        wrong = len(re.findall(r"[\udc80-\udcff]", block))
        bad += wrong
        good += len(re.findall(r"[^\x00-\x7f]", block)) - wrong
        if wrong and defined:
            try:
                western_block = block.encode("utf-8", "surrogateescape").decode("cp1252")
                words.update(re.findall(r"[^\s,;|\"]*[^\x00-\x7f][^\s,;|\"]*", western_block))
            except UnicodeDecodeError:  # five bytes are nothing in Windows-1252
                defined = False
    if good and good >= bad:
        return "utf-8", bad
    return ("cp1252" if defined and good <= bad / 20 and western(words) else None), bad


def western(words: Counter) -> bool:
    """Tell whether words with their counts could be Western European ones, read as Windows-1252."""
    strange = sum(count for word, count in words.items() if SUSPECT.search(word) or not _in_one_alphabet(word))
    return strange <= TOLERATED * words.total()


def _in_one_alphabet(word: str) -> bool:
    parts = [{letter for letter in part.lower() if letter > "\x7f"} for part in WORD.findall(word)]
    return all(any(part <= set(alphabet) for alphabet in ALPHABETS.split()) for part in parts)
