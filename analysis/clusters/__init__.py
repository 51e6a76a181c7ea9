"""Clusters of alerts: DBSCAN* with a Monte Carlo test against a smoothed baseline.

Public: `detection.find_clusters`, `results.Cluster`, `results.Clusters`, `dbscan.eps_for`.
"""
