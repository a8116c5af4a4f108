"""A pytest plugin: hypothesis draws the same for each mutant, and keeps nothing."""

from hypothesis import settings

settings.register_profile(
    "mutants", max_examples=50, derandomize=True, database=None, deadline=None
)
settings.load_profile("mutants")
