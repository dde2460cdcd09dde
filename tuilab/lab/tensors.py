"""Arrays and what is known of them in one safetensors file: no pickle, and readable by every other framework."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab.disk import finite_json, read_inside, why
from tuilab.lab.errors import RunError

if TYPE_CHECKING:
    import numpy as np

MAX_BYTES = 8 * 2**30
_KEY = "tuilab"  # of the header's metadata, which holds text only


def get_ready() -> None:
    """Loads what packing needs, which takes longer than to pack."""
    import safetensors.numpy  # noqa: F401


def pack(arrays: Mapping[str, np.ndarray], meta: Mapping[str, Any]) -> bytes:
    """The bytes of a safetensors file with `arrays` and, as JSON in its header, `meta`."""
    import numpy as np
    from safetensors.numpy import save

    whole = {name: np.ascontiguousarray(array) for name, array in arrays.items()}
    return save(whole, metadata={_KEY: json.dumps(meta, allow_nan=False)})


def unpack(path: Path) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """(arrays, meta) of the file at `path`; raises RunError in one line if it is not such a file."""
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        data = read_inside(path, MAX_BYTES)
        arrays = load(data)
        header = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])
        meta = finite_json(header.get("__metadata__", {}).get(_KEY, "{}"))
    except (OSError, SafetensorError, ValueError, KeyError, AttributeError, TypeError, RecursionError) as error:
        raise RunError(f"{path}: {why(error)}, expected a safetensors file of this lab") from None
    if not isinstance(meta, dict):
        raise RunError(f"{path}: found no table in its header, expected a safetensors file of this lab")
    return arrays, meta
