"""The signed REST API (wallee and the brands on its platform), version 2.0, on this machine."""
