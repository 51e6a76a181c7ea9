"""Clusters of alerts: DBSCAN* with a Monte Carlo test against a smoothed baseline.

Public: `detection.find_clusters`, `detection.Cluster`, `detection.Clusters`, `dbscan.eps_for`.
"""
