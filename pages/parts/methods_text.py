"""What the Methods page says of each figure, as data."""

FIGURES = ()
READING = ()
