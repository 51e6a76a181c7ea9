"""One module for each export format: how it is recognised, its columns, its values."""
