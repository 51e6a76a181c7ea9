"""An enemy of the protected copy (`curim_data.protection`): what somebody gets out of it who holds all of it.

Whatever a page, a command, a link, a download or a document tells council and public is counted in the copy, so who
holds the copy holds all that can be asked, in any combination. The enemy knows the method and its probabilities, not
the secret. Run `python -m tests.attacker [HOME ...]`: it prints what it states about small counts, and how much of that
is right.
"""
