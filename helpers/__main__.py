"""``python3 -m helpers COMMAND``: see `helpers.course.commands`."""

import sys

from helpers.course import guard

if __name__ == "__main__":
    guard.one_line_for_interrupts()
    from helpers.course.commands import main

    sys.exit(main())
