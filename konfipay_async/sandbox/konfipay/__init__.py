"""The konfipay REST API, version 6, as far as it is publicly known, on this machine."""
