"""Fixtures that every kind of test shares."""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy loads; see curim_data.cli.app

import pytest
from hypothesis import settings

import sample_data
from curim_data.model.city import CityProfile, load_city
from curim_data.model.i18n import Translator, translator
from curim_data.sample.home import sample_home
from curim_data.store.home import Home

settings.register_profile("untimed", deadline=None)  # a slow machine is no fault of the code
settings.load_profile("untimed")


@pytest.fixture(scope="session")
def city() -> CityProfile:
    """The Piraeus profile that comes with the sample."""
    return load_city(sample_data.PROFILE)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home with the sample city's main export imported; read only, shared by the session."""
    return sample_home(Home(tmp_path_factory.mktemp("home")))


@pytest.fixture(scope="session")
def t() -> Translator:
    """The English translator."""
    return translator("en")
