"""Charts drawn in braille: a NumPy model, a rasteriser and a painter. Only `cells` knows Textual (strips)."""
