"""Many runs of one preset: a grid of settings times some seeds, on all cores of this machine or on many machines."""
