"""What every implementation of a protocol owes the lab, as tests."""
