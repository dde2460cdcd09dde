"""The three matrix products of a layer on a matrix unit: `engine.cpu.amx`, on numbers as in `engine.cpu.parts`.

Each has a factor that is packed once and kept, because all panels need it, and one that is packed panel by panel, 32
rows or columns, where it is used. Z = A·W keeps A, G = AᵀD keeps D. The gradient at the input is calculated as its
transpose, W·Dᵀ, and keeps Dᵀ: it is the smaller of the two factors, and turning it costs less than turning W. Each
panel of W but the first is packed while the unit multiplies with the one before.

All arguments are int64, flags too: numba compiles a function anew for every literal that it is called with.
"""

import numpy as np

from engine.cpu.amx import multiply, multiply_and_pack
from engine.cpu.matrix_unit import DEEP, PANEL, PARTS, SIDE
from engine.cpu.parts import pack_tile, pack_turned_tile, write_tile, write_turned_tile
from engine.cpu.tile import scratch
from engine.jit import inner

FLOAT = 4  # bytes
GROUP = FLOAT * PARTS  # bytes of a block's parts of one group


@inner
def groups(depth):
    """Groups of a block."""
    return (depth + DEEP - 1) // DEEP


@inner
def panels(count):
    """Panels of `count` rows or columns."""
    return (count + PANEL - 1) // PANEL


@inner
def pack(source, step, count, depth, by_rows, left, target, begin):
    """The blocks of a factor from group `begin` on: of `count` rows of floats, or else of `count` columns.

    The common dimension is `depth`, rows are `step` apart. A left factor's rows are packed as they lie, and so are a
    right one's columns. The rows of a right factor, which is a transpose, and the columns of a left one are turned.
    """
    along, across = (1, step) if by_rows else (step, 1)
    second, all_groups = FLOAT * SIDE * along, groups(depth)
    for b in range(0, count, SIDE):
        size = min(SIDE, count - b)
        for group in range(begin, all_groups):
            k = group * DEEP
            place, to = source + FLOAT * (b * across + k * along), target + GROUP * (b // SIDE * all_groups + group)
            deep, more = min(SIDE, depth - k), max(0, min(SIDE, depth - k - SIDE))
            rows0, columns0, rows1, columns1 = (size, deep, size, more) if by_rows else (deep, size, more, size)
            if left == by_rows:
                pack_tile(place, place + second, step, to, rows0, columns0, rows1, columns1)
            else:
                pack_turned_tile(place, place + second, step, to, rows0, columns0, rows1, columns1)


@inner
def pack_panel(back, w, fan_in, fan_out, piece, panel, begin):
    """Packs 32 columns of W (fan_in, fan_out), or with `back` 32 rows, from group `begin` on."""
    first = piece * PANEL
    wide, long = (fan_in, fan_out) if back else (fan_out, fan_in)
    source = w + FLOAT * first * (fan_out if back else 1)
    pack(source, fan_out, min(PANEL, wide - first), long, back, back, panel, begin)


@inner
def panel_product(back, kept, panel, w, out, step, rows, fan_in, fan_out, piece, following, spare):
    """A piece's 32 columns of A·W, out (rows, fan_out), or with `back` of D·Wᵀ, out (rows, fan_in); rows `step` apart.

    The blocks of A's rows, or D's, are in `kept`, those of the piece in `panel`. Those of the piece `following`, if it
    is not negative, are packed at `spare`.
    """
    wide, long = (fan_in, fan_out) if back else (fan_out, fan_in)
    across, along = FLOAT * SIDE, FLOAT * SIDE * fan_out  # bytes from one block of W to the next
    second, other = (across, along) if back else (along, across)
    c, after = piece * PANEL, following * PANEL
    source = w + FLOAT * after * (fan_out if back else 1)
    begin = long // DEEP if following >= 0 and wide - after >= PANEL else 0
    _multiply_all(kept, rows, panel, min(PANEL, wide - c), groups(long), 1 - back, out + FLOAT * c, step, step, back,
                  begin, source, second, other, fan_out, spare)  # fmt: skip
    if following >= 0:
        pack_panel(back, w, fan_in, fan_out, following, spare, begin)


@inner
def split_gradient(kept, panel, a, g, rows, step, count, fan_out):
    """G (count, fan_out) = AᵀD, A (rows, count), its rows `step` apart, with the blocks of D's columns in `kept`."""
    no, yes = np.int64(0), np.int64(1)
    for i in range(0, count, PANEL):
        size = min(PANEL, count - i)
        pack(a + FLOAT * i, step, size, rows, no, yes, panel, no)
        out = g + FLOAT * i * fan_out
        _multiply_all(kept, fan_out, panel, size, groups(rows), no, out, yes, fan_out, no, no, no, no, no, no, no)


@inner
def _multiply_all(kept, count, panel, size, depth, kept_left, out, along, step, turn,
                  begin, source, second, other, apart, spare):  # fmt: skip
    """All `count` rows or columns in `kept`, the left factor or the right one, times the `size` of a panel.

    To `out`, rows `step` floats apart, or with `turn` their transpose; `along` floats from one row or column of `kept`
    to the next. `begin` groups of another panel are packed meanwhile, see `engine.cpu.amx.multiply_and_pack`.
    """
    sums = scratch()
    for r in range(0, count, PANEL):
        mine = kept + GROUP * depth * (r // SIDE)
        left, right = (mine, panel) if kept_left else (panel, mine)
        part = min(PANEL, count - r)
        rows, columns = (part, size) if kept_left else (size, part)
        place = out + FLOAT * along * r
        direct = not turn and rows == PANEL and columns == PANEL
        target, target_step = (place, step) if direct else (sums, PANEL)
        if r == 0 and begin > 0:
            multiply_and_pack(left, right, depth, target, target_step, begin, source, second, other, apart, spare)
        else:
            multiply(left, right, depth, target, target_step)
        if not direct:
            _put(sums, rows, columns, place, step, turn)


@inner
def _put(sums, rows, columns, out, step, turn):
    """The first `rows` × `columns` of 32 × 32 sums to `out`, or with `turn` their transpose; rows `step` apart."""
    for r in range(0, rows, SIDE):
        for c in range(0, columns, SIDE):
            source, height, width = sums + FLOAT * (r * PANEL + c), min(SIDE, rows - r), min(SIDE, columns - c)
            if turn:
                write_turned_tile(source, PANEL, out + FLOAT * (c * step + r), step, height, width)
            else:
                write_tile(source, PANEL, out + FLOAT * (r * step + c), step, height, width)
