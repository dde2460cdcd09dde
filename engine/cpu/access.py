"""Short names for parts of a state, for compiled code: a layer's row of the table, vectors per unit, dials."""

from numba import types

from engine.cpu.frame import entry_reader, floats, numbers
from engine.cpu.state import DIALS, PER_UNIT, PLAN_SLOT, TABLE, UNITS
from engine.jit import formula
from engine.layout import COLUMNS

plan = entry_reader(types.int64, PLAN_SLOT)  # (s, entry) → an entry of the plan
dial = entry_reader(types.float64, DIALS)  # (s, place) → the value of a dial


@formula
def layer_row(s, layer):
    """The row (COLUMNS,) of the layer table."""
    return numbers(s, TABLE)[layer * COLUMNS : (layer + 1) * COLUMNS]


@formula
def unit_vector(s, row, place, count):
    """`count` entries of row `row` of the per-unit vectors, from unit `place` on."""
    start = row * plan(s, UNITS) + place
    return floats(s, PER_UNIT)[start : start + count]
