"""Loopback servers that speak the wire formats of the services the lab calls."""
