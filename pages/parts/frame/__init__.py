"""What every page stands in: access check, reader, filter bar, links that carry the filter, caching, colours.

Public: `require` (guard), `Page` and `Dataset` (page), `cached` and `cached_query` (cache), `page_link` (links),
`escape_markdown` (markdown), `draw_footer` (footer); `web` is the server around Streamlit.
"""
