"""Lists: pages fetched concurrently, lists that move while they are read, and their acknowledgements."""
