"""The ground floor: words, plain types and settings that every other package may use, and that use none of them.

Public: `alert` (the schema and its enums), `labels` (where the words of those enums are made), `i18n` (`Translator`,
`Message`), `city` (`CityProfile`), `access` (`Audience`, `Role`), `plan` (`Plan` and its JSON), `records`, `reasons`,
`questions` (what an import reads, quarantines and asks), `sensitive`, `transform` (between projections), `types`.
"""
