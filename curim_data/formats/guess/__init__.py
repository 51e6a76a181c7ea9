"""Tables of no known format: the role of each column is guessed from its heading and its first values.

Public: `recognition` (`recognise`). `headings` knows the words of headings in seven languages (`headings.toml`),
`values` what the values look like, `dates` which columns say when.
"""
