"""Written from the table by ``nox -s stubs``. At run time `calls.py` makes the same of it."""

import builtins
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Any, TypeAlias

from konfipay_async.wallee.analytics import AnalyticsQueries
from konfipay_async.wallee.bulk import BulkResult
from konfipay_async.wallee.models import (
    AnalyticsQueryExecutionResponse,
    ApplicationUser,
    BankTransaction,
    Charge,
    ChargeAttempt,
    ChargeBankTransaction,
    Customer,
    PaymentLink,
    PaymentMethodConfiguration,
    Record,
    Refund,
    RenderedDocument,
    Space,
    SubmittedAnalyticsQueryExecution,
    Token,
    TokenVersion,
    Transaction,
    TransactionCompletion,
    TransactionInvoice,
    TransactionVoid,
    WebhookListener,
    WebhookUrl,
)
from konfipay_async.wallee.query import Field, Query
from konfipay_async.wallee.wiring import Wiring

_Id: TypeAlias = int | str
_Body: TypeAlias = Mapping[str, Any] | Record
_Fields: TypeAlias = str | Field | Iterable[str | Field]
_Value: TypeAlias = str | int | Decimal | date | Enum
_Extra: TypeAlias = Mapping[str, object] | None

class _PaymentChargeFlowsLevelsPaymentLinks:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentTransactionsByCredentialsOneClickTokens:
    async def delete(self, credentials: str, id: _Id, *, extra: _Extra = ...) -> None: ...
    def list(self, credentials: str, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[TokenVersion]: ...
    async def process(self, credentials: str, id: _Id, *, extra: _Extra = ...) -> str | None: ...

class _PaymentTransactionsInvoicesComments:
    async def create(self, invoice_id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, invoice_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, invoice_id: _Id, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        invoice_id: _Id,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def pin(self, invoice_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    def search(
        self,
        invoice_id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def unpin(self, invoice_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def update(
        self, invoice_id: _Id, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def update_with(
        self,
        invoice_id: _Id,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsMeteredFeesTiers:
    async def create(self, fee_id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, fee_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, fee_id: _Id, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        fee_id: _Id,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        fee_id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(
        self, fee_id: _Id, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def update_with(
        self,
        fee_id: _Id,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsVersionsRetirements:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _AnalyticsQueriesQueryExternalId:
    async def delete(self, query_external_id: str, *, extra: _Extra = ...) -> None: ...
    async def get(self, query_external_id: str, *, extra: _Extra = ...) -> SubmittedAnalyticsQueryExecution: ...
    async def result(self, query_external_id: str, *, extra: _Extra = ...) -> str | None: ...

class _AnalyticsQueriesQueryToken:
    async def delete(self, query_token: str, *, extra: _Extra = ...) -> None: ...
    async def get(self, query_token: str, *, extra: _Extra = ...) -> SubmittedAnalyticsQueryExecution: ...
    async def result(self, query_token: str, *, extra: _Extra = ...) -> str | None: ...

class _DebtCollectionCasesDocuments:
    async def create(
        self, id: _Id, *, file_name: _Value, content: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    def list(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _PaymentBankTransactionsCharges:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> ChargeBankTransaction: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[ChargeBankTransaction]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[ChargeBankTransaction]: ...

class _PaymentBankTransactionsExternalTransfers:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentBankTransactionsInternalTransfers:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentBankTransactionsRefundRecoveries:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentBankTransactionsRefunds:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentChargeFlowsLevels:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def payment_links(self) -> _PaymentChargeFlowsLevelsPaymentLinks: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def send_message(self, id: _Id, *, extra: _Extra = ...) -> None: ...

class _PaymentDunningFlowsLevels:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentRefundsComments:
    async def create(self, refund_id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, refund_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, refund_id: _Id, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        refund_id: _Id,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def pin(self, refund_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    def search(
        self,
        refund_id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def unpin(self, refund_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def update(
        self, refund_id: _Id, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def update_with(
        self,
        refund_id: _Id,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _PaymentTerminalsByIdentifier:
    async def perform_transaction(
        self,
        identifier: str,
        *,
        transaction_id: _Value,
        language: _Value | None = ...,
        expand: _Fields = ...,
        extra: _Extra = ...,
    ) -> Transaction: ...
    async def trigger_final_balance(self, identifier: str, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...

class _PaymentTerminalsTransactionSummaries:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def receipt(
        self, id: _Id, *, format: _Value, width: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentTransactionClientPlatforms:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentTransactionsByCredentials:
    async def get(self, credentials: str, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def mobile_sdk_url(self, credentials: str, *, extra: _Extra = ...) -> str | None: ...
    @property
    def one_click_tokens(self) -> _PaymentTransactionsByCredentialsOneClickTokens: ...
    async def payment_method_configurations(
        self, credentials: str, *, integration_mode: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> builtins.list[PaymentMethodConfiguration]: ...

class _PaymentTransactionsChargeFlow:
    async def apply(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def cancel(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def payment_page_url(self, id: _Id, *, extra: _Extra = ...) -> str | None: ...
    async def update_recipient(self, id: _Id, *, type: _Value, recipient: _Value, extra: _Extra = ...) -> None: ...

class _PaymentTransactionsComments:
    async def create(
        self, transaction_id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def delete(self, transaction_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, transaction_id: _Id, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        transaction_id: _Id,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def pin(self, transaction_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    def search(
        self,
        transaction_id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def unpin(self, transaction_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def update(
        self, transaction_id: _Id, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def update_with(
        self,
        transaction_id: _Id,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _PaymentTransactionsCompletions:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionCompletion: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TransactionCompletion]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TransactionCompletion]: ...

class _PaymentTransactionsInvoices:
    async def check_replacement_possible(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> bool: ...
    @property
    def comments(self) -> _PaymentTransactionsInvoicesComments: ...
    async def derecognize(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionInvoice: ...
    async def document(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> RenderedDocument: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionInvoice: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TransactionInvoice]: ...
    async def mark_paid(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionInvoice: ...
    async def replace(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> TransactionInvoice: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TransactionInvoice]: ...

class _PaymentTransactionsLineItemVersions:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentTransactionsVoids:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionVoid: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TransactionVoid]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TransactionVoid]: ...

class _PaymentWebAppsChargeAttempts:
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> ChargeAttempt: ...

class _PaymentWebAppsCompletions:
    async def update(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> TransactionCompletion: ...

class _PaymentWebAppsConnectors:
    async def delete(self, connector_external_id: str, *, extra: _Extra = ...) -> None: ...
    async def update(
        self, connector_external_id: str, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...

class _PaymentWebAppsProcessors:
    async def activate_for_production(
        self, external_id: str, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def connectors(
        self, external_id: str, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, external_id: str, *, extra: _Extra = ...) -> None: ...
    async def update(self, external_id: str, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...

class _PaymentWebAppsRefunds:
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Refund: ...

class _PaymentWebAppsVoids:
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionVoid: ...

class _SubscriptionsProductsComponentGroups:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsComponents:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsMeteredFees:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def tiers(self) -> _SubscriptionsProductsMeteredFeesTiers: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsPeriodFees:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsRetirements:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsProductsSetupFees:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsProductsVersions:
    async def activate(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def retire(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def retirements(self) -> _SubscriptionsProductsVersionsRetirements: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _WebhooksListenersBulk:
    async def create(
        self,
        items: Iterable[_Body],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...
    async def delete(
        self,
        items: Iterable[_Id],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...
    async def update(
        self,
        items: Iterable[_Body],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...

class _WebhooksUrlsBulk:
    async def create(
        self,
        items: Iterable[_Body],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...
    async def delete(
        self,
        items: Iterable[_Id],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...
    async def update(
        self,
        items: Iterable[_Body],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...

class _AnalyticsQueries(AnalyticsQueries):
    def list(self, *, limit: int = ..., max_items: int | None = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...
    @property
    def query_external_id(self) -> _AnalyticsQueriesQueryExternalId: ...
    @property
    def query_token(self) -> _AnalyticsQueriesQueryToken: ...
    async def submit(
        self, body: _Body, *, query_external_id: str, extra: _Extra = ...
    ) -> AnalyticsQueryExecutionResponse: ...

class _ApplicationUsersAccountRoles:
    async def create(
        self,
        user_id: _Id,
        *,
        role_id: _Value,
        applies_on_sub_account: _Value | None = ...,
        expand: _Fields = ...,
        extra: _Extra = ...,
    ) -> Record: ...
    async def delete(self, user_id: _Id, *, role_id: _Value, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _ApplicationUsersKeys:
    async def create(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, user_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _ApplicationUsersSpaceRoles:
    async def create(self, user_id: _Id, *, role_id: _Value, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, user_id: _Id, *, role_id: _Value, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _CountriesStates:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(self, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...
    def list_by_country_code(
        self, country_code: str, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> AsyncGenerator[Record]: ...

class _CustomersAddresses:
    async def create(self, customer_id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def default(self, customer_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def delete(self, customer_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, customer_id: _Id, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        customer_id: _Id,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        customer_id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(
        self, customer_id: _Id, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def update_with(
        self,
        customer_id: _Id,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _CustomersBulk:
    async def create(
        self,
        items: Iterable[_Body],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...
    async def delete(
        self,
        items: Iterable[_Id],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...
    async def update(
        self,
        items: Iterable[_Body],
        *,
        chunk: int = ...,
        watch: Callable[[BulkResult], object] | None = ...,
        extra: _Extra = ...,
    ) -> builtins.list[BulkResult]: ...

class _CustomersComments:
    async def create(self, customer_id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, customer_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, customer_id: _Id, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        customer_id: _Id,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def pin(self, customer_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    def search(
        self,
        customer_id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def unpin(self, customer_id: _Id, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def update(
        self, customer_id: _Id, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def update_with(
        self,
        customer_id: _Id,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _DebtCollectionCases:
    async def close(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    @property
    def documents(self) -> _DebtCollectionCasesDocuments: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def mark_prepared(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def mark_reviewed(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def payment_receipts(
        self, id: _Id, *, collected_amount: _Value, external_id: str, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _DebtCollectionCollectors:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _DebtCollectionConfigurations:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _DocumentTemplatesTypes:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _ExpressCheckoutShipping:
    async def address_change(
        self, body: _Body, *, session_token: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def method_change(
        self, body: _Body, *, session_token: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...

class _HumanUsersAccountRoles:
    async def create(
        self,
        user_id: _Id,
        *,
        role_id: _Value,
        applies_on_sub_account: _Value | None = ...,
        expand: _Fields = ...,
        extra: _Extra = ...,
    ) -> Record: ...
    async def delete(self, user_id: _Id, *, role_id: _Value, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _HumanUsersSpaceRoles:
    async def create(self, user_id: _Id, *, role_id: _Value, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, user_id: _Id, *, role_id: _Value, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _LabelDescriptorsGroups:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentBankAccounts:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentBankTransactions:
    @property
    def charges(self) -> _PaymentBankTransactionsCharges: ...
    @property
    def external_transfers(self) -> _PaymentBankTransactionsExternalTransfers: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> BankTransaction: ...
    @property
    def internal_transfers(self) -> _PaymentBankTransactionsInternalTransfers: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[BankTransaction]: ...
    @property
    def refund_recoveries(self) -> _PaymentBankTransactionsRefundRecoveries: ...
    @property
    def refunds(self) -> _PaymentBankTransactionsRefunds: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[BankTransaction]: ...

class _PaymentChargeAttempts:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> ChargeAttempt: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[ChargeAttempt]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[ChargeAttempt]: ...

class _PaymentChargeFlows:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def levels(self) -> _PaymentChargeFlowsLevels: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentConditionTypes:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentConnectorConfigurations:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _PaymentConnectors:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentCurrencyBankAccounts:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentDeliveryIndications:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def mark_not_suitable(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def mark_suitable(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentDunningCases:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def invoice(self, invoice_id: _Id, *, extra: _Extra = ...) -> None: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def suspend(self, id: _Id, *, planned_end_date: _Value | None = ..., extra: _Extra = ...) -> None: ...

class _PaymentDunningFlows:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def levels(self) -> _PaymentDunningFlowsLevels: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentLinks:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> PaymentLink: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> PaymentLink: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[PaymentLink]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[PaymentLink]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> PaymentLink: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[PaymentLink], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> PaymentLink: ...

class _PaymentMethodBrands:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentMethodConfigurations:
    async def create(
        self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> PaymentMethodConfiguration: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> PaymentMethodConfiguration: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[PaymentMethodConfiguration]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[PaymentMethodConfiguration]: ...
    async def update(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> PaymentMethodConfiguration: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[PaymentMethodConfiguration], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> PaymentMethodConfiguration: ...

class _PaymentMethods:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentProcessorConfigurations:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _PaymentProcessors:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentRefunds:
    @property
    def comments(self) -> _PaymentRefundsComments: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Refund: ...
    async def document(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> RenderedDocument: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Refund: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Refund]: ...
    async def mark_failed(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Refund: ...
    async def mark_succeeded(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Refund: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Refund]: ...

class _PaymentSalesChannels:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _PaymentTerminals:
    @property
    def by_identifier(self) -> _PaymentTerminalsByIdentifier: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def link(self, id: _Id, *, serial_number: _Value, extra: _Extra = ...) -> None: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def perform_transaction(
        self,
        id: _Id,
        *,
        transaction_id: _Value,
        language: _Value | None = ...,
        expand: _Fields = ...,
        extra: _Extra = ...,
    ) -> Transaction: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def till_connection_credentials(
        self, id: _Id, *, transaction_id: _Value, language: _Value | None = ..., extra: _Extra = ...
    ) -> str | None: ...
    @property
    def transaction_summaries(self) -> _PaymentTerminalsTransactionSummaries: ...
    async def trigger_final_balance(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def unlink(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _PaymentTokenVersions:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TokenVersion: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TokenVersion]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[TokenVersion]: ...

class _PaymentTokens:
    async def active_version(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TokenVersion: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Token: ...
    async def create_transaction_for_token_update(
        self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Transaction: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Token: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Token]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Token]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Token: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Token], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Token: ...

class _PaymentTransaction:
    @property
    def client_platforms(self) -> _PaymentTransactionClientPlatforms: ...

class _PaymentTransactions:
    @property
    def by_credentials(self) -> _PaymentTransactionsByCredentials: ...
    @property
    def charge_flow(self) -> _PaymentTransactionsChargeFlow: ...
    async def check_token_creation_possible(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> bool: ...
    @property
    def comments(self) -> _PaymentTransactionsComments: ...
    async def complete_offline(
        self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> TransactionCompletion: ...
    async def complete_online(
        self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> TransactionCompletion: ...
    async def complete_partially_offline(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> TransactionCompletion: ...
    async def complete_partially_online(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> TransactionCompletion: ...
    @property
    def completions(self) -> _PaymentTransactionsCompletions: ...
    async def confirm(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def credentials(self, id: _Id, *, extra: _Extra = ...) -> str | None: ...
    def export(
        self,
        *,
        fields: Iterable[str] = ...,
        limit: int | None = ...,
        offset: int | None = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[bytes]: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def iframe_javascript_url(self, id: _Id, *, extra: _Extra = ...) -> str | None: ...
    async def invoice_document(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> RenderedDocument: ...
    @property
    def invoices(self) -> _PaymentTransactionsInvoices: ...
    async def latest_line_item_version(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def lightbox_javascript_url(self, id: _Id, *, extra: _Extra = ...) -> str | None: ...
    @property
    def line_item_versions(self) -> _PaymentTransactionsLineItemVersions: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Transaction]: ...
    async def packing_slip_document(
        self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> RenderedDocument: ...
    async def payment_method_configurations(
        self, id: _Id, *, integration_mode: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> builtins.list[PaymentMethodConfiguration]: ...
    async def payment_page_url(self, id: _Id, *, extra: _Extra = ...) -> str | None: ...
    async def process_card_details(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Transaction: ...
    async def process_card_details_threed(self, id: _Id, body: _Body, *, extra: _Extra = ...) -> str | None: ...
    async def process_with_token(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Charge: ...
    async def process_without_interaction(
        self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Transaction: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Transaction]: ...
    async def terminal_receipts(
        self, id: _Id, *, format: _Value, width: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> builtins.list[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Transaction: ...
    async def void_offline(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionVoid: ...
    async def void_online(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> TransactionVoid: ...
    @property
    def voids(self) -> _PaymentTransactionsVoids: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Transaction], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Transaction: ...

class _PaymentWebApps:
    @property
    def charge_attempts(self) -> _PaymentWebAppsChargeAttempts: ...
    @property
    def completions(self) -> _PaymentWebAppsCompletions: ...
    @property
    def connectors(self) -> _PaymentWebAppsConnectors: ...
    @property
    def processors(self) -> _PaymentWebAppsProcessors: ...
    @property
    def refunds(self) -> _PaymentWebAppsRefunds: ...
    @property
    def voids(self) -> _PaymentWebAppsVoids: ...

class _SingleSignOnUsersAccountRoles:
    async def create(
        self,
        user_id: _Id,
        *,
        role_id: _Value,
        applies_on_sub_account: _Value | None = ...,
        expand: _Fields = ...,
        extra: _Extra = ...,
    ) -> Record: ...
    async def delete(self, user_id: _Id, *, role_id: _Value, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _SingleSignOnUsersSpaceRoles:
    async def create(self, user_id: _Id, *, role_id: _Value, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, user_id: _Id, *, role_id: _Value, extra: _Extra = ...) -> None: ...
    def list(self, user_id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...

class _SpacesConsumedResources:
    def list(
        self, *, start_date: _Value, end_date: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsAffiliates:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsCharges:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def discard(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsLedgerEntries:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsMetricUsageReports:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsMetrics:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsPeriodBills:
    async def close(
        self, id: _Id, *, current_date: _Value, create_next_period: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsProducts:
    @property
    def component_groups(self) -> _SubscriptionsProductsComponentGroups: ...
    @property
    def components(self) -> _SubscriptionsProductsComponents: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def metered_fees(self) -> _SubscriptionsProductsMeteredFees: ...
    @property
    def period_fees(self) -> _SubscriptionsProductsPeriodFees: ...
    async def retire(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def retirements(self) -> _SubscriptionsProductsRetirements: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def setup_fees(self) -> _SubscriptionsProductsSetupFees: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def versions(self) -> _SubscriptionsProductsVersions: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsSubscribers:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SubscriptionsSuspensions:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _SubscriptionsVersions:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _WebhooksEncryptionKeys:
    async def get(self, key_id: str, *, extra: _Extra = ...) -> str | None: ...

class _WebhooksListeners:
    @property
    def bulk(self) -> _WebhooksListenersBulk: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> WebhookListener: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> WebhookListener: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[WebhookListener]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[WebhookListener]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> WebhookListener: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[WebhookListener], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> WebhookListener: ...

class _WebhooksUrls:
    @property
    def bulk(self) -> _WebhooksUrlsBulk: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> WebhookUrl: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> WebhookUrl: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[WebhookUrl]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[WebhookUrl]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> WebhookUrl: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[WebhookUrl], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> WebhookUrl: ...

class _Accounts:
    async def activate(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def deactivate(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _Analytics:
    @property
    def queries(self) -> _AnalyticsQueries: ...

class _ApplicationUsers:
    @property
    def account_roles(self) -> _ApplicationUsersAccountRoles: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> ApplicationUser: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> ApplicationUser: ...
    @property
    def keys(self) -> _ApplicationUsersKeys: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[ApplicationUser]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[ApplicationUser]: ...
    @property
    def space_roles(self) -> _ApplicationUsersSpaceRoles: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> ApplicationUser: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[ApplicationUser], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> ApplicationUser: ...

class _BogusExpressCheckout:
    async def on_approve(
        self, body: _Body, *, session_token: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...

class _Countries:
    async def get(self, code: str, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(self, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def states(self) -> _CountriesStates: ...

class _Currencies:
    async def get(self, code: str, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(self, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _Customers:
    @property
    def addresses(self) -> _CustomersAddresses: ...
    @property
    def bulk(self) -> _CustomersBulk: ...
    @property
    def comments(self) -> _CustomersComments: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Customer: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def email_addresses(
        self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> builtins.list[Record]: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Customer: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Customer]: ...
    async def merge(self, id: _Id, other: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Customer: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Customer]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Customer: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Customer], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Customer: ...

class _DebtCollection:
    @property
    def cases(self) -> _DebtCollectionCases: ...
    @property
    def collectors(self) -> _DebtCollectionCollectors: ...
    @property
    def configurations(self) -> _DebtCollectionConfigurations: ...

class _DocumentTemplates:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def types(self) -> _DocumentTemplatesTypes: ...

class _ExpressCheckout:
    async def create_session(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def shipping(self) -> _ExpressCheckoutShipping: ...

class _HumanUsers:
    @property
    def account_roles(self) -> _HumanUsersAccountRoles: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    def export(
        self,
        *,
        fields: Iterable[str] = ...,
        limit: int | None = ...,
        offset: int | None = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[bytes]: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def space_roles(self) -> _HumanUsersSpaceRoles: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _LabelDescriptors:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def groups(self) -> _LabelDescriptorsGroups: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _Languages:
    async def get(self, code: str, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(self, *, expand: _Fields = ..., extra: _Extra = ...) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _LegalOrganizationForms:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _ManualTasks:
    async def action(self, id: _Id, action_id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def notification(self, id: _Id, *, extra: _Extra = ...) -> str | None: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _Payment:
    @property
    def bank_accounts(self) -> _PaymentBankAccounts: ...
    @property
    def bank_transactions(self) -> _PaymentBankTransactions: ...
    @property
    def charge_attempts(self) -> _PaymentChargeAttempts: ...
    @property
    def charge_flows(self) -> _PaymentChargeFlows: ...
    @property
    def condition_types(self) -> _PaymentConditionTypes: ...
    @property
    def connector_configurations(self) -> _PaymentConnectorConfigurations: ...
    @property
    def connectors(self) -> _PaymentConnectors: ...
    @property
    def currency_bank_accounts(self) -> _PaymentCurrencyBankAccounts: ...
    @property
    def delivery_indications(self) -> _PaymentDeliveryIndications: ...
    @property
    def dunning_cases(self) -> _PaymentDunningCases: ...
    @property
    def dunning_flows(self) -> _PaymentDunningFlows: ...
    @property
    def links(self) -> _PaymentLinks: ...
    @property
    def method_brands(self) -> _PaymentMethodBrands: ...
    @property
    def method_configurations(self) -> _PaymentMethodConfigurations: ...
    @property
    def methods(self) -> _PaymentMethods: ...
    @property
    def processor_configurations(self) -> _PaymentProcessorConfigurations: ...
    @property
    def processors(self) -> _PaymentProcessors: ...
    @property
    def refunds(self) -> _PaymentRefunds: ...
    @property
    def sales_channels(self) -> _PaymentSalesChannels: ...
    @property
    def terminals(self) -> _PaymentTerminals: ...
    @property
    def token_versions(self) -> _PaymentTokenVersions: ...
    @property
    def tokens(self) -> _PaymentTokens: ...
    @property
    def transaction(self) -> _PaymentTransaction: ...
    @property
    def transactions(self) -> _PaymentTransactions: ...
    @property
    def web_apps(self) -> _PaymentWebApps: ...

class _Permissions:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _Roles:
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _SingleSignOnUsers:
    @property
    def account_roles(self) -> _SingleSignOnUsersAccountRoles: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def space_roles(self) -> _SingleSignOnUsersSpaceRoles: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _Spaces:
    @property
    def consumed_resources(self) -> _SpacesConsumedResources: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Space: ...
    async def delete(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Space: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Space]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Space]: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Space: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Space], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Space: ...

class _StaticValues:
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...

class _Subscriptions:
    @property
    def affiliates(self) -> _SubscriptionsAffiliates: ...
    async def apply_changes(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def charges(self) -> _SubscriptionsCharges: ...
    async def create(self, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def get(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def initialize(self, id: _Id, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def initialize_subscriber_present(
        self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    def invoices(
        self,
        id: _Id,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def ledger_entries(self) -> _SubscriptionsLedgerEntries: ...
    def list(
        self,
        *,
        after: _Id | None = ...,
        before: _Id | None = ...,
        limit: int = ...,
        order: str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def metric_usage_reports(self) -> _SubscriptionsMetricUsageReports: ...
    @property
    def metrics(self) -> _SubscriptionsMetrics: ...
    @property
    def period_bills(self) -> _SubscriptionsPeriodBills: ...
    @property
    def products(self) -> _SubscriptionsProducts: ...
    async def reactivate(self, id: _Id, *, extra: _Extra = ...) -> None: ...
    def search(
        self,
        *,
        limit: int = ...,
        order: _Fields | None = ...,
        query: Query | str | None = ...,
        expand: _Fields = ...,
        max_items: int | None = ...,
        extra: _Extra = ...,
    ) -> AsyncGenerator[Record]: ...
    @property
    def subscribers(self) -> _SubscriptionsSubscribers: ...
    async def suspend(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    @property
    def suspensions(self) -> _SubscriptionsSuspensions: ...
    async def terminate(self, id: _Id, *, respect_termination_period: _Value, extra: _Extra = ...) -> None: ...
    async def update(self, id: _Id, body: _Body, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def upgrade_product(
        self, id: _Id, *, respect_termination_period: _Value, expand: _Fields = ..., extra: _Extra = ...
    ) -> Record: ...
    @property
    def versions(self) -> _SubscriptionsVersions: ...
    async def update_with(
        self,
        id: _Id,
        change: Callable[[Record], Mapping[str, Any] | None],
        *,
        attempts: int = ...,
        expand: _Fields = ...,
    ) -> Record: ...

class _WebApps:
    async def confirm(self, code: str, *, expand: _Fields = ..., extra: _Extra = ...) -> Record: ...
    async def installed(self, *, expand: _Fields = ..., extra: _Extra = ...) -> bool: ...
    async def uninstall(self, *, extra: _Extra = ...) -> None: ...

class _Webhooks:
    @property
    def encryption_keys(self) -> _WebhooksEncryptionKeys: ...
    @property
    def listeners(self) -> _WebhooksListeners: ...
    @property
    def urls(self) -> _WebhooksUrls: ...

class Services:
    _wiring: Wiring
    @property
    def accounts(self) -> _Accounts: ...
    @property
    def analytics(self) -> _Analytics: ...
    @property
    def application_users(self) -> _ApplicationUsers: ...
    @property
    def bogus_express_checkout(self) -> _BogusExpressCheckout: ...
    @property
    def countries(self) -> _Countries: ...
    @property
    def currencies(self) -> _Currencies: ...
    @property
    def customers(self) -> _Customers: ...
    @property
    def debt_collection(self) -> _DebtCollection: ...
    @property
    def document_templates(self) -> _DocumentTemplates: ...
    @property
    def express_checkout(self) -> _ExpressCheckout: ...
    @property
    def human_users(self) -> _HumanUsers: ...
    @property
    def label_descriptors(self) -> _LabelDescriptors: ...
    @property
    def languages(self) -> _Languages: ...
    @property
    def legal_organization_forms(self) -> _LegalOrganizationForms: ...
    @property
    def manual_tasks(self) -> _ManualTasks: ...
    @property
    def payment(self) -> _Payment: ...
    @property
    def permissions(self) -> _Permissions: ...
    @property
    def roles(self) -> _Roles: ...
    @property
    def single_sign_on_users(self) -> _SingleSignOnUsers: ...
    @property
    def spaces(self) -> _Spaces: ...
    @property
    def static_values(self) -> _StaticValues: ...
    @property
    def subscriptions(self) -> _Subscriptions: ...
    @property
    def web_apps(self) -> _WebApps: ...
    @property
    def webhooks(self) -> _Webhooks: ...
