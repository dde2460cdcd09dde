"""What kernels work on: one bundle of flat arrays on the device, and the places in it that only kernels know."""

from __future__ import annotations

from typing import Any, NamedTuple

# Entries of `plan`: layers, inputs, outputs, rows of data, units over all hidden layers, spans; whether targets are
# numbers; whether the batch is the first rows of x as they lie; whether dropout acts, parameters and running
# statistics move.
LAYERS, INPUTS, OUTPUTS, COUNT, UNITS, SPANS, REGRESSION, PLAIN_ROWS, DROPPING, UPDATING, PLAN = range(11)
# Entries of `rates`: multipliers of kept inputs and kept hidden units, and alpha dropout's shift.
KEEP_INPUT, KEEP, SHIFT, RATES = range(4)
# Entries of `thresholds`: bits below which an input, a hidden unit is dropped.
DROP_INPUT, DROP_HIDDEN, THRESHOLDS = range(3)
# Rows of `units`, per hidden unit: the first six as on the CPU; SLOPES: each unit's part of the slope's gradient.
RUNNING_MEAN, RUNNING_VAR, MEAN, RSTD, MEAN_DY, MEAN_DYZ, SLOPES, UNIT_ROWS = range(8)
# Columns of `ticket`, a row a step: rows of the batch, its place in the epoch, whether the step is probed.
TICKET_ROWS, TICKET_PLACE, TICKET_PROBED, TICKET = range(4)
# Columns of `spans`, pieces of the flat vector that lie in one layer: the layer, first and end.
SPAN_LAYER, SPAN_FIRST, SPAN_END, SPAN = range(4)
# Columns of `partial`, a row a span: Σ g², Σ Δw², Σ w².
GRADIENT_SQUARE, UPDATE_SQUARE, WEIGHT_SQUARE, PARTIAL = range(4)
# Columns of `report`, a row a step, after loss and hits: for each layer the norms of gradient, update and weights.
LOSS, HITS, NORMS = range(3)
# Entries of `status`: whether the run has diverged, steps done in this launch.
STOPPED, DONE, STATUS = range(3)
# Columns of `program`, a row an operation: which, on what layer, with which tile, whether all threads meet after it.
OP, LAYER, TILE, MEETS, PROGRAM = range(5)


class Net(NamedTuple):
    """Flat arrays on the device. float32 unless said; K steps of one launch, L layers, R rows of the work area."""

    x: Any  # (n · features,)
    labels: Any  # int32 (n,)
    targets: Any  # (n · outputs,)
    table: Any  # int64 (L · COLUMNS,), see engine.layout
    dials: Any  # float64, see engine.dials
    plan: Any  # int64 (PLAN,)
    rates: Any  # (RATES,)
    thresholds: Any  # uint32 (THRESHOLDS,)
    p: Any  # (P,) parameters
    g: Any  # (P,) gradient
    s1: Any  # (P,) optimizer slots
    s2: Any  # (P,)
    before: Any  # (P,) parameters before a probed step
    work: Any  # activations and deltas of one batch, see engine.layout
    units: Any  # (UNIT_ROWS · U,)
    spans: Any  # int64 (spans · SPAN,)
    partial: Any  # float64 (spans · PARTIAL,)
    rows: Any  # int64 (R,) the batch: row numbers into x
    row_loss: Any  # float64 (R,)
    row_hit: Any  # float64 (R,)
    ticket: Any  # int64 (K · TICKET,)
    coefficients: Any  # (K · (COEFFICIENTS + 1),) of the update, then AdamW's decay
    keys: Any  # uint64 (K · (L + 1),): of the epoch's shuffle, then of each layer's dropout
    report: Any  # (K · (2 + 3 L),)
    status: Any  # int64 (STATUS,)
