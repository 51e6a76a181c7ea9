"""space_time."""
