"""What leaves the house: cleaned alerts for analysts, CSV that is safe in spreadsheets, mail, tables in PostgreSQL.

Public: `cleaned.write` and its columns; `safe_csv.safe_csv`, `csv_bytes`, `with_negative_numbers`; `mail.send_mail`;
`publish.publish`.
"""
