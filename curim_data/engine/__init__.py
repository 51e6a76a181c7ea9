"""Where counting happens: the stored alerts on DuckDB, or on another engine by URL, as a relation of one flat table.

Public: `Source`, `open_source`, `source_from_files`, `last_meeting`, `city_day`, `published_copy`, `on_spark`,
`files_of`, `EngineError`, `Relation`.
"""

from curim_data.engine.flat import EngineError, Relation
from curim_data.engine.source import (
    Source,
    city_day,
    files_of,
    last_meeting,
    on_spark,
    open_source,
    published_copy,
    source_from_files,
)
