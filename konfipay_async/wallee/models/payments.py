"""Transactions, and what is done with them: refunds, completions, voids, invoices, charges.

Fields follow the official SDK's models; which links can be expanded is inferred, but for those the API's description
uses itself. Amounts are in the transaction's currency.
"""

from datetime import datetime
from decimal import Decimal

from konfipay_async.wallee.models.parts import Address, FailureReason, Label, LineItem, LineItemReduction, Resource, Tax
from konfipay_async.wallee.models.record import Record
from konfipay_async.wallee.models.states import (
    ChargeAttemptState,
    ChargeState,
    ChargeType,
    CompletionBehavior,
    CompletionMode,
    CompletionState,
    CustomersPresence,
    EntityState,
    Environment,
    InvoiceState,
    RefundState,
    RefundType,
    TokenVersionState,
    TransactionState,
    VoidMode,
    VoidState,
)
from konfipay_async.wallee.models.wire import finite

__all__ = [
    "Charge",
    "ChargeAttempt",
    "Refund",
    "Token",
    "TokenVersion",
    "Transaction",
    "TransactionCompletion",
    "TransactionInvoice",
    "TransactionVoid",
]


class Token(Resource, frozen=True, gc=False, kw_only=True):
    """A means of payment that can be charged again."""

    state: EntityState | None = None
    external_id: str | None = None
    token_reference: str | None = None
    customer_id: str | None = None
    customer_email_address: str | None = None
    enabled_for_one_click_payment: bool | None = None


class TokenVersion(Resource, frozen=True, gc=False, kw_only=True):
    """A token as it was set up at one time. `retry_in` is a duration as the API writes it."""

    state: TokenVersionState | None = None
    name: str | None = None
    icon_url: str | None = None
    processor_token: str | None = None
    retry_strategy: str | None = None
    retry_in: str | None = None
    activated_on: datetime | None = None
    expires_on: datetime | None = None
    obsoleted_on: datetime | None = None
    last_retried_on: datetime | None = None
    token: Token | None = None
    payment_connector_configuration: Record | None = None
    payment_method: Record | None = None
    payment_method_brand: Record | None = None
    labels: list[Label] | None = None

    def __repr__(self) -> str:
        # `processor_token` is what a card is charged by.
        return f"TokenVersion(id={self.id!r}, version={self.version!r}, state={self.state!r})"


class Transaction(Resource, frozen=True, gc=False, kw_only=True):
    """One payment. Lists come None where they were not sent (ask with `expand`), and empty where there is nothing."""

    state: TransactionState | None = None
    currency: str | None = None
    authorization_amount: Decimal | None = None
    completed_amount: Decimal | None = None
    refunded_amount: Decimal | None = None
    total_applied_fees: Decimal | None = None
    total_settled_amount: Decimal | None = None
    merchant_reference: str | None = None
    invoice_merchant_reference: str | None = None
    customer_id: str | None = None
    customer_email_address: str | None = None
    shipping_method: str | None = None
    success_url: str | None = None
    failed_url: str | None = None
    device_session_identifier: str | None = None
    line_items: list[LineItem] | None = None
    billing_address: Address | None = None
    shipping_address: Address | None = None
    meta_data: dict[str, str] | None = None
    allowed_payment_method_configurations: list[int] | None = None
    allowed_payment_method_brands: list[int] | None = None
    auto_confirmation_enabled: bool | None = None
    charge_retry_enabled: bool | None = None
    emails_disabled: bool | None = None
    java_enabled: bool | None = None
    confirmed_by: int | None = None
    created_by: int | None = None
    authorization_sales_channel: int | None = None
    years_to_keep: int | None = None
    confirmed_on: datetime | None = None
    processing_on: datetime | None = None
    authorized_on: datetime | None = None
    completed_on: datetime | None = None
    failed_on: datetime | None = None
    delivery_decision_made_on: datetime | None = None
    authorization_timeout_on: datetime | None = None
    completion_timeout_on: datetime | None = None
    end_of_life: datetime | None = None
    user_failure_message: str | None = None
    failure_reason: FailureReason | None = None
    user_agent_header: str | None = None
    accept_header: str | None = None
    accept_language_header: str | None = None
    internet_protocol_address: str | None = None
    internet_protocol_address_country: str | None = None
    screen_height: str | None = None
    screen_width: str | None = None
    screen_color_depth: str | None = None
    window_height: str | None = None
    window_width: str | None = None
    completion_behavior: CompletionBehavior | None = None
    customers_presence: CustomersPresence | None = None
    tokenization_mode: str | None = None
    environment: Environment | None = None
    authorization_environment: Environment | None = None
    environment_selection_strategy: str | None = None
    user_interface_type: str | None = None
    group: Record | None = None
    payment_connector_configuration: Record | None = None
    token: Token | None = None
    terminal: Record | None = None
    parent: Record | None = None

    def __post_init__(self) -> None:
        finite(
            self.authorization_amount,
            self.completed_amount,
            self.refunded_amount,
            self.total_applied_fees,
            self.total_settled_amount,
        )


class Refund(Resource, frozen=True, gc=False, kw_only=True):
    """Money given back."""

    state: RefundState | None = None
    type: RefundType | None = None
    amount: Decimal | None = None
    total_applied_fees: Decimal | None = None
    total_settled_amount: Decimal | None = None
    external_id: str | None = None
    merchant_reference: str | None = None
    processor_reference: str | None = None
    completion: int | None = None
    updated_invoice: int | None = None
    created_by: int | None = None
    reductions: list[LineItemReduction] | None = None
    line_items: list[LineItem] | None = None
    base_line_items: list[LineItem] | None = None
    reduced_line_items: list[LineItem] | None = None
    taxes: list[Tax] | None = None
    processing_on: datetime | None = None
    succeeded_on: datetime | None = None
    failed_on: datetime | None = None
    timeout_on: datetime | None = None
    next_update_on: datetime | None = None
    failure_reason: FailureReason | None = None
    environment: Environment | None = None
    transaction: Transaction | None = None
    labels: list[Label] | None = None

    def __post_init__(self) -> None:
        finite(self.amount, self.total_applied_fees, self.total_settled_amount)


class TransactionCompletion(Resource, frozen=True, gc=False, kw_only=True):
    """A part of a transaction, or all of it, that is taken."""

    state: CompletionState | None = None
    mode: CompletionMode | None = None
    amount: Decimal | None = None
    tax_amount: Decimal | None = None
    linked_transaction: int | None = None
    last_completion: bool | None = None
    external_id: str | None = None
    invoice_merchant_reference: str | None = None
    statement_descriptor: str | None = None
    processor_reference: str | None = None
    payment_information: str | None = None
    line_items: list[LineItem] | None = None
    base_line_items: list[LineItem] | None = None
    remaining_line_items: list[LineItem] | None = None
    created_by: int | None = None
    processing_on: datetime | None = None
    succeeded_on: datetime | None = None
    failed_on: datetime | None = None
    timeout_on: datetime | None = None
    next_update_on: datetime | None = None
    failure_reason: FailureReason | None = None
    line_item_version: Record | None = None
    labels: list[Label] | None = None

    def __post_init__(self) -> None:
        finite(self.amount, self.tax_amount)


class TransactionVoid(Resource, frozen=True, gc=False, kw_only=True):
    """An authorised transaction that is not taken."""

    state: VoidState | None = None
    mode: VoidMode | None = None
    linked_transaction: int | None = None
    created_by: int | None = None
    processor_reference: str | None = None
    succeeded_on: datetime | None = None
    failed_on: datetime | None = None
    timeout_on: datetime | None = None
    next_update_on: datetime | None = None
    failure_reason: FailureReason | None = None
    transaction: Transaction | None = None
    labels: list[Label] | None = None


class TransactionInvoice(Resource, frozen=True, gc=False, kw_only=True):
    """What a customer owes, or owed."""

    state: InvoiceState | None = None
    amount: Decimal | None = None
    outstanding_amount: Decimal | None = None
    tax_amount: Decimal | None = None
    linked_transaction: int | None = None
    derecognized_by: int | None = None
    due_on: datetime | None = None
    paid_on: datetime | None = None
    derecognized_on: datetime | None = None
    external_id: str | None = None
    merchant_reference: str | None = None
    line_items: list[LineItem] | None = None
    billing_address: Address | None = None
    environment: Environment | None = None
    completion: TransactionCompletion | None = None

    def __post_init__(self) -> None:
        finite(self.amount, self.outstanding_amount, self.tax_amount)


class Charge(Resource, frozen=True, gc=False, kw_only=True):
    """The way a transaction's money comes."""

    state: ChargeState | None = None
    type: ChargeType | None = None
    user_failure_message: str | None = None
    timeout_on: datetime | None = None
    failure_reason: FailureReason | None = None
    transaction: Transaction | None = None


class ChargeAttempt(Resource, frozen=True, gc=False, kw_only=True):
    """One attempt at a charge. A card's brand and last digits are `labels`."""

    state: ChargeAttemptState | None = None
    environment: Environment | None = None
    linked_transaction: int | None = None
    sales_channel: int | None = None
    initializing_token_version: bool | None = None
    redirection_url: str | None = None
    user_failure_message: str | None = None
    succeeded_on: datetime | None = None
    failed_on: datetime | None = None
    timeout_on: datetime | None = None
    next_update_on: datetime | None = None
    failure_reason: FailureReason | None = None
    wallet: Record | None = None
    completion_behavior: CompletionBehavior | None = None
    customers_presence: CustomersPresence | None = None
    charge: Charge | None = None
    connector_configuration: Record | None = None
    token_version: TokenVersion | None = None
    terminal: Record | None = None
    invocation: Record | None = None
    labels: list[Label] | None = None
