"""The session manager: one request's way to a server and back. Knows no resource, no route and no model."""
