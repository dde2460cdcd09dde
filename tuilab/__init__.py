"""A terminal training lab: turn a dial of a small neural network while it trains, and see what that does."""

__version__ = "0.1.0"
