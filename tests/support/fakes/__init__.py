"""Families that tests put on the catalog's path."""
