"""What other methods reach on the same split: a support vector machine and a random forest, fitted once.

They are fitted in a process of their own at the lowest priority, so that neither the training nor the screen waits
for them, on at most ROWS training rows, so that it is a matter of seconds. Run as a program, this module is that
process: `python -m tuilab.lab.references ARRAYS.npz SEED` prints one JSON object a line.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tuilab.datasets.splits import stratified

if TYPE_CHECKING:
    from tuilab.datasets import Split

ROWS = 3000  # training rows that are fitted, at most
VALIDATION_ROWS = 2000
NAMES = ("SVM", "Forest")
PATIENCE = 60.0  # seconds after which whoever fits is stopped
MISSING = "reference lines need scikit-learn, which is not installed here: pip install scikit-learn"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a method reached on the validation part: accuracy, or for regression the mean squared error."""

    name: str
    value: float
    rows: int  # training rows it was fitted on
    seconds: float


@dataclass(frozen=True, eq=False)
class Arrays:
    """The part of a split that is fitted and judged."""

    x: Any
    y: Any
    x_val: Any
    y_val: Any
    classes: int  # 0: regression


def arrays(split: Split) -> Arrays:
    """All training rows of `split`, or ROWS of them in which every class has its share; so too for validation."""
    import numpy as np

    from tuilab.datasets.draws import Draws

    def some(y: Any, most: int) -> Any:
        if len(y) <= most:
            return np.arange(len(y))
        labels = y if split.task == "classification" else np.zeros(len(y), np.int64)
        return np.flatnonzero(stratified(labels, most, Draws(0, "split")))

    train = some(split.y_train, ROWS)
    val = some(split.y_val, VALIDATION_ROWS)
    return Arrays(split.x_train[train], split.y_train[train], split.x_val[val], split.y_val[val], split.classes)


def fit(name: str, data: Arrays, seed: int) -> Reference:
    """One method of NAMES with scikit-learn's usual settings, fitted here and now."""
    import numpy as np

    model = _model(name, data, seed % 2**32)  # all that scikit-learn takes
    begun = time.perf_counter()
    model.fit(data.x, data.y if data.classes else np.squeeze(data.y, 1) if data.y.shape[1] == 1 else data.y)
    said = model.predict(data.x_val)
    if data.classes:
        value = float(np.mean(said == data.y_val))
    else:
        value = float(np.mean((said.reshape(data.y_val.shape) - data.y_val) ** 2))
    return Reference(name, value, len(data.x), time.perf_counter() - begun)


def _model(name: str, data: Arrays, seed: int) -> Any:
    if name == "Forest":
        from sklearn.ensemble import RandomForestClassifier, RandomForestRegressor

        return (RandomForestClassifier if data.classes else RandomForestRegressor)(random_state=seed)
    from sklearn.multioutput import MultiOutputRegressor
    from sklearn.svm import SVC, SVR

    if data.classes:
        return SVC()
    return SVR() if data.y.shape[1] == 1 else MultiOutputRegressor(SVR())


class Fitting:
    """The methods being fitted to `split` in the background. `found` grows; `problem` is one line if they cannot be.

    Any thread may read it, and `stop` it; after that nothing is left running.
    """

    def __init__(self, split: Split, seed: int):
        self.found: tuple[Reference, ...] = ()
        self.problem: str | None = None
        self.classes = split.classes  # 0: regression
        self._split, self._seed = split, seed
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._stopped = False
        self._thread = threading.Thread(target=self._live, name="tuilab-references", daemon=True)

    @property
    def done(self) -> bool:
        """Whether there is nothing more to come."""
        return self._thread.ident is not None and not self._thread.is_alive()

    def start(self) -> None:
        """Returns at once."""
        if find_spec("sklearn") is None:
            self.problem = MISSING
        self._thread.start()

    def stop(self) -> None:
        """Ends the process that fits."""
        with self._lock:
            self._stopped = True
            if self._process is not None:
                self._process.kill()

    def wait(self, seconds: float) -> bool:
        """Whether it was done within that time."""
        self._thread.join(seconds)
        return self.done

    def _live(self) -> None:
        if self.problem is not None:
            return
        try:
            with tempfile.TemporaryDirectory(prefix="tuilab-") as folder:
                self._fit(Path(folder) / "split.npz")
        except (OSError, ValueError, MemoryError) as error:
            self.problem = f"reference lines: {error}"

    def _fit(self, path: Path) -> None:
        import numpy as np

        data = arrays(self._split)
        np.savez(path, x=data.x, y=data.y, x_val=data.x_val, y_val=data.y_val, classes=data.classes)
        one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
        command = [sys.executable, "-m", "tuilab.lab.references", str(path), str(self._seed)]
        with self._lock:
            if self._stopped:
                return
            self._process = process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                env={**os.environ, **one, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)},
            )  # fmt: skip
        limit = threading.Timer(PATIENCE, process.kill)
        limit.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                self.found = (*self.found, Reference(**json.loads(line)))
            errors = process.communicate()[1]
        finally:
            limit.cancel()
        if process.returncode and not self._stopped:
            last = errors.strip().splitlines()[-1:] or [f"stopped after {PATIENCE:g} s"]
            self.problem = f"reference lines: {last[0]}"


def main(path: str, seed: str) -> None:
    """Fit every method on the arrays of a file and print what each reached."""
    import numpy as np

    if hasattr(os, "nice"):
        os.nice(19)
    with np.load(path) as kept:
        data = Arrays(kept["x"], kept["y"], kept["x_val"], kept["y_val"], int(kept["classes"]))
    for name in NAMES:
        print(json.dumps(asdict(fit(name, data, int(seed)))), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
