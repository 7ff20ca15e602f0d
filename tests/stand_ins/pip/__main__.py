"""Install each ``name==version`` of a requirements file as pip does: files, then INSTALLER, then RECORD.

What the tests steer and see: ``STAND_IN`` names a folder. There, ``log`` lists what was installed; a file ``stop-NAME``
makes the install of that package wait, after half its files, as long as it lies there (``stopped`` says who waits);
``refuse`` makes every install fail with its text. Two pips in one environment at a time are told in ``overlap``.
"""

import contextlib
import os
import re
import shutil
import sys
import sysconfig
import time
from pathlib import Path

desk = Path(os.environ["STAND_IN"])
site = Path(sysconfig.get_path("purelib"))


def install(name, version):
    notes = site / "{}-{}.dist-info".format(name.replace("-", "_"), version)
    if notes.exists():
        print("Requirement already satisfied:", name)
        return
    print("Collecting", name, flush=True)
    for older in site.glob(name.replace("-", "_") + "-*.dist-info"):
        shutil.rmtree(older)
    folder = site / name.replace("-", "_")
    files = [folder / "__init__.py", folder / "part" / "__init__.py", notes / "METADATA"]
    notes.mkdir()
    (folder / "part").mkdir(parents=True, exist_ok=True)
    record = "".join(f"{file.relative_to(site).as_posix()},sha256=x,0\n" for file in files)
    for file in files:
        file.write_text("")
        if file == files[0] and (desk / ("stop-" + name)).exists():
            (notes / "RECORD").write_text(record)
            (desk / "stopped").write_text(str(os.getpid()))
            while (desk / ("stop-" + name)).exists():
                time.sleep(0.02)
    (notes / "INSTALLER").write_text("pip\n")
    (notes / "RECORD").write_text(record)
    with (desk / "log").open("a") as log:
        log.write(name + "\n")


@contextlib.contextmanager
def alone():
    """Fail if another pip is at work in this environment; that one's death counts as its end."""
    if os.name == "nt":
        yield
        return
    import fcntl

    with (site / "busy").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            (desk / "overlap").write_text("two at once")
            raise
        yield


with (desk / "arguments").open("a") as arguments:
    arguments.write(" ".join(sys.argv[1:]) + "\n")
if (desk / "refuse").exists():
    print((desk / "refuse").read_text())
    sys.exit(1)
with alone():
    wanted = Path(sys.argv[sys.argv.index("-r") + 1]).read_text(encoding="utf-8")
    for package in re.findall(r"(?m)^([\w.-]+)==([^\s;\\]+)", wanted):
        install(*package)
