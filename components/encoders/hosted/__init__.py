"""Encoders behind the network, one file a provider."""
