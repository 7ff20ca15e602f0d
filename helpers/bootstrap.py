"""Make sure that the course's environment is there. Uses the standard library alone.

The active Python serves when it satisfies the ranges of ``pyproject.toml`` (conda, Binder, Colab, a venv of
your own). Otherwise ``.venv`` is made from ``requirements.txt``, once. Messages go to standard error.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from importlib import metadata
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TORCH = "torch==2.13.0"
TORCH_CPU_INDEX = "https://download.pytorch.org/whl/cpu"
DISK_NEEDED = 4_000_000_000  # bytes: 2.1 GB when done, and pip unpacks before it installs
MINIMUM_PYTHON = (3, 11)

CAUSES = [  # what pip or the system says, and what it means for the learner
    (r"No space left|Errno 28|not enough space", "the disk is full. Free about 4 GB, then run the command again."),
    (
        r"Permission denied|Errno 13|WinError 5\b",
        "no permission to write in {root}. Move the course to a folder of yours.",
    ),
    (
        r"NewConnectionError|NameResolutionError|name resolution|Network is unreachable|ConnectTimeout|ReadTimeout"
        r"|Connection refused|Connection reset|ProxyError|Max retries|from versions: none|No matching distribution",
        "the package index cannot be reached, or lacks a package. Check the network, then run the command again.",
    ),
    (r"ensurepip", "this Python cannot make environments. On Debian or Ubuntu: sudo apt install python3-venv"),
]


class SetupError(Exception):
    """Set-up failed for a reason that fits in one line."""


def say(line: str) -> None:
    """Print a line for the person who waits."""
    print(line, file=sys.stderr, flush=True)


def check_python(version=None) -> None:
    """Raise `SetupError` for a Python that is older than the course needs."""
    found = tuple(version or sys.version_info)[:2]
    if found < MINIMUM_PYTHON:
        raise SetupError(
            "Python {}.{} is too old: the course needs {}.{} or newer. Get it from https://www.python.org/downloads/ "
            "and start with it.".format(*found, *MINIMUM_PYTHON)
        )


def ranges(tests: bool = False) -> list:
    """Direct dependencies of ``pyproject.toml``, with the ones of the tests if asked, such as ``"numpy>=2.1,<3"``."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return project["dependencies"] + (project["optional-dependencies"]["test"] if tests else [])


def release(version: str) -> tuple:
    """Turn a version into numbers that compare: ``"2.13.0+cpu"`` is ``(2, 13)``."""
    numbers = [int(part) for part in re.match(r"[\d.]*", version).group().split(".") if part]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def unmet(requirements: list) -> dict:
    """Requirements that the running Python does not satisfy, with the version it has (or None)."""
    missing = {}
    for requirement in requirements:
        name, bounds = re.match(r"([\w.-]+)(.*)", requirement).groups()
        try:
            found = metadata.version(name)
        except metadata.PackageNotFoundError:
            found = None
        if found is None or not all(holds(found, bound) for bound in bounds.split(",")):
            missing[requirement] = found
    return missing


def holds(version: str, bound: str) -> bool:
    """Tell whether a version satisfies one bound, ``>=``, ``<`` or ``==``."""
    sign, limit = re.match(r"\s*(>=|<|==)\s*(.+)", bound).groups()
    left, right = release(version), release(limit)
    return {">=": left >= right, "<": left < right, "==": left == right}[sign]


def normalized(name: str) -> str:
    """Spelling of a package's name that compares (PEP 503): ``"Python_Levenshtein"`` is ``"python-levenshtein"``."""
    return re.sub(r"[-_.]+", "-", name).lower()


def broken(names=None, folder=None, thorough: bool = False) -> dict:
    """Installed packages of which something is gone, and what: ``{"pandas": "pandas/core is gone"}``.

    Parameters
    ----------
    names : iterable of str, optional
        Look at these alone; one that is not installed counts as broken. Default: whatever the lock files name and
        `folder` has, so that an environment of another make is only asked for what it holds.
    folder : path, optional
        A ``site-packages`` folder. Default: the one of the running Python.
    thorough : bool
        Whether each file is looked for, with its size (half a second); else each folder, and files on the first level (0.07 s).

    Returns
    -------
    dict
        Name as asked for, and why it is unfit. A package that pip was interrupted in the middle of is among them.
    """
    import sysconfig

    folder = Path(folder or sysconfig.get_path("purelib"))
    notes = {normalized(path.name.split("-")[0]): path for path in folder.glob("*.dist-info")}
    if names is None:
        names = [name for lock in locks(tests=True) for name in pins(lock) if normalized(name) in notes]
    found = {name: _gone(folder, notes.get(normalized(name)), thorough) for name in names}
    return {name: why for name, why in found.items() if why}


def _gone(folder: Path, note, thorough: bool):
    """Say what of a package is missing, by the list of its files that pip left; None if nothing is."""
    if note is None:
        return "not installed"
    try:
        record = (note / "RECORD").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return "its list of files is gone"
    if not (note / "INSTALLER").exists():  # pip writes it after the package's files
        return "half installed"
    if thorough:
        for path, _, size in csv.reader(record.splitlines()):
            file = os.path.join(folder, path)
            if not os.path.exists(file) or (size and os.path.getsize(file) != int(size)):
                return path + (" is damaged" if os.path.exists(file) else " is gone")
        return None
    prefix = str(folder) + os.sep
    paths = [line.partition(",")[0] for line in record.splitlines() if not line.startswith('"')]
    wanted = {path.rpartition("/")[0] for path in paths} | {path for path in paths if path.count("/") < 2}
    for path in sorted(wanted):
        if not os.path.exists(prefix + path) and "__pycache__" not in path:
            return path + " is gone"
    return None


def pins(lock: Path) -> dict:
    """Names and versions in a lock file, as far as they are meant for this system."""
    lines = re.findall(r"(?m)^([\w.-]+)==([^\s;]+)(?: *; *(\w+) (==|!=) \"(\w+)\")?", lock.read_text(encoding="utf-8"))
    here = {"sys_platform": sys.platform, "os_name": os.name}
    return {
        name: version for name, version, key, sign, value in lines if not key or (here[key] == value) == (sign == "==")
    }


def venv_python(venv: Path) -> Path:
    """Path of the Python inside an environment."""
    return venv / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def locks(tests: bool) -> list:
    """Lock files to install from."""
    return [ROOT / "requirements.txt"] + ([ROOT / "requirements-test.txt"] if tests else [])


def fingerprint(lock: Path) -> str:
    """Digest of a lock file, to notice that it has changed."""
    return hashlib.sha256(lock.read_bytes()).hexdigest()


class Environment:
    """``.venv`` and the note that says how far its set-up came."""

    def __init__(self, folder: Path):
        self.folder = Path(folder)
        self.python = venv_python(self.folder)
        self.note = self.folder / "course-setup.json"

    def state(self) -> dict:
        """Read the note: ``{}`` when there is none, or when it is damaged."""
        try:
            return json.loads(self.note.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}

    def write_state(self, **state) -> None:
        """Write the note whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        temporary = self.note.with_suffix(".tmp")
        temporary.write_text(json.dumps(state), encoding="utf-8")
        temporary.replace(self.note)

    def ready(self, tests: bool) -> bool:
        """Tell whether set-up was finished, from the lock files as they are now."""
        state = self.state()
        same = all(state.get(lock.name) == fingerprint(lock) for lock in locks(tests))
        return self.python.exists() and state.get("finished") is True and same

    def make(self, tests: bool) -> None:
        """Make, repair or update the environment, with progress on standard error."""
        finished = self.state().get("finished")
        if not finished and shutil.disk_usage(ROOT).free < DISK_NEEDED:
            raise SetupError("Set-up failed: " + CAUSES[0][1])
        try:
            if finished is False:
                say("An earlier set-up was interrupted: starting it again.")
                shutil.rmtree(self.folder)
            self._install(tests)
        except OSError as error:
            raise SetupError("Set-up failed: " + explain(str(error))) from None
        self.write_state(finished=True, **{lock.name: fingerprint(lock) for lock in locks(tests)})
        say("Done. The next start is immediate.")

    def _install(self, tests: bool) -> None:
        say("Setting up the course in .venv: about 2 GB and two minutes, once.")
        self.write_state(finished=False)
        if not self.python.exists():
            run([base_python(), "-m", "venv", str(self.folder)], "making the environment")
        self._link_project()
        if needs_cpu_torch():
            install_cpu_torch(self.python)
        arguments = [part for lock in locks(tests) for part in ("-r", str(lock))]
        total = sum(len(re.findall(r"(?m)^[\w.-]+==", lock.read_text(encoding="utf-8"))) for lock in locks(tests))
        pip(self.python, arguments, total)

    def _link_project(self) -> None:
        """Let the environment's Python find `helpers` from any folder, for editors that start kernels themselves."""
        code = "import sysconfig; print(sysconfig.get_path('purelib'))"
        site = subprocess.run([str(self.python), "-c", code], capture_output=True, text=True, check=True).stdout.strip()
        (Path(site) / "recommend-with-vectors.pth").write_text(str(ROOT) + "\n", encoding="utf-8")


def base_python() -> str:
    """The Python that makes the environment: never the one inside the environment that is being made."""
    return getattr(sys, "_base_executable", None) or sys.executable


def needs_cpu_torch() -> bool:
    """Tell whether the default PyTorch would bring gigabytes of CUDA to a machine that cannot use it."""
    return sys.platform == "linux" and not (shutil.which("nvidia-smi") or Path("/proc/driver/nvidia").exists())


def install_cpu_torch(python: Path) -> None:
    """Ask PyTorch's CPU index first, briefly; when it does not answer, the default index serves later."""
    say("  PyTorch for the CPU (about 200 MB) ...")
    command = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--index-url", TORCH_CPU_INDEX, "--timeout", "5", "--retries", "0", TORCH]
    if subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True).returncode:
        say("  PyTorch's CPU index does not answer: the default index is used, where PyTorch is a larger download.")


def pip(python: Path, arguments: list, total: int) -> None:
    """Run ``pip install`` and show how many of `total` packages it has reached."""
    command = [str(python), "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", *arguments]
    run(command, "installing packages", total)


def run(command: list, doing: str, total: int = 0) -> None:
    """Run a command of the set-up; its output is condensed to a counter, or to one line when it fails."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    lines, seen = [], 0
    with subprocess.Popen(command, errors="replace", **pipes) as process:
        for line in process.stdout:
            lines.append(line.strip())
            match = re.match(r"(?:Collecting|Requirement already satisfied:) ([\w.-]+)", line)
            if match and total:
                seen += 1
                show_progress("  [{}/{}] {}".format(min(seen, total), total, match.group(1)))
            elif line.startswith("Installing collected packages"):
                show_progress("  unpacking, about a minute")
    show_progress(None)
    if process.returncode:
        raise SetupError("Set-up failed while {}: {}".format(doing, explain("\n".join(lines))))


def show_progress(text) -> None:
    """Redraw one line on a terminal; elsewhere print now and then, so that logs stay short."""
    if sys.stderr.isatty():
        sys.stderr.write("\r\033[K" + (text or ""))
    elif text and re.search(r"\[(1|\d+0)/|unpacking", text):
        sys.stderr.write(text + "\n")
    sys.stderr.flush()


def explain(output: str) -> str:
    """Find the known cause in what a command printed; without one, quote its last error line."""
    for pattern, meaning in CAUSES:
        if re.search(pattern, output):
            return meaning.format(root=ROOT)
    errors = [line for line in output.splitlines() if "error" in line.lower()] or output.splitlines() or ["no message"]
    return errors[-1].strip()


def may_install_here() -> bool:
    """Tell whether packages may be added to the running Python (PEP 668: not to one that the system manages)."""
    import sysconfig

    return not (Path(sysconfig.get_path("stdlib")) / "EXTERNALLY-MANAGED").exists()


def child_environment() -> dict:
    """Variables for a child process in which `helpers` can be imported from every folder."""
    paths = [str(ROOT)] + [path for path in [os.environ.get("PYTHONPATH")] if path]
    return dict(os.environ, PYTHONPATH=os.pathsep.join(paths))


def ensure(tests: bool = False):
    """Return the Python to run the course with, after setting up what is missing.

    Parameters
    ----------
    tests : bool
        Whether the packages of the tests are needed, too.

    Returns
    -------
    pathlib.Path or None
        A Python to hand over to, or None when the running one serves.

    Raises
    ------
    SetupError
        With one line that says what is wrong and what to do.
    """
    check_python()
    environment = Environment(ROOT / ".venv")
    inside = Path(sys.prefix).resolve() == environment.folder.resolve() and environment.note.exists()
    if not inside and not unmet(ranges()):
        if tests and unmet(ranges(tests=True)):
            if not may_install_here():
                raise SetupError(
                    "The tests need: pip install " + " ".join('"%s"' % r for r in unmet(ranges(tests=True)))
                )
            say("Adding the packages of the tests to the active environment.")
            wanted = list(unmet(ranges(tests=True)))
            pip(Path(sys.executable), wanted, len(wanted))
        return None
    if not environment.ready(tests):
        environment.make(tests)
    return None if inside else environment.python


def existing_python():
    """The Python that commands would use if nothing may be installed: for `doctor`, which only looks."""
    environment = Environment(ROOT / ".venv")
    inside = Path(sys.prefix).resolve() == environment.folder.resolve()
    return environment.python if not inside and unmet(ranges()) and environment.ready(tests=False) else None


def hand_over(python: Path) -> None:
    """Run the same command line again with another Python, in this process's place where the system allows it."""
    command = [str(python), "-m", "helpers", *sys.argv[1:]]
    sys.stderr.flush()
    if os.name == "nt":
        sys.exit(subprocess.call(command, env=child_environment()))
    os.execve(str(python), command, child_environment())
