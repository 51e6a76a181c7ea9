"""gender."""
