"""Payment files: uploaded, submitted to the bank, and followed until they are settled."""

import asyncio
import base64
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, TypedDict, Unpack

import msgspec

from konfipay_async.answers import json_value, nothing, payment_files_of
from konfipay_async.errors import (
    ConfigurationError,
    KonfipayError,
    OutcomeUnknownError,
    ServerError,
    TransportError,
    WaitTimeoutError,
)
from konfipay_async.filters import query_value
from konfipay_async.models.page import Page
from konfipay_async.models.payments import Payment, PaymentFile, PaymentInfo, StatusValue
from konfipay_async.pain import checked
from konfipay_async.resources.lists import Listing
from konfipay_async.resources.once import Facts, facts_of, send_once
from konfipay_async.resources.reconcile import Candidates, Found, Undecided, reconciled
from konfipay_async.resources.waiting import Pauses
from konfipay_async.resources.wiring import Wiring
from konfipay_async.routes import checked_timeout, segment
from konfipay_async.session.message import Response

if TYPE_CHECKING:
    from konfipay_async.ledger import Entry

__all__ = ["PaymentFileFilters", "PaymentFiles"]


class PaymentFileFilters(TypedDict, total=False):
    """Filters of the list (documented; the account's was seen in public code). `min_date` and `max_date` are days of
    creation."""

    purpose: str | None
    payment_type: str | None
    status: StatusValue | str | None
    min_date: date | None
    max_date: date | None
    min_execution_date: date | None
    max_execution_date: date | None
    bank_account_rid: str | None


class PaymentFiles:
    """`client.payment_files`

    ::

        file = await client.payment_files.upload(content)  # stored, not sent
        await client.payment_files.submit(file.rid)  # may be repeated: a file that was sent is not sent again
        file = await client.payment_files.wait(file.rid, until=[StatusValue.FIN_ACCEPTED], timeout=3600)
    """

    def __init__(self, wiring: Wiring) -> None:
        self._wiring = wiring
        self._listing = Listing(wiring, "payment_files.list", payment_files_of, PaymentFileFilters)

    def list(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[PaymentFileFilters],
    ) -> AsyncGenerator[PaymentFile]:
        """Yield every payment file. An async generator: iterate it, do not await it.

        `page_size` is rows per request, 1 to 1000; `extra` passes query names the client does not know.
        Raises ConfigurationError at once, and while iterating what requests raise.
        """
        return self._listing.rows(page_size, extra, filters)

    def pages(
        self,
        page_size: int = 1000,
        *,
        extra: Mapping[str, object] | None = None,
        **filters: Unpack[PaymentFileFilters],
    ) -> AsyncGenerator[Page[PaymentFile]]:
        """Yield the list page by page; see `list`."""
        return self._listing.pages(page_size, extra, filters)

    async def get(self, rid: str) -> PaymentFile:
        """One payment file with its status. Raises NotFoundError."""
        return _unwrapped(await self._wiring.send("payment_files.get", _info, rid=rid))

    async def upload(
        self,
        content: bytes,
        *,
        submit: bool = False,
        scope: str | None = None,
        verification_of_payee: bool | None = None,
        again: bool = False,
    ) -> PaymentFile:
        """Hand a payment file to konfipay, which stores it; `submit` it then: that may be repeated, this may not.

        The API by itself would transmit at once, so ``submit=False`` is always said. `scope` overrides its detection
        of the format. A file that konfipay refuses is an answer, not an error: look at ``status.value.has_failed``.
        It is sent once: OutcomeUnknownError says that nobody knows, see `reconcile`. A ledger refuses what was sent or
        extracted within its period, unless `again`; a file that was built anew it knows by its message id and orders,
        so give a program that builds files a `message_id` that it gives again when it is begun again.
        Raises ConfigurationError for a file that would be refused or do harm, AlreadySubmittedError, StorageError.
        """
        facts = await asyncio.to_thread(checked, content)
        query = [("submit", _spelled(submit))]
        if scope is not None:
            query.append(("scope", query_value("scope", scope)))
        if verification_of_payee is not None:
            query.append(("verification-of-payee", _spelled(verification_of_payee)))
        body, headers = self._packed(content)
        info = await send_once(
            self._wiring,
            "payment_files.upload",
            _info,
            body=body,
            headers=headers,
            query=tuple(query),
            content=content,
            facts=facts_of(facts),
            made=lambda info: info.payment_info.rid,
            was_refused=lambda info: _is_rejected(info.payment_info),
            look_up="client.payment_files.reconcile(error)",
            refuse_done=True,
            again=again,
        )
        return _unwrapped(info)

    async def submit(
        self, rid: str, *, force: bool = False, verification_of_payee: bool | None = None, again: bool = False
    ) -> PaymentFile:
        """Send a stored file to the bank; the file with its status afterwards.

        Without `force` a file that was sent is not sent again (documented), so this may be repeated. With `force` it
        is: right only where the bank rejected it. That is sent once: OutcomeUnknownError says that nobody knows, and a
        ledger refuses to force the same file twice within its period, unless `again`. Where the file is submitted and
        its status cannot be read back, it comes without one.
        """
        segment(rid, "rid")
        forced = _spelled(force)  # no other truth than True: it would be paid twice
        query = [("force", forced)] if force else []
        if verification_of_payee is not None:
            query.append(("verification-of-payee", _spelled(verification_of_payee)))
        if force:
            await send_once(
                self._wiring,
                "payment_files.submit",
                nothing,
                body=None,
                query=tuple(query),
                content=rid.encode(),
                facts=Facts(rids=(rid,)),
                made=lambda _: rid,
                rid=rid,
                look_up="client.payment_files.reconcile(error)",
                refuse_done=True,
                again=again,
            )
        else:
            await self._wiring.send("payment_files.submit", nothing, query=tuple(query), rid=rid)
        try:
            return await self.get(rid)
        except KonfipayError:
            # It is submitted: an error would read as if it were not, and lead to forcing it once more.
            return PaymentFile(rid=rid)

    async def extract(self, content: bytes, *, again: bool = False) -> Sequence[Payment]:
        """Take the orders of a file as open payments, which share a batch; the file itself is neither kept nor sent.

        A file of several collections may be extracted (inferred). It is sent once: OutcomeUnknownError says that
        nobody knows, see `reconcile`. A ledger refuses what was extracted or uploaded within its period, unless
        `again`.
        """
        facts = await asyncio.to_thread(checked, content, several_collections=True)
        body, headers = self._packed(content)
        return await send_once(
            self._wiring,
            "payment_files.extract",
            lambda method, path: json_value(list[Payment], method, path),
            body=body,
            headers=headers,
            content=content,
            facts=facts_of(facts),
            made=lambda payments: next((payment.batch.rid for payment in payments if payment.batch), None),
            look_up="client.payment_files.reconcile(error)",
            refuse_done=True,
            again=again,
        )

    async def changes(
        self, rid: str, *, until: Collection[StatusValue | str] = (), timeout: float = 3600.0
    ) -> AsyncGenerator[PaymentFile]:
        """Yield the file now and whenever its status is another one, up to a final status or one of `until`.

        It is asked for with pauses that grow from 2 seconds to 5 minutes. FIN_ACCEPTED is not final, and yet all that
        many banks ever say: name it in `until` where that is enough. Raises WaitTimeoutError after `timeout` seconds.
        """
        if isinstance(until, str):
            raise ConfigurationError(f"until={str(until)!r}: give a list of status values")
        enough = frozenset(str(value) for value in until)
        pauses = Pauses(self._wiring.session.clock, checked_timeout(timeout, "timeout"), first=2.0, most=300.0)
        seen: str | None = None
        while True:
            try:
                file = await self.get(rid)
            except (TransportError, ServerError):
                # While there is time an outage is a pause: a wait of days will meet maintenance.
                if not await pauses.pause():
                    raise
                continue
            value = None if file.status is None else file.status.value
            if value is not None and value != seen:
                seen = value
                yield file
            if value is not None and (value.is_final or value in enough):
                return
            if not await pauses.pause():
                raise WaitTimeoutError(
                    f"payment file {rid} is {seen or 'without a status'} after {timeout:g} s; it may change later",
                    last=file,
                )

    async def wait(
        self, rid: str, *, until: Collection[StatusValue | str] = (), timeout: float = 3600.0
    ) -> PaymentFile:
        """The file when its status is final or one of `until`; see `changes`. How it ended, its status tells."""
        changes = self.changes(rid, until=until, timeout=timeout)
        try:
            async for file in changes:
                last = file
        finally:
            await changes.aclose()
        return last

    async def reconcile(self, sent: "OutcomeUnknownError | Entry") -> Found | Candidates | Undecided:
        """Look up what became of something whose outcome is unknown: by its error, or by its entry in the ledger.

        - An upload: files created since are compared by their orders, which are their number, sum and counterparties.
        - An extraction or a creation of payments: so are batches of payments created since; the whole list is read.
          What is in a file already is a candidate at best.
        - A submission of payments: each is looked at, whether it is in a file that was made since.
        - A submission by force: where the file's status says that it went to the bank since, whoever sent it. A status
          of failure decides nothing.

        `Found` where something is certainly it, `Candidates` where some could be, `Undecided` where nothing is (yet).
        That it is absent can never be said: a late request may still arrive. `client.payments.reconcile` is the same.
        Raises ConfigurationError for what is none of these, and what requests raise.
        """
        return await reconciled(self._wiring, sent)

    def _packed(self, content: bytes) -> tuple[bytes, Mapping[str, str]]:
        if self._wiring.uploads == "json":
            return msgspec.json.encode({"content": base64.b64encode(content).decode()}), {}
        is_xml = content.lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n").startswith(b"<")
        return content, {"Content-Type": "application/xml" if is_xml else "text/plain"}


def _spelled(value: bool) -> str:
    if not isinstance(value, bool):
        raise ConfigurationError(f"give True or False, not {type(value).__name__}")
    return "true" if value else "false"


def _is_rejected(file: PaymentFile) -> bool:
    return file.status is not None and file.status.value == StatusValue.KON_REJECTED


def _unwrapped(info: PaymentInfo) -> PaymentFile:
    return info.payment_info


def _info(method: str, path: str) -> Callable[[Response], PaymentInfo]:
    return json_value(PaymentInfo, method, path)
