"""``python3 -m helpers COMMAND``: see `helpers.course.commands`."""

import os
import sys

if sys.version_info < (3, 9):  # which cannot read the rest; whoever can says it in `bootstrap.check_python`
    sys.exit("This Python is too old: the course needs 3.11 or newer. Get it from https://www.python.org/downloads/")

if not __package__:  # `python3 helpers` puts this folder first, and needs the one in which it lies
    sys.path[0] = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - loads nothing
    import helpers  # noqa: F401

    sys.path.append(sys.path.pop(0))  # as `helpers` does: a learner's json.py must not stand for Python's

from helpers.course import interrupts  # noqa: E402

if __name__ == "__main__":
    interrupts.one_line_for_interrupts()
    from helpers.course.commands import main

    sys.exit(main())
