"""What every test here shares."""

import os

import pytest


@pytest.fixture(autouse=True)
def no_waiting_for_the_disk(monkeypatch):
    """A test process is not cut off from its power; syncing costs milliseconds each time."""
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)
