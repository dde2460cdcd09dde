"""The one kernel: it walks through steps and operations, and all threads of the grid meet where results are needed."""

from numba import cuda, float32, float64

from engine.cuda.backward import back_through_norm, unit_gradients
from engine.cuda.compiling import THREADS, TILE_CELLS, device, kernel
from engine.cuda.forward import gather, normalise, output
from engine.cuda.net import LAYER, MEETS, OP, PROGRAM, STOPPED, TILE
from engine.cuda.product import DELTA as DELTA_PRODUCT
from engine.cuda.product import FORWARD as FORWARD_PRODUCT
from engine.cuda.product import GRADIENT as GRADIENT_PRODUCT
from engine.cuda.product import product
from engine.cuda.program import (
    BACK_NORM,
    DELTA,
    FORWARD,
    GATHER,
    GRADIENT,
    LIMIT,
    MEASURE,
    MOVED,
    NORMALISE,
    OUTPUT,
    UNIT_GRADIENTS,
    UPDATE,
)
from engine.cuda.report import report
from engine.cuda.update import limit_norms, measure, moved, update


@device
def _perform(net, step, op, layer, tile, cells, pads):
    if op in (FORWARD, DELTA, GRADIENT):
        kind = FORWARD_PRODUCT if op == FORWARD else DELTA_PRODUCT if op == DELTA else GRADIENT_PRODUCT
        product(net, step, kind, layer, tile, pads)
    elif op == GATHER:
        gather(net, step)
    elif op == NORMALISE:
        normalise(net, step, layer, cells)
    elif op == OUTPUT:
        output(net, step)
    elif op == BACK_NORM:
        back_through_norm(net, step, layer, cells)
    elif op == UNIT_GRADIENTS:
        unit_gradients(net, step, layer, cells)
    elif op == MEASURE:
        measure(net, cells)
    elif op == UPDATE:
        update(net, step, cells)
    elif op == LIMIT:
        limit_norms(net, layer, cells)
    elif op == MOVED:
        moved(net, step, cells)
    else:
        report(net, step, cells)


def run_steps(net, program, steps_from, steps_to, first, end):
    """Operations `first` to `end` (excluded) of the program, for each of the steps; stops after one that diverged.

    With one operation of one step no threads need to meet, and any number of blocks will do; with more, all blocks
    must be on the device at once.
    """
    cells = cuda.shared.array(THREADS, float64)
    xs = cuda.shared.array(TILE_CELLS, float32)
    ys = cuda.shared.array(TILE_CELLS, float32)
    pads = xs, ys
    grid = cuda.cg.this_grid()
    alone = cuda.gridDim.x == 1
    if net.status[STOPPED] != 0:
        return
    for step in range(steps_from, steps_to):
        for at in range(first, end):
            row = at * PROGRAM
            _perform(net, step, program[row + OP], program[row + LAYER], program[row + TILE], cells, pads)
            if end - first > 1 and program[row + MEETS] != 0:
                if alone:
                    cuda.syncthreads()
                else:
                    grid.sync()
            if net.status[STOPPED] != 0 and program[row + OP] == GATHER:
                return


launch = kernel(run_steps)
