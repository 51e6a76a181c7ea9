"""The command line `curim`: everything that a page does, a script can do, with the words of the query string.

Public: `main`, the entry point. One module a group of commands; `frame` holds what they share.
"""

from curim_data.cli.app import main

__all__ = ["main"]
