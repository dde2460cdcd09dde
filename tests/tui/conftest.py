"""What every test of the screen runs under."""

from __future__ import annotations

import pytest
from textual.widgets import Input


@pytest.fixture(autouse=True)
def cursors_stand_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """One that blinks is in a picture or not by how fast the machine is."""
    monkeypatch.setattr(Input, "_toggle_cursor", lambda field: None)
