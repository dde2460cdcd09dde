"""Batch norm on one unit of one row, forward and backward (Ioffe & Szegedy 2015)."""

from engine.jit import formula


@formula
def standardised(z, mean, rstd):
    """(z − mean) / standard deviation."""
    return (z - mean) * rstd


@formula
def through_norm(d, z, gamma, rstd, mean_dy, mean_dyz):
    """The gradient before the normalisation from the one after it, `d`; z is the standardised value.

    `mean_dy` and `mean_dyz` are the means of d and of d·z over the batch.
    """
    return gamma * rstd * (d - mean_dy - z * mean_dyz)
