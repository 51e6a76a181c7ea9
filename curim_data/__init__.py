"""Alerts: what they are, how they come in, how they are counted, and who may see the counts."""
