"""What every page stands in: access check, reader, filter bar, links that carry the filter, caching, colours.

Public: `require`, `permitted`, `draw_download` and `draw_alone` (guard), `Page`, `Dataset` and `Room` (page), `cached`,
`calculated`, `shared`, `contained`, `headed`, `Heading`, `source_of` and `dataset_for` (results: kept for all readers,
long calculations with progress and stop), `page_link`, `draw_link_choice` and `word_in_link` (links), `escape_markdown`
(markdown), `draw_footer` and `draw_whole_choice` (footer); `web` is the server around Streamlit.
"""

from pages.parts.frame.colours import Palette, palette, rgba
from pages.parts.frame.footer import draw_footer, draw_whole_choice
from pages.parts.frame.guard import permitted, require
from pages.parts.frame.links import draw_link_choice, page_link, word_in_link
from pages.parts.frame.markdown import escape_markdown, escape_with_commands
from pages.parts.frame.page import Dataset, Page, Room
from pages.parts.frame.results import Heading, cached, calculated, contained, dataset_for, headed, shared, source_of
