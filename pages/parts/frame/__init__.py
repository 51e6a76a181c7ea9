"""What every page stands in: access check, reader, filter bar, links that carry the filter, caching, colours.

Public: `require` and `permitted` (guard), `Page` and `Dataset` (page), `cached`, `calculated`, `contained`, `headed`
`Heading`, `source_of` and `dataset_for` (results: kept for all readers, long calculations with progress and stop),
`page_link` (links), `draw_download` (downloads), `escape_markdown` (markdown), `draw_footer`
(footer), `draw_whole_choice` (choice), `Room` (window: how wide the page is); `web` is the server around Streamlit.
"""

from pages.parts.frame.choice import draw_whole_choice
from pages.parts.frame.colours import Palette, palette, rgba
from pages.parts.frame.footer import draw_footer
from pages.parts.frame.guard import permitted, require
from pages.parts.frame.links import page_link
from pages.parts.frame.markdown import escape_markdown, escape_with_commands
from pages.parts.frame.page import Dataset, Page
from pages.parts.frame.results import Heading, cached, calculated, contained, dataset_for, headed, source_of
from pages.parts.frame.window import Room
