"""The reader: the person signed in, or, where no sign-in is configured, the analyst at this computer."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass

import streamlit as st
from streamlit.errors import StreamlitSecretNotFoundError

from curim_data.model import Role
from curim_data.model.access import read_roles
from curim_data.store import Home

SESSION_HOURS = 12


@dataclass(frozen=True)
class Reader:
    """A reader and their role; no role means that nothing is shown."""

    name: str
    role: Role | None


def sign_in_configured() -> bool:
    """Whether the secrets name an identity provider."""
    try:
        return "auth" in st.secrets
    except StreamlitSecretNotFoundError:
        return False


def reader() -> Reader | None:
    """The reader of this run; None where sign-in is configured and nobody has signed in.

    A session ends after `SESSION_HOURS`, whatever the life of the identity cookie. A signed-in address without an
    entry in the home's `roles.toml` has no role, nor has one that the provider does not say is verified, unless
    CURIM_UNVERIFIED_EMAIL is "accept" (for a provider that sends no such claim and lets nobody choose an address).
    """
    if not sign_in_configured():
        return Reader("", Role.ANALYST)
    if not st.user.is_logged_in:
        return None
    if time.time() - float(st.user.get("iat", 0)) > SESSION_HOURS * 3600:
        st.logout()
        return None
    address = str(st.user.get("email", "")).strip().lower()
    if not _verified(st.user.get("email_verified")):
        return Reader(address, None)
    return Reader(address, read_roles(Home.default().path / "roles.toml").get(address))


def _verified(claim: object) -> bool:
    """Whether the address is the reader's own: the provider says so, or the installation vouches for the provider.

    A claim that says "not verified" is never overruled.
    """
    if claim is None:
        return os.environ.get("CURIM_UNVERIFIED_EMAIL") == "accept"
    return claim is True or claim == "true"
