"""What can be typed: the commands, their options, and one line for what cannot."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

from engine.spec import nearest
from tuilab import __version__
from tuilab.lab.errors import one_line

_EPILOG = """\
Without a command tuilab opens the lab:  tuilab [PRESET|RUN]
A PRESET is the name of a shipped one (tuilab presets), a TOML file or a run folder; a RUN is a run folder.
Exit codes: 0 done, 1 the work failed or a claim does not hold, 2 the input is wrong,
130 interrupted (what was done is saved)."""


class _Parser(argparse.ArgumentParser):
    """One line for a mistake, where argparse prints the usage as well."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: {one_line(message)} (see {self.prog} --help)\n")


def parse(argv: list[str]) -> argparse.Namespace:
    """The options in `argv`, with the function to call as `command`; exits with code 2 on a mistake."""
    first = argv[0] if argv else ""
    if first in COMMANDS or first in ("-h", "--help", "--version"):
        return _commands().parse_args(argv)
    parser = _opening()
    args, more = parser.parse_known_args(argv)
    if more and args.ref and not more[0].startswith("-"):
        parser.error(f"{args.ref}: no such command, allowed: {', '.join(COMMANDS)}{nearest(args.ref, COMMANDS)}")
    return parser.parse_args(argv)


def _later(name: str) -> Callable[[argparse.Namespace], int]:
    """The command function `module.function`, imported when it is called."""
    module, _, function = name.partition(".")

    def call(args: argparse.Namespace) -> int:
        return int(getattr(import_module(f"tuilab.cli.{module}"), function)(args))

    return call


def _opening() -> argparse.ArgumentParser:
    parser = _Parser(prog="tuilab", usage="tuilab [PRESET|RUN] [options]", allow_abbrev=False)
    parser.add_argument("ref", metavar="PRESET|RUN", nargs="?", help="what to open (default: digits)")
    _engine_options(parser)
    parser.set_defaults(command=_later("training.open_lab"))
    return parser


def _commands() -> argparse.ArgumentParser:
    from tuilab.lab.settings import place

    parser = _Parser(
        prog="tuilab", usage="tuilab [PRESET|RUN] | tuilab COMMAND …", allow_abbrev=False,
        epilog=f"{_EPILOG}\nKeys, theme and language are set in {place()}",
        description="A terminal training lab: turn a dial of a small neural network while it trains.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("--version", action="version", version=f"tuilab {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True, prog="tuilab")
    for name, (build, text) in COMMANDS.items():
        build(commands.add_parser(name, help=text, description=text.capitalize() + ".", allow_abbrev=False))
    return parser


def _engine_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--backend", choices=("auto", "cpu", "cuda"), default="auto", help="where to train")
    parser.add_argument("--threads", type=int, metavar="N", help="parts each step is cut into (default: by its size)")


def _json_option(parser: argparse._ActionsContainer) -> None:
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout, all else on stderr")


def _preset_options(parser: argparse.ArgumentParser) -> None:
    """A preset, and what is to be other than in it (see `training.chosen_preset`)."""
    parser.add_argument("ref", metavar="PRESET", help="name, TOML or Python file, run folder, or - for standard input")
    parser.add_argument("--arm", metavar="NAME", help="one of the preset's arms instead of the preset itself")
    parser.add_argument(
        "--set", metavar="K=V", action="append", default=[], dest="sets",
        help="a key of the preset: widths=64,32  dropout=0.5  optimizer=sgd",
    )  # fmt: skip
    parser.add_argument(
        "--at", metavar=("STEP", "K=V"), nargs=2, action="append", default=[],
        help="turn a dial once STEP steps are done: --at 200 dropout=0.5",
    )  # fmt: skip
    parser.add_argument(
        "--when", metavar=("SEEN", "K=V"), nargs=2, action="append", default=[],
        help="turn a dial when something is seen: --when 'val_loss not fallen for 5 epochs' lr=/10",
    )  # fmt: skip
    budget = parser.add_mutually_exclusive_group()
    budget.add_argument("--steps", type=int, metavar="N", help="how long to train")
    budget.add_argument("--epochs", type=float, metavar="N", help="the same in rounds through the training data")
    parser.add_argument("--seed", type=int, metavar="N", help="of all random numbers")


def _run(parser: argparse.ArgumentParser) -> None:
    _preset_options(parser)
    parser.add_argument("--out", metavar="DIR", help="the run folder (default: a new one in runs/)")
    _engine_options(parser)
    printed = parser.add_mutually_exclusive_group()
    _json_option(printed)
    printed.add_argument("--jsonl", action="store_true", help="JSON lines while it runs, the result as the last one")
    parser.set_defaults(command=_later("training.run"))


def _replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ref", metavar="PRESET|RUN", help="what to run once more")
    parser.add_argument("--check", action="store_true", help="exit with 1 unless the same parameters come out")
    parser.add_argument("--headless", action="store_true", help="without the screen (as without a terminal)")
    parser.add_argument(
        "--speed",
        type=_speed,
        metavar="X",
        help="steps a second on the screen (0: all it can; default: slow enough to watch)",
    )
    parser.add_argument("--seek", type=_step, metavar="STEP", help="on the screen: go to this step first")
    _engine_options(parser)
    _json_option(parser)
    parser.set_defaults(command=_later("training.replay"))


def _resume(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ref", metavar="RUN", help="the folder of a run that was stopped or killed")
    parser.add_argument("--backend", choices=("cpu", "cuda"), help="where to go on (default: where the run was)")
    _json_option(parser)
    parser.set_defaults(command=_later("training.resume"))


def _presets(parser: argparse.ArgumentParser) -> None:
    _listing(parser, "presets_list")
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    _listing(actions.add_parser("list", help="the shipped presets"), "presets_list")
    show = actions.add_parser("show", help="what a preset says")
    show.add_argument("ref", metavar="PRESET")
    show.set_defaults(command=_later("listing.presets_show"))
    schema = actions.add_parser("schema", help="what a preset may say, as JSON Schema")
    schema.set_defaults(command=_later("listing.presets_schema"))
    check = actions.add_parser("check", help="whether presets can be run")
    check.add_argument("refs", metavar="PRESET", nargs="+")
    check.set_defaults(command=_later("listing.presets_check"))
    copy = actions.add_parser("copy", help="a shipped preset as a file of your own")
    copy.add_argument("ref", metavar="PRESET")
    copy.add_argument("path", metavar="FILE", nargs="?", help="default: PRESET.toml here")
    copy.set_defaults(command=_later("listing.presets_copy"))


def _data(parser: argparse.ArgumentParser) -> None:
    _listing(parser, "data_list")
    actions = parser.add_subparsers(title="actions", metavar="ACTION")
    _listing(actions.add_parser("list", help="the data sets there are"), "data_list")
    fetch = actions.add_parser("fetch", help="bring a data set from the net")
    fetch.add_argument("name", metavar="NAME")
    fetch.set_defaults(command=_later("listing.data_fetch"))
    bring = actions.add_parser("import", help="take the four files of an MNIST-format set from a folder")
    bring.add_argument("name", metavar="NAME")
    bring.add_argument("folder", metavar="DIR")
    bring.set_defaults(command=_later("listing.data_import"))


def _listing(parser: argparse.ArgumentParser, function: str) -> None:
    _json_option(parser)
    parser.set_defaults(command=_later(f"listing.{function}"))


def _doctor(parser: argparse.ArgumentParser) -> None:
    _listing(parser, "doctor")


def _bench(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "what", metavar="ui", nargs="?", choices=("engine", "ui"), default="engine",
        help="the screen instead: how soon a key is answered, what training pays for being watched, the first picture",
    )  # fmt: skip
    parser.add_argument("--peers", action="store_true", help="also PyTorch, JAX, scikit-learn (extra bench)")
    parser.add_argument("--backend", choices=("cpu", "cuda"), default="cpu", help="what is timed")
    parser.add_argument("--case", metavar="NAME", help="only this network")
    _json_option(parser)
    parser.set_defaults(command=_later("benching.bench"))


def _speed(text: str) -> float:
    value = float(text)
    if not 0.0 <= value < 1e12:
        raise argparse.ArgumentTypeError(f"found {text!r}, expected steps a second, or 0 for all it can")
    return value


def _step(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 16):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a step such as 1200")
    return int(text)


def _claims(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="a claim's name or number, or a TOML file (default: all that ship)"
    )
    parser.add_argument("--full", action="store_true", help="the full forms, on MNIST as in the papers: hours")
    parser.add_argument("--list", action="store_true", help="only name the claims")
    parser.add_argument("--html", metavar="FILE", help="write a report with plots into a new file as well")
    parser.add_argument("--seed", type=int, metavar="N", help="the first seed, to see whether a claim holds on others")
    parser.add_argument("--seeds", type=int, metavar="N", help="how many of them (2 or more)")
    _json_option(parser)
    parser.set_defaults(command=_later("claiming.claims"))


def _sweep(parser: argparse.ArgumentParser) -> None:
    _preset_options(parser)
    parser.add_argument(
        "--grid", metavar="K=V1,V2", action="append", default=[],
        help="values of a key, each as for --set: lr=0.01,0.1  'widths=64,32;32'  (may be given for several keys)",
    )  # fmt: skip
    parser.add_argument("--seeds", type=int, metavar="N", default=1, help="runs of each setting (default: 1)")
    parser.add_argument(
        "--scheduler", metavar="ADDR",
        help="a dask scheduler such as tcp://host:8786 (default: workers of its own, one a core)",
    )  # fmt: skip
    parser.add_argument(
        "--out", metavar="DIR",
        help="where the table is kept, or its name: FILE.csv, FILE.parquet (default: a folder in sweeps/)",
    )  # fmt: skip
    _json_option(parser)
    parser.set_defaults(command=_later("sweeping.sweep"))


def _compare(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("refs", metavar="RUN", nargs="+", help="run folders, two or more")
    _json_option(parser)
    parser.set_defaults(command=_later("results.compare"))


def _export(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ref", metavar="RUN", help="a run folder")
    parser.add_argument(
        "--to",
        choices=("csv", "tensorboard", "html", "svg", "safetensors", "onnx"),
        required=True,
        help="curves: csv, tensorboard, svg; a report: html; parameters: safetensors; the network: onnx (extra onnx)",
    )
    parser.add_argument("--out", metavar="FILE", help="a new file, for tensorboard a folder (default: the run's name)")
    parser.set_defaults(command=_later("results.export"))


def _serve(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("ref", metavar="PRESET|RUN", nargs="?", help="what every tab opens (default: digits)")
    parser.add_argument(
        "--host", metavar="ADDR", default="127.0.0.1", help="where to listen (default: this machine only)"
    )
    parser.add_argument("--port", type=_port, metavar="N", default=8000, help="default: 8000")
    parser.add_argument(
        "--public", action="store_true", help="allow an address that others reach; there is no password"
    )
    parser.set_defaults(command=_later("serving.serve"))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 0 < int(text) < 65536):
        raise argparse.ArgumentTypeError(f"found {text!r}, expected a port from 1 to 65535")
    return int(text)


COMMANDS: dict[str, tuple[Callable[[Any], None], str]] = {
    "run": (_run, "train without a screen and save the run"),
    "replay": (_replay, "run a preset or a run once more, bit for bit"),
    "resume": (_resume, "go on with a run that was stopped or killed"),
    "sweep": (_sweep, "train a preset at a grid of settings and seeds, on all cores or many machines"),
    "claims": (_claims, "put what is said about training to the test"),
    "compare": (_compare, "tell in which dials and results some runs differ"),
    "export": (_export, "write a run's curves or parameters in another format"),
    "presets": (_presets, "list, show, check and copy presets; their schema"),
    "data": (_data, "list data sets, or bring them in"),
    "bench": (_bench, "time the engine, alone or against its peers, or the screen"),
    "serve": (_serve, "the lab in a browser on this machine"),
    "doctor": (_doctor, "tell what this machine has and lacks for the lab"),
}
