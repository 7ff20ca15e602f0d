"""``python3 -m helpers COMMAND``: see `helpers.course.commands`."""

import sys

from helpers.course import interrupts

if __name__ == "__main__":
    interrupts.one_line_for_interrupts()
    from helpers.course.commands import main

    sys.exit(main())
