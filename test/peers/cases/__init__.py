"""Datasets for the tests with real clients: written by real writers, expected values beside them."""
