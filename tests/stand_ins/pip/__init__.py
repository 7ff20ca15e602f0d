"""A pip for the tests of the set-up: it makes small packages out of nothing, slowly enough to be interrupted."""
