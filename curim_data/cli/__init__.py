"""The command line `curim`: everything that a page does, a script can do, with the words of the query string.

Public: `main`, the entry point. One module a command or group of commands; `options` makes commands of their functions,
`context` holds what one run knows, `output` prints and writes.
"""

from curim_data.cli.app import main
