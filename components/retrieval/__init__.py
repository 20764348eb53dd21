"""The first stage: vectors, collections, and the engine that searches them."""
