"""What resources are made of: their common fields, line items, addresses, reasons of failure, labels."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from konfipay_async.wallee.models.record import Record
from konfipay_async.wallee.models.states import FailureCategory, LineItemType
from konfipay_async.wallee.models.wire import Wire, finite

__all__ = ["Address", "FailureReason", "Label", "LineItem", "LineItemReduction", "Resource", "Tax"]


class Resource(Wire, frozen=True, gc=False, kw_only=True):
    """What nearly every resource has. All but the id may be missing.

    A linked resource that was not asked for with `expand` comes as its id only (a stub), or not at all (None):
    ``refund.transaction.id`` holds in either of the first two cases, however the server writes it.
    """

    id: int
    version: int | None = None
    linked_space_id: int | None = None
    created_on: datetime | None = None
    planned_purge_date: datetime | None = None
    language: str | None = None
    time_zone: str | None = None
    space_view_id: int | None = None

    @property
    def is_stub(self) -> bool:
        """Whether nothing but the id came."""
        return self == type(self)(id=self.id)


class Tax(Wire, frozen=True, gc=False, kw_only=True):
    """A tax of a line item; `rate` in percent."""

    title: str | None = None
    rate: Decimal | None = None

    def __post_init__(self) -> None:
        finite(self.rate)


class LineItem(Wire, frozen=True, gc=False, kw_only=True):
    """A line of what is paid. `amount_including_tax` is the line's total, negative for discounts.

    To create one, `unique_id`, `name`, `type`, `quantity` and `amount_including_tax` are needed; the amounts from
    `amount_excluding_tax` on are the API's to compute. `attributes` is ``{key: {label, value}}``.
    """

    unique_id: str | None = None
    name: str | None = None
    type: LineItemType | None = None
    quantity: Decimal | None = None
    amount_including_tax: Decimal | None = None
    sku: str | None = None
    shipping_required: bool | None = None
    taxes: list[Tax] | None = None
    attributes: dict[str, Any] | None = None
    discount_including_tax: Decimal | None = None
    discount_excluding_tax: Decimal | None = None
    amount_excluding_tax: Decimal | None = None
    tax_amount: Decimal | None = None
    tax_amount_per_unit: Decimal | None = None
    aggregated_tax_rate: Decimal | None = None
    unit_price_including_tax: Decimal | None = None
    unit_price_excluding_tax: Decimal | None = None
    undiscounted_amount_including_tax: Decimal | None = None
    undiscounted_amount_excluding_tax: Decimal | None = None
    undiscounted_unit_price_including_tax: Decimal | None = None
    undiscounted_unit_price_excluding_tax: Decimal | None = None

    def __post_init__(self) -> None:
        finite(
            self.quantity,
            self.amount_including_tax,
            self.discount_including_tax,
            self.discount_excluding_tax,
            self.amount_excluding_tax,
            self.tax_amount,
            self.tax_amount_per_unit,
            self.aggregated_tax_rate,
            self.unit_price_including_tax,
            self.unit_price_excluding_tax,
            self.undiscounted_amount_including_tax,
            self.undiscounted_amount_excluding_tax,
            self.undiscounted_unit_price_including_tax,
            self.undiscounted_unit_price_excluding_tax,
        )


class LineItemReduction(Wire, frozen=True, gc=False, kw_only=True):
    """What a refund takes off a line item."""

    line_item_unique_id: str | None = None
    quantity_reduction: Decimal | None = None
    unit_price_reduction: Decimal | None = None

    def __post_init__(self) -> None:
        finite(self.quantity_reduction, self.unit_price_reduction)


class Address(Wire, frozen=True, gc=False, kw_only=True):
    """A billing or shipping address. `country` is of two letters.

    `legal_organization_form` is written as an id and read as an object.
    """

    given_name: str | None = None
    family_name: str | None = None
    organization_name: str | None = None
    street: str | None = None
    city: str | None = None
    postcode: str | None = None
    postal_state: str | None = None
    country: str | None = None
    email_address: str | None = None
    phone_number: str | None = None
    mobile_phone_number: str | None = None
    salutation: str | None = None
    gender: str | None = None
    date_of_birth: date | None = None
    legal_organization_form: Record | None = None
    sales_tax_number: str | None = None
    commercial_register_number: str | None = None


class FailureReason(Wire, frozen=True, gc=False, kw_only=True):
    """Why something failed; `name` and `description` by language ("en-US")."""

    id: int | None = None
    category: FailureCategory | None = None
    name: dict[str, str] | None = None
    description: dict[str, str] | None = None


class Label(Wire, frozen=True, gc=False, kw_only=True):
    """A fact hung onto a resource, such as a card's brand; `descriptor` says which fact."""

    id: int | None = None
    descriptor: Record | None = None
    content: Any = None
    content_as_string: str | None = None
