"""Clustering in space and time together: the Knox test for near repeats.

Public: `knox.knox`, `knox.KnoxResult`, `knox.bands_for`, `knox.without_near_duplicates`.
"""
