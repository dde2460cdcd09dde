"""The metrics of a step, left on the device until the chunk is done."""

import math

from numba import cuda

from engine.cuda.compiling import THREADS, device
from engine.cuda.net import (
    DONE,
    GRADIENT_SQUARE,
    HITS,
    LAYERS,
    LOSS,
    NORMS,
    PARTIAL,
    SPAN,
    SPAN_LAYER,
    SPANS,
    STOPPED,
    TICKET,
    TICKET_PROBED,
    TICKET_ROWS,
    UPDATE_SQUARE,
    WEIGHT_SQUARE,
)  # fmt: skip
from engine.cuda.summing import block_sum


@device
def report(net, step, cells):
    """Block 0 adds up what the others left: loss, hits and norms; tells the rest to stop if they are not finite."""
    if cuda.blockIdx.x > 0:
        return
    layers, rows = net.plan[LAYERS], net.ticket[step * TICKET + TICKET_ROWS]
    line = step * (NORMS + 3 * layers)
    loss, hits = 0.0, 0.0
    for r in range(cuda.threadIdx.x, rows, THREADS):
        loss += net.row_loss[r]
        hits += net.row_hit[r]
    loss, hits = block_sum(cells, loss) / rows, block_sum(cells, hits) / rows
    probed = net.ticket[step * TICKET + TICKET_PROBED] != 0
    total = 0.0
    begin = 0
    for layer in range(layers):
        end = begin
        while end < net.plan[SPANS] and net.spans[end * SPAN + SPAN_LAYER] == layer:
            end += 1
        square = _over_spans(net, cells, GRADIENT_SQUARE, begin, end)
        total += square
        update = _over_spans(net, cells, UPDATE_SQUARE, begin, end) if probed else math.nan
        weight = _over_spans(net, cells, WEIGHT_SQUARE, begin, end) if probed else math.nan
        if cuda.threadIdx.x == 0:
            net.report[line + NORMS + layer] = math.sqrt(square)
            net.report[line + NORMS + layers + layer] = math.sqrt(update)
            net.report[line + NORMS + 2 * layers + layer] = math.sqrt(weight)
        begin = end
    if cuda.threadIdx.x == 0:
        net.report[line + LOSS] = loss
        net.report[line + HITS] = hits
        net.status[DONE] = step + 1
        if not (math.isfinite(net.report[line + LOSS]) and math.isfinite(total)):
            net.status[STOPPED] = 1


@device
def _over_spans(net, cells, column, begin, end):
    part = 0.0
    for span in range(begin + cuda.threadIdx.x, end, THREADS):
        part += net.partial[span * PARTIAL + column]
    return block_sum(cells, part)
