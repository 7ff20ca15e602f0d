"""An ensurepip for the tests of the set-up."""
