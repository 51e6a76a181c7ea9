"""Data for other programs: cleaned alerts for analysts, and CSV that is safe in spreadsheets.

Public: `cleaned.write` and its columns; `safe_csv.safe_csv`, `csv_bytes`, `with_negative_numbers`.
"""
