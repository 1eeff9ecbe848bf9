"""The parts of the API: a module with one class for each."""
