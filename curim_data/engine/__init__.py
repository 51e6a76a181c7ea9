"""Where counting happens: an Ibis table of the stored alerts on DuckDB, or on another engine by URL.

Public: `Source`, `open_source`, `opened_source`, `hand_over`, `source_from_files`, `keep_narrow`, `extend_prepared`,
`take_prepared`, `kept_count`, `prepared_file_of`, `last_meeting`, `city_day`, `published_copy`, `on_spark`, `files_of`,
`unchanged`, `EngineError`; `types` names expressions.
"""

from curim_data.engine.source import (
    Source,
    city_day,
    extend_prepared,
    files_of,
    hand_over,
    keep_narrow,
    kept_count,
    last_meeting,
    on_own_cursor,
    on_spark,
    open_source,
    opened_source,
    prepared_file_of,
    published_copy,
    source_from_files,
    take_prepared,
    unchanged,
)
from curim_data.engine.spark import EngineError
