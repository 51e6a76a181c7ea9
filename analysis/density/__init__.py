"""Kernel density of alerts per km² and month, its bandwidth by prospective likelihood, and its picture for a map.

Public: `kernel_density.density_from_cells`, `kernel_density.density_on`, `kernel_density.Density`,
`kernel_density.bandwidth_for`, `kernel_density.Bandwidth`, `image.density_image`.
"""
