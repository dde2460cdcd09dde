"""How many steps to do at once: few enough that a pause acts soon, enough that the calls cost nothing."""

from __future__ import annotations

CHUNK_S = 0.03  # a pause has to act within 0.05 s, and one chunk may take longer than foreseen
_GROWTH = 4  # of a chunk over the one before, at most
_MOST = 1_000_000
_SMOOTHING_S = 0.5


class Pace:
    """Chunk sizes that take about `chunk_s` seconds each, and the smoothed rate in steps a second."""

    def __init__(self, chunk_s: float = CHUNK_S):
        self.chunk_s = chunk_s
        self.rate = 0.0
        self._chunk = 1

    @property
    def chunk(self) -> int:
        """Steps to do next."""
        return self._chunk

    def took(self, steps: int, seconds: float) -> None:
        """Tells how long a chunk took."""
        if steps <= 0:
            return
        seconds = max(seconds, 1e-7)
        now = steps / seconds
        weight = min(1.0, seconds / _SMOOTHING_S) if self.rate else 1.0
        self.rate += weight * (now - self.rate)
        wanted = int(min(now, 4 * self.rate) * self.chunk_s)
        self._chunk = max(1, min(wanted, _GROWTH * self._chunk, _MOST))

    def rest(self) -> None:
        """Forgets the rate when nothing runs; the chunk size stays."""
        self.rate = 0.0
