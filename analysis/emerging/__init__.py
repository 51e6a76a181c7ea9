"""Emerging hot spots: the space-time cube, its exact test and Gi*, trends, and the seventeen classes over time.

Public: `detection.emerging_hot_spots`, `detection.EmergingHotSpots`, `detection.EmergingPlace`, `cube.CLASSES`,
`detection.periods_for`.
"""
