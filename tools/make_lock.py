"""Write the checksums into the lock files, for every wheel of each pinned release; change or add pins.

    python tools/make_lock.py                      # the pins that stand there, with their checksums as of now
    python tools/make_lock.py soupsieve==2.8       # the same, after a change of pins; new ones go to requirements.txt

Wheels are looked up in the index and in the folders that pip is set to use (`pip config list`), for the Pythons and
systems that the course names. Checksums that a lock file lists of the same release stay: PyTorch's builds for the CPU
have an index of their own, which may be out of reach. What has no wheel for a Python on a system is reported, and makes
the exit status 1.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from packaging.markers import Marker
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename
from packaging.version import Version
from pip._internal.models.index import PyPI

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from helpers.course import bootstrap  # noqa: E402

PYTHONS = ["311", "312", "313", "314"]
SYSTEMS = {  # the oldest system of each kind that has to have a wheel, as wheels name it
    "win_amd64": {"sys_platform": "win32", "os_name": "nt", "platform_machine": "AMD64"},
    "macosx_14_0_arm64": {"sys_platform": "darwin", "os_name": "posix", "platform_machine": "arm64"},
    "manylinux_2_28_x86_64": {"sys_platform": "linux", "os_name": "posix", "platform_machine": "x86_64"},
    "manylinux_2_28_aarch64": {"sys_platform": "linux", "os_name": "posix", "platform_machine": "aarch64"},
}


def settings() -> tuple:
    """Index and find-links folders that pip is set to use."""
    listed = subprocess.run([sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True)
    found = dict(re.findall(r"(?m)^[:\w]+\.+\W*([\w-]+)='(.*)'$", listed.stdout))
    index = found.get("index-url", PyPI.simple_url).rstrip("/")
    return index, [Path(folder) for folder in found.get("find-links", "").split() if Path(folder).is_dir()]


def wheels(name: str, version: str, index: str, folders: list) -> dict:
    """Map the file names of a release's wheels to their SHA-256."""
    request = urllib.request.Request(f"{index}/{canonicalize_name(name)}/")
    request.add_header("Accept", "application/vnd.pypi.simple.v1+json")
    with urllib.request.urlopen(request, timeout=60) as answer:
        files = {file["filename"]: file["hashes"]["sha256"] for file in json.load(answer)["files"]}
    for folder in folders:
        files.update({file.name: None for file in folder.glob("*.whl")} | files)
        for file in folder.glob("*.whl"):
            files[file.name] = files[file.name] or (is_of(file.name, name, version) and digest(file))
    return {file: checksum for file, checksum in files.items() if is_of(file, name, version) and serves(file)}


def digest(file: Path) -> str:
    """SHA-256 of a file."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def is_of(file: str, name: str, version: str) -> bool:
    """Tell whether a file is a wheel of a release, of whatever build (``2.13.0+cpu`` is one of ``2.13.0``)."""
    try:
        found, release, *_ = parse_wheel_filename(file)
    except InvalidWheelFilename:
        return False
    return found == canonicalize_name(name) and release.public == Version(version).public


def serves(file: str, python: str | None = None, system: str | None = None) -> bool:
    """Tell whether a wheel serves a Python (default: one of `PYTHONS`) on a system (default: any)."""
    return any(
        fits_python(tag, wanted) and fits_system(tag.platform, system)
        for tag in parse_wheel_filename(file)[3]
        for wanted in ([python] if python else PYTHONS)
    )


def fits_python(tag, python: str) -> bool:
    """Tell whether a tag of a wheel serves a Python such as ``"311"``."""
    number = tag.interpreter[2:]
    if tag.abi == "abi3":
        return tag.interpreter.startswith("cp3") and int(number) <= int(python)
    if tag.abi == "none":
        return tag.interpreter in ("py3", f"cp{python}", f"py{python}")
    return tag.interpreter == tag.abi == f"cp{python}"


def fits_system(platform: str, system: str | None) -> bool:
    """Tell whether a wheel's platform serves a system of `SYSTEMS`, be it made for an older release of it."""
    if system is None or platform in ("any", system):
        return True
    for old, new in {"manylinux1_": "2_5_", "manylinux2010_": "2_12_", "manylinux2014_": "2_17_"}.items():
        platform = platform.replace(old, "manylinux_" + new)
    offered, wanted = (re.fullmatch(r"(manylinux|macosx)_(\d+)_(\d+)_(\w+)", name) for name in (platform, system))
    if not offered or not wanted or offered[1] != wanted[1] or offered[4] not in (wanted[4], "universal2"):
        return False
    return (int(offered[2]), int(offered[3])) <= (int(wanted[2]), int(wanted[3]))


def entry(name: str, version: str, marker: str, checksums: set) -> str:
    """Lines of a lock file for one package."""
    sums = "".join(f" \\\n    --hash=sha256:{checksum}" for checksum in sorted(checksums))
    return f"{name}=={version}{marker}{sums}\n"


def missing(files: dict, marker: str) -> list:
    """Pythons and systems for which a package is meant but has no wheel."""
    return [
        f"{python} on {system}"
        for system, names in SYSTEMS.items()
        for python in PYTHONS
        if not marker or Marker(marker.lstrip(" ;")).evaluate(names)
        if not any(serves(file, python, system) for file in files)
    ]


def read(lock: Path) -> tuple:
    """Comment of a lock file, and its pins as ``{name: (version, marker)}``."""
    text = lock.read_text(encoding="utf-8")
    comment = "".join(re.findall(r"(?m)^#.*\n", text))
    return comment, {
        n: (v, m.rstrip(" \\")) for n, v, m in re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)( *;[^\\\n]*)?", text)
    }


def main(changes: list) -> int:
    """Rewrite both lock files."""
    index, folders = settings()
    contents = {lock: read(lock) for lock in bootstrap.locks(tests=True)}
    for name, _, version in (change.partition("==") for change in changes):
        lock = next((lock for lock, (_, pins) in contents.items() if name in pins), bootstrap.locks(tests=False)[0])
        contents[lock][1][name] = (version, contents[lock][1].get(name, ("", ""))[1])
    complete = True
    for lock, (comment, pins) in contents.items():
        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(lambda pin: wheels(pin[0], pin[1][0], index, folders), pins.items()))
        blocks, known = [], bootstrap.entries(lock)
        for (name, (version, marker)), files in zip(pins.items(), found, strict=True):
            checksums = set(files.values())
            if known.get(name, "").split(" ")[0].strip() == f"{name}=={version}":
                checksums |= set(re.findall(r"sha256:(\w+)", known[name]))
            blocks.append(entry(name, version, marker, checksums))
            for gap in missing(files, marker):
                complete = False
                print(f"{lock.name}: {name}=={version} has no wheel for {gap}", file=sys.stderr)
        text = comment + "".join(sorted(blocks, key=str.lower))
        temporary = lock.with_suffix(".tmp")
        temporary.write_text(text, encoding="utf-8", newline="\n")
        temporary.replace(lock)
        print(f"{lock.name}: {len(blocks)} packages, {text.count('--hash')} checksums")
    return 0 if complete else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
