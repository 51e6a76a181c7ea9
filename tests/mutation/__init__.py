"""Mutation testing: small changes to the code, drawn at random, each of which some test must notice.

`mutants` finds and draws the changes (with the operators of Cosmic Ray), `concerned` derives from the imports which
test files concern a module, `trial` runs them against one change, `__main__` is the command.
"""
