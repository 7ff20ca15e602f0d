"""Make sure that the course's environment is there. Uses the standard library alone.

The active Python serves when it satisfies the ranges of ``pyproject.toml`` (conda, Binder, Colab, a venv of
your own). Otherwise ``.venv`` is made from the lock files, once, and mended when something in it is gone. A set-up
never takes away what another one has finished; two at once wait for each other; whatever it starts ends with it.
Messages go to standard error. `doctor` asks `unmet`, `broken` and `Environment.unfit`.
"""

from __future__ import annotations

import errno
import functools
import hashlib
import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import sysconfig
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Container, Iterable, Iterator, Sequence, cast

from helpers.course import console, guard
from helpers.home import ROOT

PATH = ROOT / "helpers" / "course" / "path"  # on PYTHONPATH: `helpers` alone, not all of the course's folder
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
DISK_NEEDED = 4_000_000_000  # bytes: 1.6 GB when done, and pip unpacks before it installs
LOCKS = ["requirements.txt", "requirements-test.txt"]  # of learners; of the tests, on top
CHECKED = "COURSE_CHECKED"  # number of the process that has looked at the environment before it was handed over
MINIMUM_PYTHON = (3, 11)
MINIMUM_GLIBC = "2.28"  # of the packages in the lock files: `tools/make_lock.py` looks at each
UNKNOWN_PYTHON = (3, 15)  # for this one and newer ones, there are no packages yet

# How pip names the package that it has reached: by its name, or as a file in a folder that it is set to use.
REACHED = r"(?:Collecting |Requirement already satisfied: |Processing \S*[/\\])([A-Za-z]\w*(?:[.-][A-Za-z]\w*)*)"

CAUSES = [  # what pip or the system says, and what it means for the learner
    (r"No space left|Errno 28|not enough space", "the disk is full. Free about 4 GB, then run the command again."),
    (
        r"Permission denied|Errno 13|WinError 5\b|Read-only file system",
        "no permission to write in {root}. Move the course to a folder of yours.",
    ),
    (
        r"DO NOT MATCH THE HASHES|Hashes are required",
        "a package is not the one that the course was tested with (its checksum differs). Try again; if that does not "
        "help, the package index or mirror that pip uses alters packages.",
    ),
    (
        r"NewConnectionError|NameResolutionError|name resolution|Network is unreachable|ConnectTimeout|ReadTimeout"
        r"|Connection refused|Connection reset|ConnectionRefusedError|ProxyError|Max retries|ReadTimeoutError|SSLError",
        "the package index cannot be reached. Check the network, then run the command again.",
    ),
    (r"ensurepip", "this Python cannot make environments. On Debian or Ubuntu: sudo apt install python3-venv"),
    (r"contains the PATH separator", "the folder's path has a '{separator}' in it. Move the course to another folder."),
    (
        r"No matching distribution found for (?P<package>[\w.-]+)",
        "the package index that pip uses has no {package} for this system ({system}, Python {python}).",
    ),
]


say = functools.partial(console.say, error=True)  # for the person who waits, or for nobody when the pipe has closed


class SetupError(Exception):
    """Set-up failed for a reason that fits in one line."""


class WrongChecksumError(SetupError):
    """A package is not one of those that the lock file lists."""


def check_python(version: Sequence[int] = tuple(sys.version_info[:2])) -> None:
    """Raise `SetupError` for a Python that is older than the course needs."""
    if tuple(version[:2]) < MINIMUM_PYTHON:
        raise SetupError(
            "Python {}.{} is too old: the course needs {}.{} or newer. Get it from https://www.python.org/downloads/ "
            "and start with it.".format(*version[:2], *MINIMUM_PYTHON)
        )


def lacks_packages(system: str = "", version: Sequence[int] = (), macos: str = "", libc: str = "") -> str | None:
    """Say why there are no ready-made packages for this Python on this system, in one line; None if there are.

    The parameters stand for what is found here: such as ``"linux-x86_64"``, ``(3, 13)``, ``"14.5"``, ``"glibc 2.36"``.
    """
    system, macos = system or sysconfig.get_platform(), macos or platform.mac_ver()[0]
    version, libc = tuple(version or sys.version_info[:2]), libc or " ".join(platform.libc_ver())
    if version >= UNKNOWN_PYTHON:
        return "there are no packages for Python {}.{} yet: start with Python 3.11 to 3.14.".format(*version)
    if sys.implementation.name != "cpython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        return "there are packages only for the standard build of Python: get it from https://www.python.org/downloads/"
    if system == "win32" or sys.maxsize < 2**32:
        return "this is a 32-bit Python, for which there are no packages: get the 64-bit one."
    if system == "win-arm64":
        return "there are no packages for Windows on ARM: get the Python for x64 ('Windows installer (64-bit)')."
    if system.startswith("macosx") and platform.machine() == "x86_64":
        return "PyTorch has no packages for Macs with Intel processors."
    if system.startswith("macosx") and release(macos) < (14,):
        return f"there are packages only for macOS 14 and newer, and this is macOS {macos}."
    if not system.startswith("linux"):
        return None
    if system not in ("linux-x86_64", "linux-aarch64"):
        return f"there are packages only for x86-64 and 64-bit ARM processors, and this is {system}."
    if not libc.startswith("glibc "):
        return "there are no packages for Linux without glibc, such as Alpine: use Debian, Ubuntu or Fedora."
    if release(libc[6:]) < release(MINIMUM_GLIBC):
        return f"this Linux is too old: its {libc} is older than glibc {MINIMUM_GLIBC}."
    return None


def ranges(tests: bool = False) -> list[str]:
    """Direct dependencies of ``pyproject.toml``, with the ones of the tests if asked, such as ``"numpy>=2.1,<3"``."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"] + (project["optional-dependencies"]["test"] if tests else [])


def name_and_bounds(requirement: str) -> tuple[str, list[str]]:
    """Parts of a requirement: of ``"numpy>=2.1,<3"``, the name and ``[">=2.1", "<3"]``."""
    name, bounds = re.findall(r"^([\w.-]+)(.*)", requirement)[0]
    return name, bounds.split(",")


def release(version: str) -> tuple[int, ...]:
    """Turn a version into numbers that compare: ``"2.13.0+cpu"`` is ``(2, 13)``."""
    numbers = [int(part) for part in re.findall(r"^[\d.]*", version)[0].split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def unmet(requirements: Iterable[str], folder: Path | None = None) -> dict[str, str | None]:
    """Requirements that the running Python, or a ``site-packages`` folder, does not meet, with the version there."""
    missing, notes = {}, _notes(folder) if folder else {}
    for requirement in requirements:
        name, bounds = name_and_bounds(requirement)
        found = _version(notes.get(normalized(name))) if folder else version_of(name)
        if found is None or not all(holds(found, bound) for bound in bounds):
            missing[requirement] = found
    return missing


def version_of(name: str) -> str | None:
    """Version of a package that the running Python has, or None."""
    from importlib import metadata  # a Python that is too old for the course may lack it

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def holds(version: str, bound: str) -> bool:
    """Tell whether a version satisfies one bound, ``>=``, ``<`` or ``==``."""
    sign, limit = re.findall(r"(>=|<|==)\s*(.+)", bound)[0]
    left, right = release(version), release(limit)
    return {">=": left >= right, "<": left < right, "==": left == right}[sign]


def normalized(name: str) -> str:
    """Spelling of a package's name that compares (PEP 503): ``"Python_Levenshtein"`` is ``"python-levenshtein"``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def broken(names: Iterable[str] | None = None, folder: Path | str | None = None) -> dict[str, str]:
    """Installed packages of which something is gone, and what: ``{"pandas": "pandas/core is gone"}``.

    Each folder is looked for, and each file on the first level, by the list that pip has left. Of `names`, one that is
    not installed is broken, too. By default, what the lock files name and the running Python has is looked at.
    """
    notes = _notes(folder or sysconfig.get_path("purelib"))
    if names is None:
        names = [name for lock in locks(tests=True) for name in pins(lock) if normalized(name) in notes]
    found = {name: _gone(notes.get(normalized(name))) for name in names}
    return {name: why for name, why in found.items() if why}


def _notes(folder: Path | str) -> dict[str, Path]:
    """Map the name of each package in a ``site-packages`` folder to pip's notes on it, its ``.dist-info`` folder."""
    return {normalized(path.name.split("-")[0]): path for path in Path(folder).glob("*-*.dist-info")}


def _version(note: Path | None) -> str | None:
    return note.stem.split("-")[1] if note else None


def _read(file: Path) -> str | None:
    """Text of a file, or None where it is not there or damaged."""
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, ValueError):
        return None


def _gone(note: Path | None) -> str | None:
    """Say what of a package is missing, by the list of its files that pip left; None if nothing is."""
    if note is None:
        return "not installed"
    installer, record = _read(note / "INSTALLER"), _read(note / "RECORD")
    if installer is None:  # pip writes it after the package's files
        return "half installed"
    whole = installer.strip() in ("pip", "uv")  # conda and Debian leave out some of what they list, or list nothing
    if whole and record is None:
        return "its list of files is gone"
    paths = [line.partition(",")[0] for line in (record or "").splitlines() if not line.startswith('"')]
    wanted = {path.rpartition("/")[0] for path in paths} | {path for path in paths if path.count("/") < 2}
    wanted = wanted if whole else {path.partition("/")[0] for path in paths}
    exists, folder = os.path.exists, str(note.parent) + os.sep  # pathlib takes twice as long
    missing = [path for path in sorted(wanted) if not exists(folder + path) and "__pycache__" not in path]
    return missing[0] + " is gone" if missing else None


def pins(lock: Path) -> dict[str, str]:
    """Names and versions in a lock file, as far as they are meant for this system."""
    pinned = r"(?m)^([\w.-]+)==([^\s;\\]+)(?: *; *(\w+) (==|!=) \"(\w+)\")?"
    here = {"sys_platform": sys.platform, "os_name": os.name, "platform_machine": platform.machine(), "": ""}
    lines = re.findall(pinned, lock.read_text(encoding="utf-8"))
    return {name: version for name, version, what, sign, value in lines if (here[what] == value) == (sign != "!=")}


def locks(tests: bool) -> list[Path]:
    """Lock files to install from."""
    return [ROOT / name for name in (LOCKS if tests else LOCKS[:1])]


def entries(lock: Path) -> dict[str, str]:
    """Map the name of each package in a lock file to its lines: version and checksums."""
    blocks = re.findall(r"(?m)^[\w.-]+==(?:.*\n)(?:[ \t]+.*\n)*", lock.read_text(encoding="utf-8"))
    return {block.partition("==")[0]: block for block in blocks}


def fingerprint(lock: Path) -> str:
    """Digest of a lock file, to notice that it has changed."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


class Environment:
    """``.venv``, and the note in it that says which lock files it was made from."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        self.note = self.folder / "course-setup.json"

    @property
    def site(self) -> Path:
        """Folder of the installed packages, without asking the environment's Python."""
        if os.name == "nt":
            return self.folder / "Lib" / "site-packages"
        return self.folder / "lib" / "python{}.{}".format(*self.version()) / "site-packages"

    def runs(self) -> bool:
        """Tell whether it has a Python that this user can start: in a shared folder, it may lie in another's home."""
        return os.access(self.python, os.X_OK) and os.access(self.folder / "pyvenv.cfg", os.R_OK)

    def version(self) -> tuple[int, ...]:
        """Version of the environment's Python, such as ``(3, 13)``; of the running one where there is none yet."""
        found = re.search(r"(?m)^version(?:_info)? *= *(\d+)\.(\d+)", _read(self.folder / "pyvenv.cfg") or "")
        return tuple(map(int, found.groups())) if found else tuple(sys.version_info[:2])

    def state(self) -> dict[str, Any]:
        """Read the note, name and digest of each lock file that was installed whole: ``{}`` when it is damaged."""
        try:
            return dict(json.loads(_read(self.note) or "{}"))
        except (ValueError, TypeError, RecursionError):
            return {}

    def remember(self, lock: Path, whole: bool) -> None:
        """Note that a lock file is installed, or is no longer; what is noted of the other one stays."""
        state = dict(self.state(), **{lock.name: fingerprint(lock) if whole else ""})
        temporary = self.note.with_suffix(".tmp")
        temporary.write_text(json.dumps({name: state[name] for name in LOCKS if state.get(name)}), encoding="utf-8")
        temporary.replace(self.note)

    def unfit(self, tests: bool = False) -> dict[str, str]:
        """Say what is not as it should be, ``"Python"``, a lock file, ``"helpers"`` or packages, and why."""
        if not self.runs():
            return {"Python": f"there is none in {self.folder}"}
        state = self.state()
        wrong = {lock.name: "not installed" for lock in locks(tests) if state.get(lock.name) != fingerprint(lock)}
        if wrong:
            return wrong
        pinned = [name for lock in locks(tests) for name in pins(lock)]
        wrong = {**self._out_of_range(pinned), **broken(pinned, self.site)}
        file, line = self._link()
        if not file.exists() or file.read_bytes() != line:
            wrong["helpers"] = f"the environment does not know this folder, {ROOT}"
        return wrong

    def _out_of_range(self, names: Container[str]) -> dict[str, str]:
        """Say which of these packages are of a release that the course does not know."""
        found = unmet([need for need in ranges(tests=True) if name_and_bounds(need)[0] in names], self.site)
        return {name_and_bounds(need)[0]: f"{version} is not {need}" for need, version in found.items() if version}

    def make(self, tests: bool) -> None:
        """Make, complete, repair or update the environment, with progress on standard error."""
        try:
            with alone():
                if self.unfit(tests):  # another process may have made it meanwhile
                    self._make(tests)
        except OSError as error:
            raise SetupError("Set-up failed: " + explain(str(error))) from None

    def _make(self, tests: bool) -> None:
        reason = lacks_packages()
        if reason:
            raise SetupError("Set-up is not possible here: " + reason)
        if not self.state().get(LOCKS[0]):
            if shutil.disk_usage(ROOT).free < DISK_NEEDED:
                raise SetupError("Set-up failed: " + CAUSES[0][1])
            say("Setting up the course in .venv: about 1.6 GB and one or two minutes, once.")
        self._make_python()
        for lock in locks(tests):
            self._install(lock)
        file, line = self._link()
        file.write_bytes(line)
        say("Done. The next start is immediate.")

    def _make_python(self) -> None:
        """Make the environment, without packages but pip's; repair one whose Python or pip is gone."""
        if not self.runs():
            if self.folder.exists() and self.version() != sys.version_info[:2]:
                say("Python {}.{} of .venv is gone: its packages are installed again.".format(*self.version()))
                shutil.rmtree(self.site, ignore_errors=True)
            for link in self.python.parent.glob("python*"):
                if link.is_symlink() and not link.exists():
                    link.unlink()  # venv leaves a broken link as it is
            base = getattr(sys, "_base_executable", None) or sys.executable  # never the one inside what is being made
            run(base, ["venv", "--without-pip", self.folder], "making the environment")
        if not MINIMUM_PYTHON <= self.version() < UNKNOWN_PYTHON:
            held = ".".join(map(str, self.version()))
            raise SetupError(f"{self.folder} holds the wrong Python, {held}. Delete that folder, then try again.")
        if self._discard(["pip"]):
            run(self.python, ["ensurepip", "--upgrade", "--default-pip"], "installing pip")

    def _install(self, lock: Path) -> None:
        """Install what a lock file names and the environment lacks."""
        gone = {*self._discard(pins(lock)), *self._out_of_range(pins(lock))}
        if self.state().get(lock.name) != fingerprint(lock):
            self.remember(lock, whole=False)
            self._pip(lock, set(pins(lock)))
            self.remember(lock, whole=True)
            say("  a first import of everything, half a minute ...")
            with suppress(SetupError):  # it saves time, and no more
                run(self.python, ["helpers.course.warm_up"], "importing")
        elif gone:
            listed = ", ".join(sorted(gone))
            say(f"Repairing: {listed}.")
            try:
                self._pip(lock, gone)
            except SetupError as error:  # offline, say: most of the course may work all the same
                say(f"{error} Continuing without: {listed}.")

    def _discard(self, names: Iterable[str]) -> dict[str, str]:
        """Let pip forget packages that are not whole, so that it installs them again."""
        gone, notes = broken(names, self.site), _notes(self.site)
        for note in [notes[normalized(name)] for name in gone if normalized(name) in notes]:
            shutil.rmtree(note)
        for rest in self.site.glob("~*"):  # what pip had set aside when it was interrupted
            shutil.rmtree(rest, ignore_errors=True)
        return gone

    def _pip(self, lock: Path, names: set[str]) -> None:
        """Install packages of a lock file, PyTorch for the CPU first where that is enough."""
        blocks = {name: text for name, text in entries(lock).items() if name in names}
        wanted = self.folder / "course-wanted.txt"
        pin = "torch=={}".format(pins(lock).get("torch"))
        if "torch" in blocks and needs_cpu_torch() and unmet([pin], self.site):
            wanted.write_text(blocks["torch"].replace(pin, pin + "+cpu", 1), encoding="utf-8")
            install_cpu_torch(self.python, wanted, pin + "+cpu")
        wanted.write_text("".join(blocks.values()), encoding="utf-8")
        pip(self.python, ["--only-binary=:all:", "--require-hashes", "-r", wanted], len(blocks))
        wanted.unlink()
        torch = _version(_notes(self.site).get("torch")) or "+cpu"
        if "torch" in blocks and sys.platform == "linux" and "+cpu" not in torch:
            say("  what PyTorch needs for NVIDIA cards ...")  # by its own list, which the lock file does not repeat
            pip(self.python, [pin], 0, needs_too=True)

    def _link(self) -> tuple[Path, bytes]:
        """A ``.pth`` file that lets editors which start kernels themselves find `helpers`, and what it holds.

        A relative path holds after a move, and is plain ASCII in every language's encoding.
        """
        return self.site / "recommend-with-vectors.pth", os.path.relpath(ROOT, self.site).encode("ascii") + b"\n"


@contextmanager
def alone(path: Path | None = None, what: str = "set-up of this course") -> Iterator[None]:
    """Wait until nobody else holds a lock, and keep others waiting.

    The lock is the operating system's on an open file: it ends with the process, and with the pip that it had started.
    """
    try:
        file = (path or ROOT / ".venv.lock").open("a+b")
    except OSError:  # a folder that cannot be written is told where that matters
        yield
        return
    with file:
        if os.name != "nt":
            os.set_inheritable(file.fileno(), True)  # by what `run` starts, should it be slow to end with this process
        if not _locked(file):
            say(f"Another {what} is running: waiting for it.")
            while not _locked(file):
                time.sleep(0.2)
        yield


def _locked(file: IO) -> bool:
    """Try to lock a file, and tell whether that was possible."""
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(0)
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:  # another one says that there are no locks on this disk
        return error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK)
    return True


def needs_cpu_torch() -> bool:
    """Tell whether the default PyTorch would bring gigabytes of CUDA to a machine that cannot use it."""
    return sys.platform == "linux" and not (shutil.which("nvidia-smi") or Path("/proc/driver/nvidia").exists())


def answers(address: str, seconds: float = 60) -> bool:
    """Tell whether a server answers at all, be it with a refusal; a slow line is waited for, a missing one is not."""
    try:
        urllib.request.urlopen(address, timeout=seconds).close()
    except urllib.error.HTTPError as refusal:
        refusal.close()
    except (OSError, ValueError) as error:
        return "CERTIFICATE" in str(error)  # pip may know the certificate
    return True


def install_cpu_torch(python: Path, wanted: Path, pin: str) -> None:
    """Install PyTorch's build for the CPU from a folder that pip is set to use, or from PyTorch's own index.

    Where neither has it, the default index serves later. A checksum that the lock file lacks, PyTorch's index names.
    """
    index: list[str | Path] = ["--index-url", TORCH_CPU_INDEX, "--timeout", "60", "--retries", "5"]
    say("  PyTorch for the CPU (about 200 MB) ...")
    with suppress(SetupError):
        return pip(python, ["--no-index", "--require-hashes", "-r", wanted], 0)
    if not answers(TORCH_CPU_INDEX + "/torch/"):
        return say("  PyTorch's CPU index does not answer: using the default one, perhaps with a larger download.")
    try:
        try:
            pip(python, [*index, "--require-hashes", "-r", wanted], 0)
        except WrongChecksumError:
            say("  The lock file does not list this build: trusting PyTorch's index.")
            pip(python, [*index, pin], 0)
    except SetupError as error:
        say(f"  PyTorch's CPU index did not work ({error}): using the default one.")


def pip(python: Path, arguments: list[str | Path], total: int, needs_too: bool = False) -> None:
    """Install packages; show how many of `total` are reached. What they need is left to the lock, or `needs_too`."""
    command: list[str | Path] = ["pip", "install", "--disable-pip-version-check", "--no-input", "--progress-bar", "off"]
    command += [] if needs_too else ["--no-deps", "--no-compile"]
    run(python, command + arguments, "installing packages", total)


def run(python: Path | str, arguments: list[str | Path], doing: str, total: int = 0) -> None:
    """Run a module for the set-up; its output is condensed to a counter, or to one line when it fails."""
    variables = dict(child_environment(), PYTHONDONTWRITEBYTECODE="", PYTHONUTF8="1")  # or venv cannot write some paths
    pipes: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "close_fds": os.name == "nt"}
    lines, seen = [], 0
    try:
        with guard.program(python, arguments, env=variables, encoding="utf-8", errors="replace", **pipes) as process:
            for line in cast(IO, process.stdout):
                lines.append(line.strip())
                match = re.match(REACHED, line)
                if match and total:
                    seen += 1
                    show_progress(f"  [{min(seen, total)}/{total}] {match[1]}")
                elif total and line.startswith("Installing collected packages"):
                    show_progress("  unpacking, about a minute")
            process.wait()
    finally:
        show_progress(None)
    if process.returncode:
        said = "\n".join(lines)
        failure = WrongChecksumError if re.search(CAUSES[2][0], said) else SetupError
        raise failure(f"Set-up failed while {doing}: {explain(said)}")


def show_progress(text: str | None) -> None:
    """Redraw one line on a terminal; elsewhere print now and then, so that logs stay short."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + (text or ""))
        sys.stderr.flush()
    elif text and re.search(r"\[(1|\d+0)/|unpacking", text):
        say(text)


def explain(output: str) -> str:
    """Find the known cause in what a command printed; without one, quote its last error line."""
    for pattern, meaning in CAUSES:
        match = re.search(pattern, output)
        if match:
            here = {"root": ROOT, "separator": os.pathsep, "system": sysconfig.get_platform()}
            return meaning.format(python=platform.python_version(), **here, **match.groupdict())
    errors = [line for line in output.splitlines() if "error" in line.lower()] or output.splitlines() or ["no message"]
    return errors[-1].strip()


def child_environment() -> dict[str, str]:
    """Variables for a child process in which `helpers` can be imported from every folder."""
    paths = filter(None, [str(PATH), os.environ.get("PYTHONPATH")])
    return dict(os.environ, PYTHONPATH=os.pathsep.join(paths))


def own_environment() -> tuple[Environment, bool]:
    """The environment of the course, made or not, and whether the running Python is its."""
    environment = Environment(ROOT / ".venv")
    return environment, Path(sys.prefix).resolve() == environment.folder.resolve()


def ensure(tests: bool = False) -> Path | None:
    """Set up what is missing; give the Python to hand over to, or None when the running one serves.

    Raises `SetupError` with one line that says what is wrong and what to do.
    """
    environment, inside = own_environment()
    inside = inside and environment.note.exists()
    if inside and os.environ.pop(CHECKED, None) == str(os.getpid()):
        return None
    if not inside and not unmet(ranges()):
        use_active(tests)
        return None
    if environment.unfit(tests):
        environment.make(tests)
    return None if inside else environment.python


def reinstall(names: Iterable[str]) -> str:
    """The command that installs packages of the active environment once more."""
    again = " ".join(f"{name}=={version_of(name)}" for name in names)
    return f'"{sys.executable}" -m pip install --force-reinstall --no-deps {again}'


def use_active(tests: bool) -> None:
    """Add what the tests need to the active environment. If it is not whole, it is not ours to repair: `SetupError`."""
    gone = broken()
    if gone:
        what = "; ".join(f"{name}: {why}" for name, why in gone.items())
        raise SetupError(f"{sys.prefix} is incomplete: {what}. Fix it: {reinstall(gone)}")
    wanted: list[str | Path] = [*unmet(ranges(tests=True))] if tests else []
    if wanted and Path(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED").exists():  # by the system: PEP 668
        raise SetupError("The tests need: pip install " + " ".join(f'"{need}"' for need in wanted))
    if wanted:
        say("Adding the packages of the tests to the active environment.")
        with alone():
            pip(Path(sys.executable), wanted, len(wanted), needs_too=True)


def existing_python() -> Path | None:
    """The Python that commands would use if nothing may be installed: for `doctor`, which only looks."""
    environment, inside = own_environment()
    there = environment.runs() and environment.state()
    return environment.python if there and not inside and unmet(ranges()) else None


def hand_over(python: Path) -> None:
    """Run the same command line again with another Python, in this process's place where the system allows it."""
    command = ["helpers", *sys.argv[1:]]
    variables = child_environment()
    sys.stderr.flush()
    if os.name == "nt":
        with guard.program(python, command, quiet=False, env=variables) as process, suppress(KeyboardInterrupt):
            process.wait()  # Ctrl-C it tells itself
        sys.exit(process.returncode)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # until the other one can say it in one line
    variables[CHECKED] = str(os.getpid())
    os.execve(str(python), [str(python), "-P", "-m", *command], variables)
