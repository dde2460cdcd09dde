"""A session: a preset and its timeline applied to one trainer. The only thing that trains.

Whatever moves it (keys, a timeline, a script) only says which dial is turned to what, and how many steps to go. The
parameters depend on the preset and on the steps at which dials were turned, not on how the steps are cut into calls.

One thread (the engine thread) may call everything; `turn` and what is read in `worker.Frame` go from any thread.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.lab import building, outcome
from tuilab.lab.history import History
from tuilab.lab.lived import Lived
from tuilab.lab.lost_device import guarded
from tuilab.lab.moment import Moment
from tuilab.lab.preset import Preset, Recorded
from tuilab.lab.run_folder import RunFolder, SavedState
from tuilab.lab.saver import Saver
from tuilab.lab.timeline import Change, check_dial

if TYPE_CHECKING:
    from engine import Trainer
    from tuilab.datasets import Split

GOOD_LOOKS = 4  # looks at the validation part from one state kept to go back to to the next


class Session:
    """`preset` on its way. Nothing heavy happens before `prepare` (or the first `advance`).

    `runs` is where a run folder is made with the first step, `folder` one that is there already; neither: nothing is
    saved. `until` ends the run at another step than the preset's budget does. `saved` is what to go on from.
    """

    def __init__(
        self, preset: Preset, *, backend: str = "auto", threads: int | None = None, folder: RunFolder | None = None,
        runs: str | Path | None = None, data: Split | None = None, until: int | None = None,
        saved: SavedState | None = None,
    ):  # fmt: skip
        self.preset = preset
        self.backend, self.threads = backend, threads
        self.history = History(len(preset.widths) + 1)
        self.probe_every = 0  # steps from one look at the lengths of updates and weights to the next; 0: none
        self._data, self.until = data, until
        self.on_look: Callable[[Session], None] | None = None  # told of each look, from which the run could go on
        self._begin(Saver(folder, runs), saved)

    def _begin(self, saver: Saver, saved: SavedState | None = None) -> None:
        """The state before anything is loaded, built or trained."""
        preset = self.preset
        self.saver, self._saved = saver, saved
        self.total_steps = self.until or preset.steps or 0  # 0: not known before the data are
        self.eval_every = preset.eval_every or 0
        self.recipe, self.batch_size = preset.recipe, preset.batch_size
        self.lived = Lived(preset.timeline, preset.conditions, saved.seen if saved else ())
        self.wall_s = saved.wall_s if saved else 0.0  # spent on steps and looks at the validation part
        self.train_loss = self.val_loss = self.val_accuracy = math.nan
        self.grad_norms: tuple[float, ...] = ()
        self.phase = ""  # what keeps a session from being ready: "compiling kernels"
        self.closed = False
        self._outcome: dict[str, Any] | None = None  # as it was saved
        self._trainer: Trainer | None = None
        self.good: Moment | None = None  # the last one known to be finite

    # ---- what it is at

    @property
    def data(self) -> Split:
        """The data, loaded on first use; raises PresetError."""
        if self._data is None:
            self._data = building.load_data(self.preset, self._tell)
        return self._data

    @property
    def trainer(self) -> Trainer:
        """The trainer, made on first use (engine thread)."""
        self.prepare()
        assert self._trainer is not None
        return self._trainer

    @property
    def folder(self) -> RunFolder | None:
        """Where the run is saved, once there is something to save."""
        return self.saver.folder

    @property
    def events(self) -> tuple[Change, ...]:
        """What was turned so far."""
        return self.lived.events

    @property
    def problem(self) -> str | None:
        """One line: what does not work beside the training (a disk, a turn that could not be)."""
        return self.saver.problem or self.lived.refused

    @property
    def is_prepared(self) -> bool:
        """Whether data and trainer are there."""
        return self._trainer is not None

    @property
    def step(self) -> int:
        """Steps done."""
        return 0 if self._trainer is None else self._trainer.step

    @property
    def epoch(self) -> float:
        """Epochs done, with the part of the current one."""
        return 0.0 if self._trainer is None else self._trainer.epoch

    @property
    def diverged_at(self) -> int | None:
        """The step at which loss or gradient was no longer finite."""
        return None if self._trainer is None else self._trainer.diverged_at

    @property
    def ended(self) -> bool:
        """Whether there is nothing more to train."""
        return self._trainer is not None and (self.diverged_at is not None or self.step >= self.total_steps)

    @property
    def status(self) -> str:
        """ready, paused, finished, stopped or diverged (a worker says running while it is)."""
        if self.ended:
            return "finished" if self.diverged_at is None else "diverged"
        return "stopped" if self.closed else "paused" if self.step else "ready"

    # ---- training

    def prepare(self) -> None:
        """Loads the data, compiles, builds the trainer; raises PresetError, or LabError where memory does not do."""
        if self._trainer is not None:
            return
        self.phase = "loading data"
        data = self.data
        self.total_steps = self.total_steps or building.budget(self.preset, data)
        self.eval_every = self.eval_every or building.usual_eval_every(self.preset, data, self.total_steps)
        with building.one_line_errors(self.preset):
            building.warm_up(self._tell)
            self.phase = "building the network"
            if self._saved is None:
                self._trainer = building.new_trainer(self.preset, data, self.backend, self.threads)
            else:
                self._trainer = building.restored_trainer(self.preset, data, self._saved, self.backend, self.threads)
                done = self._saved.events
                self.lived.go_to(self.preset.timeline[:done], self.preset.timeline[done:], self._saved.seen)
        self.backend, self.threads = self._trainer.backend, self._trainer.threads
        if self.folder is not None:
            building.read_curves(self.folder.path, self.history, self.step)
            self.saver.begin(self.total_steps, self.step, self.threads, self.backend)
        if self._saved is None:
            self._look()
        else:
            self._saved = None
            self.good = self.moment()
        self._apply_timeline()
        self.phase = ""

    def _tell(self, phase: str) -> None:
        self.phase = phase

    def turn(self, field: str, value: Any) -> None:
        """Turns a dial (any thread): checked now, done between two steps. Raises SpecError."""
        self.lived.ask(field, check_dial(field, value, len(self.preset.widths)))

    @guarded
    def advance(self, n: int) -> int:
        """Trains `n` steps, fewer if the run ends before; gives the number done. Engine thread."""
        trainer = self.trainer
        self.apply_turns()
        if self.saver.make(self.lived_preset):
            self._begin_saving()
        begun, first = time.perf_counter(), trainer.step
        while trainer.step < first + n and not self.ended:
            self._note(trainer.advance(min(first + n, self._next_stop()) - trainer.step))
            if trainer.diverged_at is not None:
                break
            if trainer.step % self.eval_every == 0 or trainer.step >= self.total_steps:
                self._look()
            self._apply_timeline()
        self.wall_s += time.perf_counter() - begun
        self.saver.save_if_due(self.lived_preset, self._state)
        return trainer.step - first

    def _next_stop(self) -> int:
        """The next step at which something is to be done."""
        every = self.eval_every
        stop = min(self.total_steps, (self.step // every + 1) * every)
        return min(stop, self.lived.ahead[0].step) if self.lived.ahead else stop

    def _note(self, metrics: Any) -> None:
        """Takes the rows of some steps into curves, log and numbers."""
        if not len(metrics):
            return
        self.history.add(metrics)
        self.saver.add_metrics(metrics)
        self.lived.watch.note(metrics)
        self.train_loss = float(metrics.loss[-100:].mean(dtype=float))
        self.grad_norms = tuple(metrics.grad_norm[-1].tolist())

    def _look(self) -> None:
        """Evaluates the validation part, and now and then keeps the state as one known to be good."""
        trainer, data = self.trainer, self.data
        seen = trainer.evaluate(data.x_val, data.y_val)
        self.val_loss, self.val_accuracy = seen.loss, seen.accuracy
        self.history.add_eval(trainer.step, seen.loss, seen.accuracy)
        self.saver.add_eval(trainer.step, seen.loss, seen.accuracy)
        self.lived.do_seen(trainer, seen.loss, seen.accuracy)
        self._read_dials()
        if self.good is None or (math.isfinite(seen.loss) and trainer.step % (GOOD_LOOKS * self.eval_every) == 0):
            self.good = self.moment()
        if self.on_look is not None:
            self.on_look(self)

    # ---- dials

    def apply_turns(self) -> None:
        """Does what `turn` asked for since; a dial that stands there already is left alone. Engine thread."""
        self.lived.do_asked(self.trainer)
        self._read_dials()

    def _apply_timeline(self) -> None:
        self.lived.do_due(self.trainer)
        self._read_dials()

    def _read_dials(self) -> None:
        self.recipe, self.batch_size = self.trainer.recipe, self.trainer.batch_size
        self.trainer.probe_every = self.probe_every

    # ---- back and on

    def reset(self) -> None:
        """Back to the first step, with the preset's dials and timeline; the run so far is closed in its folder."""
        self.close()
        self.history.clear()
        self._begin(Saver(None, self.saver.runs))

    def moment(self, curves: bool = False) -> Moment:
        """The present moment (`curves`: with a copy of them); after a divergence the last good one. Engine thread."""
        past = self.history.copy() if curves else None
        if self.good is not None and self.diverged_at is not None:
            return replace(self.good, curves=past)
        return Moment(
            self.trainer.snapshot(), self.step, self.events, tuple(self.lived.ahead), self.train_loss, self.val_loss,
            self.val_accuracy, self.grad_norms, self.lived.watch.state, past,
        )  # fmt: skip

    def return_to(self, moment: Moment) -> None:
        """Back to a moment of this run (or of the one it was forked from), to go on with other dials. Engine thread."""
        from engine import Trainer

        self._trainer = Trainer.restore(moment.snapshot, self.data.x_train, self.data.y_train, threads=self.threads)
        self.good = moment
        self.lived.go_to(moment.events, moment.ahead, moment.seen)
        self._read_dials()
        self.train_loss, self.grad_norms = moment.train_loss, moment.grad_norms
        self.val_loss, self.val_accuracy = moment.val_loss, moment.val_accuracy
        if moment.curves is not None:
            self.history = moment.curves.copy()
        self.history.forget_after(self.step)
        if self.folder is not None:
            self._begin_saving()
        self._apply_timeline()
        self.save()

    def rewind(self) -> bool:
        """Back to the last moment known to be good, so that a run that diverged can go on with other dials."""
        if self.good is None:
            return False
        self.return_to(self.good)
        return True

    def extend(self, steps: int) -> None:
        """`steps` more than the budget, for a run that goes on after its end."""
        self.total_steps = max(self.total_steps, self.step) + steps

    # ---- saving

    def attach(self, folder: RunFolder) -> None:
        """Saves into `folder` from now on."""
        self.prepare()
        self.saver = Saver(folder, None)
        self._begin_saving()

    def _begin_saving(self) -> None:
        """Readies the folder for a run that is where this one is, with the curves up to here."""
        self.saver.begin(self.total_steps, self.step, self.threads, self.backend, self.history)
        if self.step:
            self.save()

    def as_preset(self, name: str | None = None, title: str | None = None) -> Preset:
        """The preset with the timeline as it was lived, and a record of where it led. Engine thread.

        Replayed, it gives the same parameters.
        """
        made = self.lived_preset()
        if name is not None or title is not None:
            made = made.with_(name=made.name if name is None else name, title=made.title if title is None else title)
        if not self.step:
            return made
        return replace(made, recorded=Recorded(self.step, self.trainer.params_sha256(), self.trainer.threads))

    def lived_preset(self) -> Preset:
        """The preset with the changes done so far, then those still to come, and the budget as it is now."""
        preset = self.preset
        if self._trainer is None:
            return preset
        extended = self.until is None and preset.steps is not None and self.total_steps > preset.steps
        steps = self.total_steps if extended else preset.steps
        whens = self.lived.whens(self.step)
        return replace(preset, timeline=self.lived.timeline, conditions=whens, steps=steps, recorded=None)

    def result(self) -> dict[str, Any]:
        """The outcome so far as the object `--json` prints."""
        return outcome.result(self)

    def save(self) -> None:
        """Queues all that is needed to go on from here (or from the last good state) into the folder."""
        if self.folder is not None:
            self.folder.save(self.lived_preset(), self._state())

    def _state(self) -> SavedState | None:
        """The state to save; after a divergence the last good one."""
        moment = self.moment() if self.diverged_at is None else self.good
        return None if moment is None else building.saved_state(moment, self.wall_s)

    @guarded
    def close(self) -> None:
        """Saves everything and lets go of the folder; nothing is trained after it. Engine thread."""
        if self.closed:
            return
        if self._trainer is not None:
            self.apply_turns()
        self.closed = True
        if self._trainer is not None and self.folder is not None:
            weights = {**self._trainer.tensors(), **self._trainer.buffers()}
            self._outcome = self.saver.finish(self.as_preset(), self._state(), weights, self.result)
        self.saver.close()

    def finish(self) -> dict[str, Any]:
        """Closes, and gives the result, which says whether it was saved."""
        self.close()
        return self.result() if self._outcome is None else {**self._outcome, "saved": outcome.saved(self)}
