"""Fixtures shared by all tests."""

import pytest

from tests.ingest.drafts import Draft, small_draft


@pytest.fixture
def draft() -> Draft:
    """A small valid bundle, to be changed before it is written."""
    return small_draft()
