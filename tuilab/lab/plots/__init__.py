"""Pictures as SVG text, for reports that need nothing but a browser: axes, lines with their bands, points, colours."""
