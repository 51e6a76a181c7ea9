"""The land as H3 cells and as pixels: neighbours, cell size, and smoothing that loses nothing to the sea.

Public: `cells.neighbours`, `cells.ring`, `cells.resolution_for`, `cells.square_side`, `baseline.AlertGround`,
`baseline.Raster`, `baseline.GaussianSmoother`.
"""
