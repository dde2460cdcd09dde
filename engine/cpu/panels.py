"""What a thread does on a matrix unit: an owner's pieces of a layer's products, panel by panel.

A kernel of its own: where there is no such unit, or no layer is large enough for it, it is neither compiled nor loaded.
"""

import numpy as np

from engine.cpu.access import plan
from engine.cpu.amx import close_tiles, open_tiles
from engine.cpu.frame import Kernel, float_address
from engine.cpu.pieces import BACKWARD, KEEP, WEIGHTS, next_piece
from engine.cpu.split import pack, pack_panel, panel_product, panels, split_gradient
from engine.cpu.state import KEPT, PACKED, PACKED_SIZE


def _multiply_panels(s, thread, kind, layer, owner, shared, factor, factor_step, rows, fan_in, fan_out, w, out, step):
    """What is left of the pieces of `owner`, or a gradient: see `engine.cpu.split` and `engine.cpu.products`.

    FORWARD: out = factor·W, BACKWARD: out = factor·Wᵀ. KEEP: packs D, the factor, then WEIGHTS: out = factorᵀ·D. Rows
    of the factor (rows, …) are `factor_step` floats apart, those of `out` `step`.
    """
    open_tiles()
    start, end = thread * plan(s, PACKED_SIZE), (thread + 1) * plan(s, PACKED_SIZE)
    first = start + plan(s, KEPT)
    kept, panel = float_address(s, PACKED, start), float_address(s, PACKED, first)
    no = np.int64(0)
    if kind == KEEP:
        pack(factor, factor_step, fan_out, rows, no, no, kept, no)
    elif kind == WEIGHTS:
        split_gradient(kept, panel, factor, out, rows, factor_step, fan_in, fan_out)
    else:
        spare = float_address(s, PACKED, first + (end - first) // 2)
        back = np.int64(kind == BACKWARD)
        pieces = panels(fan_in if back else fan_out)
        piece = next_piece(s, kind, layer, owner, np.int64(-1), shared)
        if piece < pieces:  # only now the factor is there
            pack(factor, factor_step, rows, fan_out if back else fan_in, no + 1, 1 - back, kept, no)
            pack_panel(back, w, fan_in, fan_out, piece, panel, no)
        while piece < pieces:  # claimed while the one before is done, to be packed meanwhile
            following = next_piece(s, kind, layer, owner, piece, shared)
            more = following if following < pieces else np.int64(-1)
            panel_product(back, kept, panel, w, out, step, rows, fan_in, fan_out, piece, more, spare)
            panel, spare, piece = spare, panel, following
    close_tiles()


multiply_panels = Kernel(_multiply_panels)
