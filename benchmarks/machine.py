"""What was measured on."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["LIBRARIES", "facts"]

LIBRARIES = ("aiohttp", "msgspec", "aiolimiter", "anyio", "SQLAlchemy", "httpx", "pydantic", "requests", "dlt")


def facts() -> list[tuple[str, str]]:
    """Name and value of each."""
    versions = [f"{name} {found}" for name in ("konfipay-async", *LIBRARIES) if (found := _version(name))]
    return [
        ("date", datetime.now(UTC).date().isoformat()),
        ("CPU", f"{_cpu()}, {os.cpu_count()} cores"),
        ("system", f"{platform.system()} {platform.release()}, {platform.machine()}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("libraries", ", ".join(versions)),
    ]


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""


def _cpu() -> str:
    described = Path("/proc/cpuinfo")
    if described.exists():
        for line in described.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or "unknown"
