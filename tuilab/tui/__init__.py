"""The lab on screen (Textual). Nothing here trains: it shows frames and passes on what was turned."""
