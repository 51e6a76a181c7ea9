"""How the alerts of a home are opened for an audience."""

from __future__ import annotations

from curim_data.engine import Source, open_source
from curim_data.model import Audience
from curim_data.privacy import sees_exact
from curim_data.store import Home


def open_for(home: Home, audience: Audience) -> Source:
    """The alerts of a home as an audience may read them.

    Who sees exact counts gets the alerts. Council and public get the protected copy, which is made where it is not
    there yet; `Source.exact` of it are the alerts. Of alerts on another engine it is the copy that was published with
    them; DisclosureError where none was.
    """
    source = open_source(home)
    if sees_exact(audience):
        return source
    from curim_data.protection.opening import protected

    return protected(home, source)
