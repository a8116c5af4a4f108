"""Mutants that no test can tell from the package, and why: module, line before, line after."""

EXPLAINED = {}
