"""spots."""
