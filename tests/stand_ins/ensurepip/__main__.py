"""Leave the notes of a pip, which itself stands beside this package."""

import sysconfig
from pathlib import Path

notes = Path(sysconfig.get_path("purelib")) / "pip-1.0.dist-info"
notes.mkdir(exist_ok=True)
for name in ("METADATA", "INSTALLER", "RECORD"):
    (notes / name).write_text("")
