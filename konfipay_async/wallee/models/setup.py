"""Who and what a space holds beside payments: customers, payment links, payment methods, webhooks, the space itself."""

from datetime import datetime
from decimal import Decimal

from konfipay_async.wallee.models.parts import Address, LineItem, Resource
from konfipay_async.wallee.models.payments import Transaction, TransactionCompletion
from konfipay_async.wallee.models.record import Record
from konfipay_async.wallee.models.states import EntityState, SettlementState
from konfipay_async.wallee.models.wire import finite

__all__ = [
    "ApplicationUser",
    "BankTransaction",
    "ChargeBankTransaction",
    "Customer",
    "PaymentLink",
    "PaymentMethodConfiguration",
    "Space",
    "WebhookListener",
    "WebhookUrl",
]


class Customer(Resource, frozen=True, gc=False, kw_only=True):
    """A customer. `meta_data` comes where it is expanded (an example of the description)."""

    given_name: str | None = None
    family_name: str | None = None
    customer_id: str | None = None
    email_address: str | None = None
    preferred_currency: str | None = None
    meta_data: dict[str, str] | None = None


class PaymentMethodConfiguration(Resource, frozen=True, gc=False, kw_only=True):
    """A way of paying as a space offers it; texts by language ("en-US")."""

    state: EntityState | None = None
    name: str | None = None
    sort_order: int | None = None
    space_id: int | None = None
    title: dict[str, str] | None = None
    description: dict[str, str] | None = None
    resolved_title: dict[str, str] | None = None
    resolved_description: dict[str, str] | None = None
    resolved_image_url: str | None = None
    image_resource_path: str | None = None
    data_collection_type: str | None = None
    one_click_payment_mode: str | None = None
    payment_method: Record | None = None


class PaymentLink(Resource, frozen=True, gc=False, kw_only=True):
    """A link that takes payments."""

    state: EntityState | None = None
    url: str | None = None
    name: str | None = None
    external_id: str | None = None
    currency: str | None = None
    maximal_number_of_transactions: int | None = None
    available_from: datetime | None = None
    available_until: datetime | None = None
    applied_space_view: int | None = None
    allowed_redirection_domains: list[str] | None = None
    line_items: list[LineItem] | None = None
    protection_mode: str | None = None
    billing_address_handling_mode: str | None = None
    shipping_address_handling_mode: str | None = None
    allowed_payment_method_configurations: list[PaymentMethodConfiguration] | None = None


class WebhookUrl(Resource, frozen=True, gc=False, kw_only=True):
    """Where webhooks go."""

    state: EntityState | None = None
    name: str | None = None
    url: str | None = None
    application_managed: bool | None = None


class WebhookListener(Resource, frozen=True, gc=False, kw_only=True):
    """What is told by webhooks. `entity` is the id of a kind of resource; `url` is a WebhookUrl, written as its id.

    `enable_payload_signature_and_state` can only be set in the portal. Without it messages carry neither.
    """

    state: EntityState | None = None
    name: str | None = None
    entity: int | None = None
    entity_states: list[str] | None = None
    notify_every_change: bool | None = None
    enable_payload_signature_and_state: bool | None = None
    url: WebhookUrl | None = None
    identity: Record | None = None


class Space(Resource, frozen=True, gc=False, kw_only=True):
    """A space. `request_limit` is how many requests it takes per two minutes."""

    state: EntityState | None = None
    name: str | None = None
    primary_currency: str | None = None
    request_limit: int | None = None
    active: bool | None = None
    active_or_restricted_active: bool | None = None
    restricted_active: bool | None = None
    technical_contact_addresses: list[str] | None = None
    postal_address: Address | None = None
    created_by: int | None = None
    deleted_by: int | None = None
    account: Record | None = None
    database: Record | None = None


class ApplicationUser(Resource, frozen=True, gc=False, kw_only=True):
    """A program's user. `request_limit` is how many requests it may send per two minutes."""

    state: EntityState | None = None
    name: str | None = None
    user_type: str | None = None
    request_limit: int | None = None
    primary_account: Record | None = None
    scope: Record | None = None


class BankTransaction(Resource, frozen=True, gc=False, kw_only=True):
    """A booking on a bank account; `flow_direction` is INFLOW or OUTFLOW."""

    state: SettlementState | None = None
    flow_direction: str | None = None
    posting_amount: Decimal | None = None
    value_amount: Decimal | None = None
    total_adjustment_amount_including_tax: Decimal | None = None
    payment_date: datetime | None = None
    value_date: datetime | None = None
    reference: str | None = None
    external_id: str | None = None
    source: int | None = None
    type: int | None = None
    created_by: int | None = None
    adjustments: list[Record] | None = None
    currency_bank_account: Record | None = None

    def __post_init__(self) -> None:
        finite(self.posting_amount, self.value_amount, self.total_adjustment_amount_including_tax)


class ChargeBankTransaction(Resource, frozen=True, gc=False, kw_only=True):
    """What a charge brought to a bank account."""

    transaction_currency_amount: Decimal | None = None
    transaction_currency_value_amount: Decimal | None = None
    linked_transaction: int | None = None
    bank_transaction: BankTransaction | None = None
    transaction: Transaction | None = None
    completion: TransactionCompletion | None = None

    def __post_init__(self) -> None:
        finite(self.transaction_currency_amount, self.transaction_currency_value_amount)
