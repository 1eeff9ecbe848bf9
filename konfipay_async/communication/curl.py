"""An entry as a command for curl. Pure; what was masked stays masked."""

import shlex
from typing import Final

from konfipay_async.communication.entry import Entry

__all__ = ["curl"]

# What curl says by itself, or nobody needs to.
_LEFT_OUT: Final = frozenset({"authorization", "content-length", "connection", "host", "accept-encoding", "user-agent"})


def curl(entry: Entry) -> str:
    """A command that sends it again. What was masked has to be put back by hand; the token comes from the shell."""
    # Brackets and braces of an address stay what they are (-g).
    lines = [f"curl -g -X {shlex.quote(entry.method)} {shlex.quote(entry.url)}"]
    if entry.budget == "authenticated":
        lines.append('-H "Authorization: Bearer $TOKEN"')
    for name, value in (entry.request_headers or {}).items():
        if name.lower() not in _LEFT_OUT:
            lines.append(f"-H {shlex.quote(f'{name}: {value}')}")
    content = entry.request_content
    if content is not None:
        body = content.text if content.text is not None else f"@the-file-of-{content.size}-bytes"
        lines.append(f"--data-binary {shlex.quote(body)}")
    return " \\\n  ".join(lines)
