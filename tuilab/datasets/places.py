"""Where data that does not come with the package is kept: TUILAB_DATA, or the platform's place for a user's data."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_data_path


def data_folder() -> Path:
    """The folder that holds one folder for each fetched or imported set."""
    given = os.environ.get("TUILAB_DATA")
    return Path(given).expanduser() if given else user_data_path("tuilab", appauthor=False) / "data"
