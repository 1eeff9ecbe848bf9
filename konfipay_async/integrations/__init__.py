"""At home in other libraries: each module adapts one, and only it imports that library.

`fastapi` and `aiohttp` share one client among an app's handlers, stream lists as they come, answer this package's
errors and verify webhooks of the signed API; `pytest` gives tests a running sandbox;
`opentelemetry` tells spans and metrics. `asgi` and `aiohttp` show the log of API communication as pages.
"""
