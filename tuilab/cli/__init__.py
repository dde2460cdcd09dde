"""The command line: parses, calls, prints. Nothing heavy is imported before a command is known.

Exit codes: 0 done, 1 the work failed or does not hold, 2 the input is wrong, 130 interrupted.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and gives its exit code; whatever goes wrong is told in one line on stderr."""
    from tuilab.cli.parser import parse

    try:
        args = parse(sys.argv[1:] if argv is None else list(argv))
        code = args.command(args)
        sys.stdout.flush()
        return int(code)
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        deafen()
        return 1
    except Exception as error:
        if os.environ.get("TUILAB_DEBUG"):
            raise
        return _told(error)


def deafen() -> None:
    """Sends the rest of our output nowhere: who read it is gone, and the interpreter must not stumble at its end."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(nowhere, stream)


def _told(error: Exception) -> int:
    from engine.spec import SpecError
    from tuilab.datasets import DataError
    from tuilab.lab.disk import why
    from tuilab.lab.errors import LabError, one_line

    if isinstance(error, LabError | SpecError | DataError):
        print(f"tuilab: {one_line(error)}", file=sys.stderr)
        return 2
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        print(f"tuilab: {one_line(where + why(error))}", file=sys.stderr)
        return 1
    print(
        f"tuilab: unexpected {one_line(f'{type(error).__name__}: {why(error)}')} (all of it with TUILAB_DEBUG=1)",
        file=sys.stderr,
    )
    return 1
