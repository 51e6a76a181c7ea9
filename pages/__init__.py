"""The dashboard's pages: thin scripts over `pages.parts`, `analysis` and `curim_data`."""
