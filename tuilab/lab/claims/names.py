"""What a claim can measure, by name: known here without loading what measures it."""

from __future__ import annotations

#: One number of one run; `metrics.py` has a function for each.
METRICS: dict[str, str] = {
    "test_error": "share of the test part that is classified wrongly, in per cent, at the end",
    "train_loss": "loss on the training part at the end, in evaluation mode",
    "overfitting_gap": "loss on the test part less loss on the training part, at the end",
    "gradient_decades": "log10 of the first layer's gradient norm over the last layer's, mean of the first steps",
    "steps_to_target": "steps until the validation accuracy is at the target; all steps if it never is",
    "input_drift": "how far mean and deviation of the last hidden layer's inputs wander in the course of the run",
    "variance_decades": "|log10| of the last hidden layer's activation variance over the first one's, at step 0",
    "step_decades": "log10 of the effective step in the last tenth of the run over that in the first tenth",
    "dead_share": "share of the hidden units that no example moves, in per cent, at the end",
}

#: Two numbers at once, of something other than one run for each arm; `studies.py` has a function for each.
STUDIES: dict[str, str] = {
    "thinned_error": "test error of networks thinned by dropout one by one, and of their average",
    "escape_share": "share of the starts in a shallow minimum from which a run ends in the deep one",
    "overshoot": "how far a run goes past the bottom of a valley, as a share of where it began",
    "adaptive_spread": "interquartile range of the adaptive factor over the first updates",
    "svm_error": "test error of a support vector machine, and of the network, on the same split",
    "forest_error": "test error of a random forest, and of the network, on the same split",
    "tree_error": "test error of a random forest, and of one decision tree, on the same split",
    "samples_per_second": "training speed on the graphics processor, and on this processor",
}
