"""Fakes, servers, contracts and visits that tests share."""
