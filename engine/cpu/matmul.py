"""The three matrix products of a layer, row-major: register tiles for most, BLAS for wide layers, loops for slim ones.

A processor with a matrix unit has the larger ones done there, see `engine.cpu.split`.

A batch is flat: a few dozen rows. BLAS first packs both sides for a product that then takes each packed number only a
few times; the tiles read what lies there, and pack one narrow panel at a time where it is used often enough.
"""

import numpy as np

from engine.cpu.blas import sgemm
from engine.cpu.tile import (
    BLOCK,
    COLUMNS,
    DEPTH,
    HALF,
    ROWS,
    WIDER,
    across1,
    across2,
    across_half,
    across_wider,
    block_scratch,
    copy_floats,
    down1,
    down2,
    down_half,
    down_wider,
    pack1,
    pack2,
    pack_half,
    pack_wider,
    read_float,
    scratch,
    turn8,
    write_float,
)
from engine.cpu.vectors import LANES
from engine.jit import inner, inner_sum

FLOAT = 4  # bytes
#: Rows from which on it pays to pack the panel that they all read.
WORTH_PACKING = 40
#: Multiplications for which a BLAS call takes less time than loops over fewer columns than a vector has lanes.
WORTH_A_CALL = 4096
#: Weights and rows from which on BLAS, which packs both sides, is faster than the tiles.
WIDE, TALL = (1 << 18, 192) if LANES == 16 else (1 << 17, 0)
#: Rows of A so many floats apart fall on the same few lines of a first-level cache and drive each other out: a block of
#: at most LONGEST columns is copied first.
ALIASED, LONGEST = 256, 128
_N, _T = np.int8(ord("N")), np.int8(ord("T"))


@inner
def for_blas(rows, fan_in, fan_out, columns):
    """Whether BLAS takes a product with so many columns."""
    return (fan_in * fan_out >= WIDE and rows >= TALL) or (columns < LANES and rows * fan_in * fan_out > WORTH_A_CALL)


@inner
def _panel(c, columns):
    """(first column, width) of the panel at column `c`: the last one may reach back over columns done before."""
    rest = columns - c
    width = LANES if rest > HALF and columns >= LANES else HALF
    width = COLUMNS if rest > LANES and columns >= COLUMNS else width
    width = WIDER if COLUMNS < rest <= WIDER and columns >= WIDER else width
    return min(c, columns - width), width


@inner
def forward_product(blas, a, step, w, z, rows, fan_in, fan_out, columns):
    """The first `columns` of Z (rows, fan_out) = A (rows, fan_in), its rows `step` apart, · W (fan_in, fan_out)."""
    if for_blas(rows, fan_in, fan_out, columns):
        sgemm(blas, _N, _N, columns, rows, fan_in, w, fan_out, a, step, z, fan_out)
        return
    if columns < HALF:
        _slim(a, step, 1, w, fan_out, 1, z, fan_out, rows, columns, fan_in)
        return
    panel = scratch()
    packed = rows >= WORTH_PACKING or fan_out % 32 == 0
    at = np.int64(0)
    while at < columns:
        c, width = _panel(at, columns)
        for k in range(0, fan_in, DEPTH):
            depth = min(DEPTH, fan_in - k)
            b, ldb = w + FLOAT * (k * fan_out + c), fan_out
            if packed:
                _pack(b, ldb, panel, depth, width)
                b, ldb = panel, width
            _across(width, rows, a + FLOAT * k, step, b, ldb, z + FLOAT * c, fan_out, depth, k)
        at = c + width


@inner
def backward_product(blas, d, w, out, step, rows, fan_in, fan_out):
    """out (rows, fan_in), its rows `step` apart, = D (rows, fan_out) · Wᵀ, W (fan_in, fan_out)."""
    if for_blas(rows, fan_in, fan_out, fan_in):
        sgemm(blas, _T, _N, fan_in, rows, fan_out, w, fan_out, d, fan_out, out, step)
        return
    if fan_in < HALF:
        _slim(d, fan_out, 1, w, 1, fan_out, out, step, rows, fan_in, fan_out)
        return
    panel = scratch()
    at = np.int64(0)
    while at < fan_in:
        c, width = _panel(at, fan_in)
        for k in range(0, fan_out, DEPTH):
            depth = min(DEPTH, fan_out - k)
            _turn(w + FLOAT * (c * fan_out + k), fan_out, panel, depth, width)
            _across(width, rows, d + FLOAT * k, fan_out, panel, width, out + FLOAT * c, step, depth, k)
        at = c + width


@inner
def gradient_product(blas, a, d, g, rows, step, fan_out, first, last):
    """G (last − first, fan_out) = rows `first` to `last` of Aᵀ, times D (rows, fan_out); rows of A `step` apart."""
    count = last - first
    a += FLOAT * first
    if for_blas(rows, count, fan_out, fan_out):
        sgemm(blas, _N, _T, fan_out, count, rows, d, fan_out, a, step, g, fan_out)
        return
    if fan_out < HALF:
        _slim(a, 1, step, d, fan_out, 1, g, fan_out, count, fan_out, rows)
        return
    if step % ALIASED == 0 and count <= LONGEST and rows <= DEPTH:
        block = block_scratch()
        for r in range(rows):
            copy_floats(a + FLOAT * r * step, block + FLOAT * r * BLOCK, count)
        a, step = block, BLOCK
    panel = scratch()
    packed = count >= WORTH_PACKING
    at = np.int64(0)
    while at < fan_out:
        c, width = _panel(at, fan_out)
        for r in range(0, rows, DEPTH):
            depth = min(DEPTH, rows - r)
            b, ldb = d + FLOAT * (r * fan_out + c), fan_out
            if packed:
                _pack(b, ldb, panel, depth, width)
                b, ldb = panel, width
            _down(width, count, a + FLOAT * r * step, step, b, ldb, g + FLOAT * c, fan_out, depth, r)
        at = c + width


@inner
def _across(width, rows, a, lda, b, ldb, c, ldc, depth, add):
    """Tiles over all rows, of nearly equal height."""
    tiles = (rows + ROWS - 1) // ROWS
    for i in range(tiles):
        lo, hi = rows * i // tiles, rows * (i + 1) // tiles
        if width == WIDER:
            across_wider(hi - lo, a + FLOAT * lo * lda, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)
        elif width == COLUMNS:
            across2(hi - lo, a + FLOAT * lo * lda, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)
        elif width == LANES:
            across1(hi - lo, a + FLOAT * lo * lda, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)
        else:
            across_half(hi - lo, a + FLOAT * lo * lda, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)


@inner
def _down(width, rows, a, lda, b, ldb, c, ldc, depth, add):
    tiles = (rows + ROWS - 1) // ROWS
    for i in range(tiles):
        lo, hi = rows * i // tiles, rows * (i + 1) // tiles
        if width == WIDER:
            down_wider(hi - lo, a + FLOAT * lo, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)
        elif width == COLUMNS:
            down2(hi - lo, a + FLOAT * lo, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)
        elif width == LANES:
            down1(hi - lo, a + FLOAT * lo, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)
        else:
            down_half(hi - lo, a + FLOAT * lo, lda, b, ldb, c + FLOAT * lo * ldc, ldc, depth, add)


@inner
def _pack(source, step, panel, depth, width):
    if width == WIDER:
        pack_wider(source, step, panel, depth)
    elif width == COLUMNS:
        pack2(source, step, panel, depth)
    elif width == LANES:
        pack1(source, step, panel, depth)
    else:
        pack_half(source, step, panel, depth)


@inner
def _turn(source, step, panel, depth, width):
    """The panel (depth, width) becomes the transpose of `width` rows at `source`."""
    whole = depth // 8 * 8 if width % 8 == 0 else 0
    for k in range(0, whole, 8):
        for c in range(0, width, 8):
            turn8(source + FLOAT * (c * step + k), step, panel + FLOAT * (k * width + c), width)
    for k in range(whole, depth):
        for c in range(width):
            write_float(panel + FLOAT * (k * width + c), read_float(source + FLOAT * (c * step + k)))


@inner_sum
def _slim(a, a_row, a_step, b, b_step, b_column, c, c_row, rows, columns, depth):
    """C (rows, columns) = A·B for fewer columns than half a vector has lanes, with free strides."""
    for r in range(rows):
        for j in range(columns):
            total = np.float32(0.0)
            for k in range(depth):
                one = read_float(a + FLOAT * (r * a_row + k * a_step))
                total += one * read_float(b + FLOAT * (k * b_step + j * b_column))
            write_float(c + FLOAT * (r * c_row + j), total)
