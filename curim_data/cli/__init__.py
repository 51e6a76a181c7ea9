"""The command line `curim`: everything that a page does, a script can do, with the words of the query string.

Public: `main`, the entry point. A command is a function that returns an `Answer` (`context`); `commands` makes commands
of such functions and lists them, `studies` holds those that answer a question about the alerts.
"""

from curim_data.cli.app import main
