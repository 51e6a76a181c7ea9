"""The Data page: import of files with preview and mapping, import history, data quality, city profile.

Public: `draw_import_tab`, `draw_history_tab`, `draw_quality_tab`, `draw_city_tab`, `draw_record_tab`,
`draw_cleaned_download`, called by pages/data.py; `uploads` holds the uploaded files and their reviews.
"""
