"""Statistics on bounded tables of protected counts: pure functions that return frozen results."""
