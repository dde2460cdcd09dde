"""What a step consists of, as rows that the kernel reads: a dial that is turned writes others, nothing is compiled."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from engine.cuda.compiling import TILES
from engine.cuda.net import PROGRAM
from engine.spec import Recipe

(
    GATHER, FORWARD, NORMALISE, OUTPUT, BACK_NORM, DELTA, GRADIENT, UNIT_GRADIENTS, MEASURE, UPDATE, LIMIT, MOVED,
    REPORT,
) = range(13)  # fmt: skip
#: Operations of a step at most, for each layer (and as many again).
LONGEST = 8


def program(
    widths: tuple[int, ...], rows: int, blocks: int, recipe: Recipe, *, backward: bool = True, updating: bool = True,
    probing: bool = False,
) -> NDArray[np.int64]:  # fmt: skip
    """The operations of one step (n, PROGRAM), for batches of `rows` rows on `blocks` blocks."""
    last = len(widths) - 2
    ops: list[tuple[int, int, int, int]] = []

    def put(op: int, layer: int = 0, shape: tuple[int, int] = (0, 0), meets: bool = True) -> None:
        ops.append((op, layer, best_tile(*shape, blocks), meets))

    put(GATHER)
    for layer in range(last + 1):
        put(FORWARD, layer, (rows, widths[layer + 1]))
        if recipe.batch_norm and layer < last:
            put(NORMALISE, layer)
    if backward:
        put(OUTPUT)
        for layer in range(last, -1, -1):
            if recipe.batch_norm and layer < last:
                put(BACK_NORM, layer)
            if layer > 0:
                put(DELTA, layer, (rows, widths[layer]), meets=False)
            put(GRADIENT, layer, (widths[layer], widths[layer + 1]), meets=False)
            put(UNIT_GRADIENTS, layer)
        put(MEASURE)
    if updating:
        put(UPDATE)
        if recipe.max_norm > 0.0:
            for layer in range(last + 1):
                put(LIMIT, layer, meets=layer == last)
        if probing:
            put(MOVED)
        put(REPORT, meets=False)  # the next step's first operation touches nothing of what this one reads
    return np.array(ops, np.int64).reshape(-1, PROGRAM)


def best_tile(rows: int, columns: int, blocks: int) -> int:
    """The largest tile of which there are whole ones for every block; the smallest if there are not."""
    for number in range(len(TILES) - 1, 0, -1):
        tile = TILES[number]
        there_are = (rows // tile.down) * (columns // tile.across)
        if there_are >= blocks:
            return number
    return 0


def most_tiles(widths: tuple[int, ...], rows: int) -> int:
    """Small tiles of the operations between two meetings that have the most of them."""
    tile = TILES[0]
    batch = -(-rows // tile.down)
    return max(
        -(-m // tile.across) * batch + -(-n // tile.down) * -(-m // tile.across) for n, m in pairwise(widths)
    )  # fmt: skip
