"""Set up a notebook on Google Colab, where every notebook has a machine of its own. Called by its first cell."""

from __future__ import annotations

import importlib
import subprocess
import sys
import tempfile
from importlib import metadata
from pathlib import Path

from helpers.course import bootstrap

SERVERS = ("jupyterlab", "voila")  # Colab is one itself


def here() -> bool:
    """Whether this is a notebook on Colab."""
    return "google.colab" in sys.modules


def needed() -> list[str]:
    """Requirements of the notebooks, such as ``"numpy>=2.1,<3"``."""
    return [need for need in bootstrap.ranges() if _name(need) not in SERVERS]


def install() -> None:
    """Install what the notebooks need and this Python lacks, so that it can be imported without a restart.

    A package that is imported already keeps its release. `OSError` when pip fails; what it said stands above.
    """
    loaded = _loaded()
    wanted = [need for need in bootstrap.unmet(needed()) if bootstrap.normalized(_name(need)) not in loaded]
    if not wanted:
        return
    print(f"Installing {', '.join(map(_name, wanted))}: a minute, once a session.")
    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder, "kept.txt")
        kept.write_text("".join(f"{name}=={version}\n" for name, version in loaded.items()), encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if subprocess.run([*command, "--constraint", str(kept), *wanted], check=False).returncode:
            raise OSError("pip could not install what the course needs; its output is above.")
    importlib.invalidate_caches()


def _name(need: str) -> str:
    return bootstrap.name_and_bounds(need)[0]


def _loaded() -> dict[str, str]:
    """Installed packages of which a module has been imported, and their versions."""
    owners = metadata.packages_distributions()
    names = {owner for module in list(sys.modules) if "." not in module for owner in owners.get(module, [])}
    return {bootstrap.normalized(name): metadata.version(name) for name in sorted(names)}


if __name__ == "__main__":
    install()
