"""A pytest plugin: hypothesis draws the same for each mutant, and keeps nothing."""

from hypothesis import settings

settings.register_profile("mutants", derandomize=True, database=None, deadline=None)
settings.load_profile("mutants")
