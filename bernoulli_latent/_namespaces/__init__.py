"""Namespaces of functions that formulas are written in: one for each array library."""
