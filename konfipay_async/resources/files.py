"""The content of files: into memory, or to a path that holds the whole file or nothing of it."""

import asyncio
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from io import FileIO
from pathlib import Path

from konfipay_async.answers import file_content
from konfipay_async.errors import ConfigurationError, StorageError
from konfipay_async.holding import to_the_end
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
    """The file at `path`, of any size, a chunk at a time in memory. What `progress` raises ends it and is raised."""
    target = Path(path)
    if "\0" in str(target) or await asyncio.to_thread(os.path.isdir, target):
        raise ConfigurationError("path is a folder, or impossible: give the name of the file to write")
    download = _ToPath(target, progress)
    try:
        await wiring.send(route, file_content, query=_AS_IT_IS, headers=_ANY, download=download, rid=rid)
        await download.keep()
    except StorageError:
        if download.objection is not None:
            raise download.objection from None
        raise
    finally:
        await download.drop()
    return target


class _ToPath:
    """Writes beside the target, and moves the file there when it is complete.

    The partial file has a name that no other download has, not even one to the same target. Every step on the disk is
    waited for, also by a caller who is cancelled: nobody else would clear away what a thread makes after that.
    """

    def __init__(self, target: Path, progress: Progress | None) -> None:
        self._target = target
        self._partial = target.with_name(f".{secrets.token_hex(8)}.part")
        self._progress = progress
        self._file: FileIO | None = None
        self._size: int | None = None
        self._written = 0
        self.objection: Exception | None = None

    async def begin(self, size: int | None) -> None:
        self._size, self._written = size, 0
        await self._on_disk(self._begin)

    async def write(self, chunk: bytes) -> None:
        await self._on_disk(lambda: self._write(chunk))
        self._written += len(chunk)
        if self._progress is not None:
            try:
                self._progress(self._written, self._size)
            except Exception as objection:
                # As it is, it would pass for an error of the connection.
                self.objection = objection
                raise StorageError("progress raised an error") from objection

    async def keep(self) -> None:
        await self._on_disk(self._keep)

    async def drop(self) -> None:
        """Leave nothing of a file that is not complete."""
        await to_the_end(asyncio.ensure_future(asyncio.to_thread(self._drop)))

    async def _on_disk(self, step: Callable[[], None]) -> None:
        try:
            await to_the_end(asyncio.ensure_future(asyncio.to_thread(step)))
        except OSError as error:
            # Without the file's name: konfipay's own names of files hold IBANs.
            reason = (error.strerror or type(error).__name__).lower()
            raise StorageError(f"cannot write into {self._target.parent}: {reason}") from None

    # In a thread.

    def _begin(self) -> None:
        self._drop()
        self._file = self._partial.open("xb", buffering=0)

    def _write(self, chunk: bytes) -> None:
        assert self._file is not None, "a body begins before it goes on"  # noqa: S101
        rest = memoryview(chunk)
        while rest:
            rest = rest[self._file.write(rest) :]

    def _keep(self) -> None:
        assert self._file is not None, "a success has a body, be it an empty one"  # noqa: S101
        os.fsync(self._file.fileno())
        self._file.close()
        self._partial.replace(self._target)
        # The name as well, so that what is acknowledged next outlasts a power cut; Windows opens no folders.
        with suppress(OSError):
            folder = os.open(self._target.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)

    def _drop(self) -> None:
        if self._file is not None:
            with suppress(OSError):  # another error is on its way already, and says more
                try:
                    self._file.close()
                finally:
                    self._partial.unlink(missing_ok=True)
