"""What every page stands in: access check, reader, filter bar, links that carry the filter, caching, colours.

Public: `require`, `permitted`, `draw_download` and `draw_alone` (guard), `Page`, `Dataset` and `Room` (page), `cached`,
`calculated`, `shared`, `contained`, `headed`, `Heading`, `source_of`, `dataset_for` and `draw_fold` (results: kept for
all readers, long calculations with progress and stop, parts that are worked out when they are opened), `page_link`,
`help_link`, `draw_link_choice` and `word_in_link` (links), `escape_markdown` (look), `draw_footer` and
`draw_whole_choice` (footer); `web` is the server around Streamlit.
"""

from pages.parts.frame.filter_bar import (
    draw_few_mapped_note,
    draw_footer,
    draw_way_to_all_dates,
    draw_whole_choice,
    mapped_sentence,
)
from pages.parts.frame.guard import (
    admitting,
    draw_alone,
    draw_download,
    draw_link_choice,
    go_to_page,
    help_link,
    page_link,
    permitted,
    redraw,
    require,
    word_in_link,
)
from pages.parts.frame.look import (
    CATEGORIES,
    CHANGE,
    COUNTS,
    EXCESS,
    GENDERS,
    GREYS_ON_DARK,
    LIGHT,
    Palette,
    css_text,
    escape_markdown,
    escape_with_commands,
    on_land,
    palette,
    ramp,
    rgba,
)
from pages.parts.frame.page import Dataset, Page, Room
from pages.parts.frame.results import (
    CALCULATION,
    Heading,
    cached,
    cached_query,
    calculated,
    contained,
    dataset_for,
    draw_fold,
    headed,
    shared,
    source_of,
)
