"""The second client: a REST API whose every request carries its own signed token."""

__all__: list[str] = []
