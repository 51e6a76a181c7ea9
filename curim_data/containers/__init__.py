"""Containers of records: CSV, workbooks, JSON, XML, GIS layers, Parquet and archives, all read as the same text blocks.

Public: `open_file`; `isolation` (the process in which files are read), `base` (limits, refusals, reading ahead) and
`layers` (layers with their geometry).
"""

from curim_data.containers.isolation import open_file

__all__ = ["open_file"]
