"""What happened between rankings of the same candidates: pure functions of rankings."""
