"""Files that hold alerts: each kind of container gives the same blocks of text records."""
