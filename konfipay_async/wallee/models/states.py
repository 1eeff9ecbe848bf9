"""The API's enumerations, as far as the official SDK lists them. All are open: a value that is new is kept as it is."""

from konfipay_async.tolerance import OpenEnum

__all__ = [
    "AnalyticsState",
    "ChargeAttemptState",
    "ChargeState",
    "ChargeType",
    "CompletionBehavior",
    "CompletionMode",
    "CompletionState",
    "CustomersPresence",
    "EntityState",
    "Environment",
    "FailureCategory",
    "InvoiceState",
    "LineItemType",
    "RefundState",
    "RefundType",
    "SettlementState",
    "TokenVersionState",
    "TransactionState",
    "VoidMode",
    "VoidState",
]


class TransactionState(OpenEnum):
    """Where a payment is."""

    CREATE = "CREATE"
    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    AUTHORIZED = "AUTHORIZED"
    VOIDED = "VOIDED"
    COMPLETED = "COMPLETED"
    FULFILL = "FULFILL"
    DECLINE = "DECLINE"


class RefundState(OpenEnum):
    """Where a refund is."""

    CREATE = "CREATE"
    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    MANUAL_CHECK = "MANUAL_CHECK"
    FAILED = "FAILED"
    SUCCESSFUL = "SUCCESSFUL"


class RefundType(OpenEnum):
    """Who began a refund, and whether the processor does it."""

    MERCHANT_INITIATED_ONLINE = "MERCHANT_INITIATED_ONLINE"
    MERCHANT_INITIATED_OFFLINE = "MERCHANT_INITIATED_OFFLINE"
    CUSTOMER_INITIATED_AUTOMATIC = "CUSTOMER_INITIATED_AUTOMATIC"
    CUSTOMER_INITIATED_MANUAL = "CUSTOMER_INITIATED_MANUAL"


class CompletionState(OpenEnum):
    """Where a completion is."""

    CREATE = "CREATE"
    SCHEDULED = "SCHEDULED"
    PENDING = "PENDING"
    FAILED = "FAILED"
    SUCCESSFUL = "SUCCESSFUL"


class CompletionMode(OpenEnum):
    """How a completion comes about."""

    DIRECT = "DIRECT"
    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class VoidState(OpenEnum):
    """Where a void is."""

    CREATE = "CREATE"
    PENDING = "PENDING"
    FAILED = "FAILED"
    SUCCESSFUL = "SUCCESSFUL"


class VoidMode(OpenEnum):
    """Whether the processor is told of a void."""

    ONLINE = "ONLINE"
    OFFLINE = "OFFLINE"


class InvoiceState(OpenEnum):
    """Where an invoice is."""

    CREATE = "CREATE"
    OPEN = "OPEN"
    OVERDUE = "OVERDUE"
    CANCELED = "CANCELED"
    PAID = "PAID"
    DERECOGNIZED = "DERECOGNIZED"
    NOT_APPLICABLE = "NOT_APPLICABLE"


class ChargeAttemptState(OpenEnum):
    """Where an attempt to charge is."""

    PROCESSING = "PROCESSING"
    FAILED = "FAILED"
    SUCCESSFUL = "SUCCESSFUL"


class ChargeState(OpenEnum):
    """Where a charge is."""

    PENDING = "PENDING"
    FAILED = "FAILED"
    SUCCESSFUL = "SUCCESSFUL"


class ChargeType(OpenEnum):
    """How a charge is made."""

    ASYNCHRONOUS = "ASYNCHRONOUS"
    SYNCHRONOUS = "SYNCHRONOUS"
    TOKEN = "TOKEN"  # noqa: S105 (no secret)
    TERMINAL = "TERMINAL"


class TokenVersionState(OpenEnum):
    """Whether a version of a token can be charged."""

    UNINITIALIZED = "UNINITIALIZED"
    ACTIVE = "ACTIVE"
    OBSOLETE = "OBSOLETE"


class EntityState(OpenEnum):
    """The life of what is set up: tokens, links, configurations, webhooks, spaces (the SDK's CreationEntityState).

    What is DELETED can still be read until it is purged. Accounts, and spaces as public code has it, may be
    RESTRICTED_ACTIVE.
    """

    CREATE = "CREATE"
    ACTIVE = "ACTIVE"
    RESTRICTED_ACTIVE = "RESTRICTED_ACTIVE"
    INACTIVE = "INACTIVE"
    DELETING = "DELETING"
    DELETED = "DELETED"


class SettlementState(OpenEnum):
    """Whether a booking on a bank account has happened."""

    UPCOMING = "UPCOMING"
    SETTLED = "SETTLED"


class AnalyticsState(OpenEnum):
    """Where an analytics query is."""

    PROCESSING = "PROCESSING"
    CANCELLED = "CANCELLED"
    FAILED = "FAILED"
    SUCCESS = "SUCCESS"


class Environment(OpenEnum):
    """Whether money is moved. A transaction's own is LIVE or PREVIEW, all others are PRODUCTION or TEST."""

    LIVE = "LIVE"
    PREVIEW = "PREVIEW"
    PRODUCTION = "PRODUCTION"
    TEST = "TEST"


class CompletionBehavior(OpenEnum):
    """When an authorised transaction is completed."""

    COMPLETE_IMMEDIATELY = "COMPLETE_IMMEDIATELY"
    COMPLETE_DEFERRED = "COMPLETE_DEFERRED"
    USE_CONFIGURATION = "USE_CONFIGURATION"


class CustomersPresence(OpenEnum):
    """Where the customer is while paying."""

    NOT_PRESENT = "NOT_PRESENT"
    VIRTUAL_PRESENT = "VIRTUAL_PRESENT"
    PHYSICAL_PRESENT = "PHYSICAL_PRESENT"


class LineItemType(OpenEnum):
    """What a line item is."""

    PRODUCT = "PRODUCT"
    DISCOUNT = "DISCOUNT"
    SHIPPING = "SHIPPING"
    FEE = "FEE"
    TIP = "TIP"


class FailureCategory(OpenEnum):
    """Whose failure it is."""

    TEMPORARY_ISSUE = "TEMPORARY_ISSUE"
    INTERNAL = "INTERNAL"
    END_USER = "END_USER"
    CONFIGURATION = "CONFIGURATION"
    DEVELOPER = "DEVELOPER"
