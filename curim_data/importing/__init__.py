"""The import of one file: every row accepted, updated, recognised as a duplicate, or quarantined with its reason.

`pipeline` walks a file through the stages of `extract` (open, recognise, profile) and `transform` (decide, parse,
enrich, stage), matches it with the store and reports. Public: `pipeline` (`import_file`, `preview`, `columns_of`,
`ImportReport`, `Preview`), `mapping` (`ColumnMapping`), `comparison` (`ExportChanges`).
"""
