"""How fast the engine is, always against something else in the same run: times alone say little on a shared machine."""
