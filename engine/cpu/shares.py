"""Who does what in a step, and where threads meet.

A step goes up through all layers and down again, three parts a layer, each at a position of its own. A thread has a
share of the batch's rows, and no row needs another: it runs all positions at once. Two things make threads meet on the
way. Batch norm merges the statistics of the units. And a large layer is cut by its inputs: all rows, but only those
inputs whose weights the thread also updates, so that no weight goes from one core's cache to another's.
"""

from engine.cpu.access import dial, layer_row, plan
from engine.cpu.matrix_unit import is_split
from engine.cpu.state import LAYERS, PANELS, ROWS, SHARED, THREADS, is_large, is_shared, tile_rows
from engine.dials import BATCH_NORM
from engine.jit import inner
from engine.layout import FAN_IN, FAN_OUT, A

#: Upwards: the layer's input, its product with W, the product complete. Downwards: the gradient at the activation's
#: input, at Z, at the layer's input.
ENTER, MULTIPLY, COLLECT, LEAVE, UNNORM, RETURN = range(6)


@inner
def share(s, thread):
    """The rows (lo, hi excluded) of the batch that belong to `thread`."""
    rows, threads = plan(s, ROWS), plan(s, THREADS)
    return rows * thread // threads, rows * (thread + 1) // threads


@inner
def place_in_step(s, position):
    """(layer, part) at a position of the step: all layers upwards, then all of them downwards, three parts each."""
    turn, layers = position // 3, plan(s, LAYERS)
    return (turn, position % 3) if turn < layers else (2 * layers - 1 - turn, 3 + position % 3)


_large, _shared, _tile_rows, _split = inner(is_large), inner(is_shared), inner(tile_rows), inner(is_split)


@inner
def is_large_layer(s, t):
    """Whether threads cut the layer with row `t` of the table by its inputs."""
    return _large(t[FAN_IN], t[FAN_OUT], plan(s, THREADS))


@inner
def is_shared_layer(s, t):
    """Whether threads take pieces of the layer with row `t` of the table from one another."""
    return plan(s, SHARED) != 0 and _shared(t[FAN_IN], t[FAN_OUT], plan(s, THREADS))


@inner
def by_matrix_unit(s, rows, fan_in, fan_out):
    """Whether a matrix unit does the products of so many rows with (fan_in, fan_out) weights."""
    return plan(s, PANELS) != 0 and _split(rows, fan_in, fan_out)


@inner
def rows_of_tile(s, t, inputs):
    """Inputs of a gradient tile of the layer with row `t` of the table, whose owner has so many `inputs`.

    It depends on the batch at hand and on nothing that came before: the tiles' norms are added up one by one.
    """
    return _tile_rows(t[FAN_IN], t[FAN_OUT], by_matrix_unit(s, plan(s, ROWS), inputs, t[FAN_OUT]))


@inner
def must_meet(s, position):
    """Whether what follows `position` needs what other threads did up to it."""
    layer, part = place_in_step(s, position)
    normed = dial(s, BATCH_NORM) != 0.0 and layer < plan(s, LAYERS) - 1
    if part in (COLLECT, LEAVE):
        return normed
    if part == MULTIPLY:
        return is_large_layer(s, layer_row(s, layer))
    return layer > 0 and is_large_layer(s, layer_row(s, layer))


@inner
def thread_inputs(s, thread, layer):
    """The inputs (first, end excluded) whose weights `thread` updates: (place, step, first, end).

    They lie from `place` of the work area on, one row of the batch `step` floats after the other.
    """
    n, threads = layer_row(s, layer)[FAN_IN], plan(s, THREADS)
    first, end = n * thread // threads, n * (thread + 1) // threads
    if layer > 0:
        return layer_row(s, layer - 1)[A] + first, n, first, end
    if is_large_layer(s, layer_row(s, 0)):
        # a piece of its own: in rows that threads share, one core fetches ahead what another is about to write
        return plan(s, ROWS) * first, end - first, first, end
    return first, n, first, end
