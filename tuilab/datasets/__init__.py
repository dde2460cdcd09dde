"""Data to train on, split into training, validation and test parts by a seed.

    from tuilab.datasets import load, names
    split = load("digits", seed=0, train_size=500)

Importing this loads no array library; a data set's own module is imported when it is asked for.
"""

from tuilab.datasets.base import DataError, Split
from tuilab.datasets.registry import DATASETS, MISSING_VALUES, Dataset, anchored, check_dataset, load, names

__all__ = [
    "DATASETS", "MISSING_VALUES", "DataError", "Dataset", "Split", "anchored", "check_dataset", "load", "names",
]  # fmt: skip
