"""The commands that train: open, run, replay, resume."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from engine.spec import nearest
from tuilab.cli import INTERRUPTED, deafen
from tuilab.cli.parser import COMMANDS


def open_lab(args: argparse.Namespace) -> int:
    """The lab on this terminal; without a terminal the preset is run and saved."""
    from tuilab.lab.errors import PresetError
    from tuilab.lab.preset import DEFAULT, load_preset

    try:
        preset = load_preset(args.ref or DEFAULT)
    except PresetError as error:
        command = nearest(args.ref, COMMANDS)
        raise PresetError(f"{error}; commands: {', '.join(COMMANDS)}{command}" if command else error) from None
    if _on_terminal():
        return _on_screen(args)
    print("tuilab: no terminal here, so the preset runs without the screen", file=sys.stderr)
    return _trained(preset, args, out=None, as_json=False)


def run(args: argparse.Namespace) -> int:
    """`tuilab run`."""
    return _trained(chosen_preset(args), args, out=args.out, as_json=args.json or args.jsonl, streamed=args.jsonl)


def chosen_preset(args: argparse.Namespace) -> Any:
    """The preset, or its arm, that the options of `run` and `sweep` ask for, with what they change."""
    from tuilab.lab.override import overridden
    from tuilab.lab.script import preset_of

    preset = preset_of(args.ref)
    return overridden(
        preset if args.arm is None else preset.arm(args.arm),
        sets=args.sets,
        at=args.at,
        when=args.when,
        steps=args.steps,
        epochs=args.epochs,
        seed=args.seed,
    )


def _trained(preset: Any, args: argparse.Namespace, out: str | None, as_json: bool, streamed: bool = False) -> int:
    """Trains `preset` to its end, saving into `out` or a new folder in runs/."""
    from tuilab.cli.progress import progress
    from tuilab.lab.drive import Stop, drive
    from tuilab.lab.run_folder import RUNS, RunFolder, check_free
    from tuilab.lab.session import Session
    from tuilab.lab.stream import Streamed

    if out is not None:
        check_free(Path(out))
    kind = partial(Streamed, out=sys.stdout) if streamed else Session
    session = kind(preset, backend=args.backend, threads=args.threads, runs=None if out else RUNS)
    try:
        with Stop() as stop:
            with progress(preset.name) as report:
                if report is not None:
                    report(session, 0.0)
                session.prepare()
                if out is not None:
                    session.attach(RunFolder.create(preset, out=out))
                drive(session, stop, report)
            return _ended(session, session.finish(), stop.asked, as_json)
    finally:
        session.close()  # saves a run whose reader has gone


def resume(args: argparse.Namespace) -> int:
    """`tuilab resume`."""
    from tuilab.cli.progress import progress
    from tuilab.lab.drive import Stop, drive
    from tuilab.lab.resume import finished_result, resumed

    if (result := finished_result(args.ref)) is not None:
        print(f"tuilab: {args.ref}: this run has ended already", file=sys.stderr)
        return _printed(result, args.json)
    session = resumed(args.ref, args.backend)
    try:
        with Stop() as stop:
            with progress(session.preset.name) as report:
                drive(session, stop, report)
            return _ended(session, session.finish(), stop.asked, args.json)
    finally:
        session.close()


def replay(args: argparse.Namespace) -> int:
    """`tuilab replay`: on the screen where there is one, unless something is to be checked or printed."""
    if _on_terminal() and not (args.headless or args.check or args.json):
        from tuilab.lab.replay import target

        args.threads = args.threads or target(args.ref).threads
        return _on_screen(args, args.speed, args.seek)
    from tuilab.cli.progress import progress
    from tuilab.lab.drive import Stop
    from tuilab.lab.replay import replay as play
    from tuilab.lab.replay import told

    with Stop() as stop:
        with progress(Path(args.ref).name) as report:
            outcome = play(args.ref, backend=args.backend, threads=args.threads, stop=stop, report=report)
        code = _printed(outcome, args.json)
        print(told(outcome), file=sys.stderr if args.json else sys.stdout)
    if stop.asked:
        return INTERRUPTED
    if outcome["match"] is not None:
        return int(args.check and not outcome["match"])
    return code


def _ended(session: Any, result: Mapping[str, Any], asked: bool, as_json: bool) -> int:
    """Prints a result and gives its exit code."""
    interrupted = asked and result["status"] == "stopped"
    try:
        code = _printed(result, as_json)
        if session.saver.problem is not None:
            print(f"tuilab: {session.saver.problem}", file=sys.stderr)
            code = code or 1
        if interrupted:
            hint = f", go on with: tuilab resume {result['out']}" if result["saved"] else ""
            print(f"tuilab: interrupted at step {result['steps']:,}{hint}", file=sys.stderr)
    except OSError:  # the terminal that hung up is not there to be told
        if not interrupted:
            raise
        deafen()
    return INTERRUPTED if interrupted else code


def _printed(result: Mapping[str, Any], as_json: bool) -> int:
    """Prints a result on stdout; 1 if the run diverged."""
    from tuilab.lab.outcome import told

    print(json.dumps(result, allow_nan=False, ensure_ascii=False) if as_json else told(result), flush=True)
    return int(result["status"] == "diverged")


def _on_terminal() -> bool:
    if "WebDriver" in os.environ.get("TEXTUAL_DRIVER", ""):
        return True  # the terminal is a browser's
    return sys.stdin is not None and sys.stdin.isatty() and sys.stdout is not None and sys.stdout.isatty()


def _on_screen(args: argparse.Namespace, speed: float | None = None, seek: int | None = None) -> int:
    """The lab on this terminal."""
    from tuilab.tui import memory

    memory.hold()
    from tuilab.lab.preset import DEFAULT, load_preset
    from tuilab.tui.splash import Splash

    with Splash(load_preset(args.ref or DEFAULT)) as splash:
        from tuilab.tui.app import open_lab as open_screen

        return open_screen(args.ref, backend=args.backend, threads=args.threads, speed=speed, seek=seek, splash=splash)
