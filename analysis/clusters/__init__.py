"""Clusters of alerts: DBSCAN* with a Monte Carlo test against a smoothed baseline, and HDBSCAN to explore.

Public: `detection.find_clusters`, `hdbscan.explore_clusters`, `results.Cluster`, `results.Clusters`, `dbscan.eps_for`.
"""
