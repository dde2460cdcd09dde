"""The outcome of a run as one flat JSON object: what `--json` prints and result.json holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tuilab.lab.timeline import AUTO

if TYPE_CHECKING:
    from tuilab.lab.session import Session


def result(session: Session) -> dict[str, Any]:
    """The object for `session` as it stands; a number that is not finite is null.

    train_loss, val_loss, val_accuracy, test_loss and test_accuracy are looked up now, in evaluation mode;
    grad_norms are those of the last step. wall_s counts steps and looks at the validation part, neither loading nor
    compiling.
    """
    trainer, data = session.trainer, session.data
    train, val, test = (
        trainer.evaluate(x, y)
        for x, y in ((data.x_train, data.y_train), (data.x_val, data.y_val), (data.x_test, data.y_test))
    )
    folder = session.folder
    status = session.status if session.ended else "stopped"
    return {
        "run_id": folder.run_id if folder else None,
        "preset": session.preset.name,
        "dataset": session.preset.dataset,
        "status": status,
        "steps": trainer.step,
        "epochs": round(trainer.epoch, 6),
        "total_steps": session.total_steps,
        "diverged_at": trainer.diverged_at,
        "seed": trainer.seed,
        "backend": trainer.backend,
        "threads": trainer.threads,
        "parameters": trainer.parameters,
        "wall_s": round(session.wall_s, 6),
        "steps_per_s": round(trainer.step / session.wall_s, 3) if session.wall_s else 0.0,
        "train_loss": finite(train.loss),
        "train_accuracy": finite(train.accuracy),
        "val_loss": finite(val.loss),
        "val_accuracy": finite(val.accuracy),
        "test_loss": finite(test.loss),
        "test_accuracy": finite(test.accuracy),
        "grad_norms": [finite(v) for v in session.grad_norms],
        "events": [
            {"step": change.step, change.field: AUTO if change.value is None else change.value}
            for change in session.events
        ],
        "params_sha256": trainer.params_sha256(),
        "out": str(folder.path) if folder else None,
        "saved": saved(session),
    }


def saved(session: Session) -> bool:
    """Whether all there is to save of `session` is on the disk, or on its way there."""
    return session.folder is not None and session.saver.problem is None


def told(result: Mapping[str, Any]) -> str:
    """The outcome in a few lines, for people."""
    lines = [
        f"{result['preset']}: {result['status']} after {result['steps']:,} steps ({result['epochs']:.1f} epochs)"
        f" in {result['wall_s']:.2f} s, {result['steps_per_s']:,.0f} steps/s",
        f"loss      train {_number(result['train_loss'])}   validation {_number(result['val_loss'])}"
        f"   test {_number(result['test_loss'])}",
    ]
    if result["test_accuracy"] is not None:
        lines.append(
            f"accuracy  train {_percent(result['train_accuracy'])}   validation {_percent(result['val_accuracy'])}"
            f"   test {_percent(result['test_accuracy'])}"
        )
    if result["diverged_at"] is not None:
        lines.append(f"diverged  loss or gradient was not finite at step {result['diverged_at']:,}: try a smaller lr")
    still = [i for i, norm in enumerate(result["grad_norms"], 1) if norm == 0.0]
    if still and result["diverged_at"] is None:
        layers = f"{still[0]}" if len(still) == 1 else f"{still[0]} to {still[-1]}"
        lines.append(f"still     layer {layers} of {len(result['grad_norms'])} had no gradient at the last step: try"
                     " another initializer or activation, or fewer layers")  # fmt: skip
    lines.append(f"params    sha256 {result['params_sha256']}")
    if result["out"] and "match" not in result:
        lines.append(f"saved in  {result['out']}" if result["saved"] else f"not saved in {result['out']}")
    return "\n".join(lines)


def _number(value: float | None) -> str:
    return "not finite" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return "unknown" if value is None else f"{100 * value:.1f} %"


def finite(value: float) -> float | None:
    """`value`, or None where JSON has no word for it."""
    return value if math.isfinite(value) else None
