"""The content of files: into memory, or to a path that holds the whole file or nothing of it."""

import os
from collections.abc import Callable
from pathlib import Path

import anyio

from konfipay_async.answers import file_content
from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.resources.wiring import Wiring

__all__ = ["Progress", "content", "save"]

Progress = Callable[[int, int | None], None]
"""Is called with the bytes that have come and, where the server said so, how many there are."""

# Said explicitly, because what the API does by default is not documented; `*/*`, because a file is no JSON.
_AS_IT_IS = (("base64-encoded", "false"),)
_ANY = {"Accept": "*/*"}


async def content(wiring: Wiring, route: str, rid: str, progress: Progress | None) -> bytes:
    """The file in memory; above `max_response_bytes` it is ResponseTooLargeError."""
    body = await wiring.send(route, file_content, query=_AS_IT_IS, headers=_ANY, rid=rid)
    if progress is not None:
        progress(len(body), len(body))
    return body


async def save(wiring: Wiring, route: str, rid: str, path: Path | str, progress: Progress | None) -> Path:
    """The file at `path`, of any size, a chunk at a time in memory."""
    target = Path(path)
    if await anyio.Path(target).is_dir():
        raise ConfigurationError(f"path={str(path)!r} is a folder: give the name of the file to write")
    download = _ToPath(target, progress)
    try:
        await wiring.send(route, file_content, query=_AS_IT_IS, headers=_ANY, download=download, rid=rid)
        await download.keep()
    finally:
        with anyio.CancelScope(shield=True):
            await download.drop()
    return target


class _ToPath:
    """Writes beside the target, and moves the file there when it is complete."""

    def __init__(self, target: Path, progress: Progress | None) -> None:
        self._target = target
        self._partial = target.with_name(f".{target.name}.{os.getpid()}.part")
        self._progress = progress
        self._file: anyio.AsyncFile[bytes] | None = None
        self._size: int | None = None
        self._written = 0

    async def begin(self, size: int | None) -> None:
        self._size, self._written = size, 0
        await self._close()
        try:
            self._file = await anyio.open_file(self._partial, "wb")
        except OSError as error:
            raise self._failed(error) from None

    async def write(self, chunk: bytes) -> None:
        assert self._file is not None, "a body begins before it goes on"  # noqa: S101
        try:
            await self._file.write(chunk)
        except OSError as error:
            raise self._failed(error) from None
        self._written += len(chunk)
        if self._progress is not None:
            self._progress(self._written, self._size)

    async def keep(self) -> None:
        try:
            await self._close()
            await anyio.to_thread.run_sync(os.replace, self._partial, self._target)
        except OSError as error:
            raise self._failed(error) from None

    async def drop(self) -> None:
        """Leave nothing of a file that is not complete."""
        await self._close()
        await anyio.Path(self._partial).unlink(missing_ok=True)

    async def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            await file.aclose()

    def _failed(self, error: OSError) -> StorageError:
        return StorageError(f"cannot write {self._target}: {(error.strerror or str(error)).lower()}")
