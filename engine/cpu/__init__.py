"""Loops over arrays, compiled for the CPU by numba. Formulas come from `engine.formulas`."""
