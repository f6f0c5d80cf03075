"""The tests; flat, a file a module."""
