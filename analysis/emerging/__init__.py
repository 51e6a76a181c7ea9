"""emerging."""
