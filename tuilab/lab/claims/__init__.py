"""Claims: sentences about training that can be run, and hold or do not hold. Importing this loads nothing."""
