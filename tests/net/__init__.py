"""A net under changes that must change nothing: what commands, pages, downloads and imports say, as plain files.

    python -m tests.net take FOLDER [--cities sample,chicago] [--quick]
    python -m tests.net compare FOLDER [FOLDER2]

`take` records the JSON of commands under many filters for each audience, the texts of pages, what pages and commands
give to download, and the counts of an import: of the sample city and of public exports beside the project. `compare`
takes the same anew, or reads a second folder, and prints what differs.
"""
