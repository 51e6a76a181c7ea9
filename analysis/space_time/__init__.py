"""Clustering in space and time together: the Knox test for near repeats and the space-time permutation scan.

Public: `knox.knox`, `knox.KnoxResult`, `knox.bands_for`, `knox.without_near_duplicates`,
`permutation_scan.permutation_scan`, `permutation_scan.ScanResult`.
"""
