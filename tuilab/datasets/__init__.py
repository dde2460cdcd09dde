"""Data to train on, split into training, validation and test parts by a seed.

    from tuilab.datasets import load, names
    split = load("digits", seed=0, train_size=500)

Importing this loads no array library; a data set's own module is imported when it is asked for.
"""

from tuilab.datasets.base import DataError, Split
from tuilab.datasets.registry import DATASETS, Dataset, check_dataset, load, names

__all__ = ["DATASETS", "DataError", "Dataset", "Split", "check_dataset", "load", "names"]
