"""konfipay-async."""
