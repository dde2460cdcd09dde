"""Training on the GPU: whole chunks of steps in one launch of one kernel. Formulas come from `engine.formulas`."""
