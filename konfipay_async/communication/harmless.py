"""What is known to be harmless in requests and answers of both APIs, and what is always secret: data, and nothing else.

A value is kept where its name is here *and* it looks as values of this name do: `currency` is kept as long as it is
three capital letters. So a name or an account number that turns up in the wrong place is masked as well. Words are
listed one by one where there are few; what a server may write freely is in no list.

The names of konfipay are those of its models and samples, the names of the signed API those of the official SDKs.
"""

import re
from collections.abc import Mapping
from typing import Final

__all__ = [
    "FIELDS",
    "FURTHER_HEADERS",
    "HEADERS",
    "NAMES",
    "NUMBERED",
    "PARAMETERS",
    "PATHS",
    "SECRET_PARTS",
    "SECRET_WORDS",
    "URLS",
]


def _words(*words: str) -> "re.Pattern[str]":
    return re.compile("|".join(map(re.escape, words)), re.ASCII)


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _each(shape: "re.Pattern[str]", names: str) -> "dict[str, re.Pattern[str]]":
    return dict.fromkeys(names.split(), shape)


_RID: Final = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)
# Shorter than the number of a card.
_NUMBER: Final = re.compile(r"-?[0-9]{1,12}", re.ASCII)
_SMALL: Final = re.compile(r"[0-9]{1,6}", re.ASCII)
_SWITCH: Final = _words("true", "false")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TIME: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?",
    re.ASCII,
)
_CURRENCY: Final = re.compile(r"[A-Z]{3}", re.ASCII)
_LANGUAGE: Final = re.compile(r"[a-z]{2}(?:[-_][A-Z]{2})?", re.ASCII)
_VERSION: Final = re.compile(r"[0-9]{1,4}(?:\.[0-9]{1,4}){1,3}", re.ASCII)
_METHOD: Final = _words("GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS")
_FORMAT: Final = re.compile(r"(?:camt|pain)\.[0-9]{3}|MT ?9[0-9]{2}|9[0-9]{2}|5[2-4]|[Pp]df|PDF|TXT|CSV|XML", re.ASCII)
_ERROR_CODE: Final = re.compile(r"[A-Z]{3}-[0-9]{2}-[0-9]{4}", re.ASCII)
# Of ISO 20022 and EBICS.
_REASON: Final = re.compile(r"[A-Z]{2}[0-9]{2}", re.ASCII)
_SCOPE: Final = _words(
    *("Accounts", "Banks", "BankAccounts", "Payments", "Documents", "Transactions", "ExchangeRates"),
    *("PaymentProviders", "PayPal", "Users", "UserGroups"),
)
_STATUS: Final = re.compile(
    r"(?:KON|FIN)_(?:REJECTED|ACCEPTED_AND_QUEUED|UPLOAD_SUCCEEDED|UPLOAD_FAILED|UPLOAD_UNCLEAR|VEU_FORWARDED|"
    r"VEU_CANCELED|ACCEPTED|PARTIALLY_ACCEPTED|CONFIRMED)|"
    r"Open|Pending|Processed|Scheduled|Running|Finished|Failed|active|inactive|booked|pending|"
    r"PROCESSING|CANCELLED|FAILED|SUCCESS",
    re.ASCII,
)
_STATE: Final = _words(
    *("CREATE", "PENDING", "CONFIRMED", "PROCESSING", "FAILED", "AUTHORIZED", "VOIDED", "COMPLETED", "FULFILL"),
    *("DECLINE", "SCHEDULED", "MANUAL_CHECK", "SUCCESSFUL", "OPEN", "OVERDUE", "CANCELED", "PAID", "DERECOGNIZED"),
    *("NOT_APPLICABLE", "UNINITIALIZED", "ACTIVE", "OBSOLETE", "INACTIVE", "DELETING", "DELETED", "UPCOMING"),
    *("SETTLED", "DONE", "EXPIRED", "NOT_SUITABLE", "MANUAL_CHECK_REQUIRED", "SUITABLE", "PREPARING", "SUSPENDED"),
    *("DECOMMISSIONING", "DECOMMISSIONED", "INITIALIZING", "TERMINATION_SCHEDULED", "TERMINATING", "TERMINATED"),
    *("RUNNING", "SUCCEEDED", "RESTRICTED_ACTIVE", "GENERATED"),
)
_TYPE: Final = _words(
    *("TRF", "CBTRF", "DD", "CBDD", "PRODUCT", "DISCOUNT", "SHIPPING", "FEE", "TIP"),
    *("MERCHANT_INITIATED_ONLINE", "MERCHANT_INITIATED_OFFLINE"),
    *("CUSTOMER_INITIATED_AUTOMATIC", "CUSTOMER_INITIATED_MANUAL"),
)
_ERROR_NAME: Final = _words(
    *("RIdNotFound", "MsgIdNotFound", "AmbiguousMsgId", "InvalidMinDate", "InvalidMaxDate", "InvalidStartDate"),
    *("InvalidEndDate", "InvalidPeriod", "InvalidDate", "TransactionIdNotFound", "InvalidTransactionId"),
    *("AmbiguousTransactionId", "EMailAddressOrMerchantIdNotFound", "MissingParameter", "BankNotFound"),
    *("InvalidGateway", "UnknownBankAccount", "InvalidParameter", "Conflict", "Forbidden", "RouteNotFound"),
)

FIELDS: Final[Mapping[str, "re.Pattern[str]"]] = {
    **_each(_RID, "rId acknowledgementId paymentRids"),
    **_each(
        _NUMBER,
        "id version linkedSpaceId spaceId spaceViewId accountId linkedTransaction completion transactionId entityId "
        "eventId listenerEntityId webhookListenerId sortOrder requestLimit totalItems totalCount totalPages offset "
        "createdBy size scannedBytes resultFileBytes downloadRequests",
    ),
    **_each(
        _SMALL,
        "pageNumber pageSize limit numberOfElements statusCode expiresIn electronicSequenceNumber legalSequenceNumber",
    ),
    **_each(
        _SWITCH,
        "isNew isTest isActive isSandbox batchBooking failOnSubmittedPayments hasMore active restrictedActive "
        "activeOrRestrictedActive autoConfirmationEnabled chargeRetryEnabled emailsDisabled lastCompletion "
        "notifyEveryChange applicationManaged enabledForOneClickPayment enablePayloadSignatureAndState "
        "shippingRequired sentToCustomer",
    ),
    **_each(
        _TIME,
        "timestamp bookingDate valueDate executionDate uploadTimestamp startFetchDate date createdOn confirmedOn "
        "processingOn authorizedOn completedOn failedOn succeededOn timeoutOn nextUpdateOn plannedPurgeDate endOfLife "
        "activatedOn expiresOn obsoletedOn lastRetriedOn dueOn paidOn derecognizedOn createdTimestamp paymentDate "
        "authorizationTimeoutOn completionTimeoutOn deliveryDecisionMadeOn availableFrom availableUntil",
    ),
    **_each(_CURRENCY, "currency preferredCurrency primaryCurrency baseCurrency"),
    **_each(_LANGUAGE, "language"),
    **_each(_FORMAT, "format"),
    **_each(_STATUS, "status statusValue statusName"),
    **_each(_STATE, "state entityStates"),
    **_each(_TYPE, "type paymentType"),
    **_each(_METHOD, "method operationStatusMethod"),
    **_each(_ERROR_CODE, "errorCode"),
    **_each(_ERROR_NAME, "errorMessage"),
    **_each(_REASON, "reasonCode"),
    "creditDebitIndicator": _words("CRDT", "DBIT"),
    "chargeBearer": _words("SLEV", "SHAR", "DEBT", "CRED"),
    "rel": _words("self", "next", "previous", "prev", "first", "last"),
    "tokenType": _words("bearer", "Bearer"),
    "flowDirection": _words("INFLOW", "OUTFLOW"),
    "environment": _words("LIVE", "PREVIEW", "PRODUCTION", "TEST"),
    "mode": _words("DIRECT", "ONLINE", "OFFLINE"),
    "scope": _SCOPE,
    "clientVersion": _VERSION,
    # Of a list that stands alone: that of a key's rights.
    "": _SCOPE,
}
"""Fields of JSON, and what their values may look like to be kept; "" is the name of what has none."""

URLS: Final = frozenset({"href", "link", "operationStatusUrl", "ApiDocumentationLink"})
"""Fields whose values are addresses: kept as far as addresses of requests are."""

NAMES: Final = _names(
    """
    Message accessToken accountDescription accountHolder accounts additionalInformation address amount apiKey
    attributes balance bankAccount bankAccounts bankCode bankReference banks batch bic billingAddress bookingText city
    client clientId clientSecret code completedAmount authorizationAmount refundedAmount content country creditorId
    customer customerEmailAddress customerId customerReference customersPresence data debtor description details
    document documents email emailAddress endToEndId entity error errorDetails errorItem errorItems errors externalId
    failureReason familyName fee file fileName givenName group holder html iban identity initPartyBankAccount instrId
    invoiceId invoiceMerchantReference items key label labels lineItems macKey members merchantReference message
    metaData mimeType name number orderID organizationName otherPartyBankAccount payPalAccount payPalBalances
    paymentConnectorConfiguration paymentFile paymentFiles paymentIdentificationId paymentInfo paymentInfos payments
    phoneNumber postalAddress postcode primaNota processorReference processorToken purpose purposeCode quantity
    queryExternalId queryToken rate reason reductions relatedPayments results rmtInfoUStrd secret shippingAddress sku
    sql street subject taxes terminal text timeZone title token tokenReference transaction transactionFile
    transactionFiles transactions uniqueId url userFailureMessage users verificationOfPayee
    amountIncludingTax taxAmount links
    """
)
"""Further names of fields: they are shown, and their values masked. A name that is not known may be anybody's."""

PARAMETERS: Final[Mapping[str, "re.Pattern[str]"]] = {
    **_each(_SMALL, "page-number page-size pageNumber pageSize limit offset"),
    **_each(_RID, "bank-account-rid batch-rid payment-file-rid paypal-account-rid"),
    **_each(_SWITCH, "is-new force force-update submit verification-of-payee base64-encoded"),
    **_each(
        _DAY, "min-date max-date min-booking-date max-booking-date min-execution-date max-execution-date startDate"
    ),
    **_each(_NUMBER, "after before transactionId"),
    **_each(_FORMAT, "format"),
    **_each(_STATUS, "status booking-status"),
    **_each(_TYPE, "payment-type"),
    "credit-or-debit-indicator": _words("CRDT", "DBIT"),
    "bank-account-type": _words("production", "test"),
    "scope": _words("Sepa", "Iso20022", "Dtazv"),
    "order": _words("ASC", "DESC"),
    "expand": _words(
        *(
            "group",
            "labels",
            "metaData",
            "lineItems",
            "account",
            "url",
            "identity",
            "transaction",
            "charge.transaction",
        ),
        *("configuration", "token", "terminal", "paymentConnectorConfiguration", "charge", "refund", "completion"),
        *("paymentConnectorConfiguration.processorConfiguration", "bankTransaction"),
    ),
    **_each(
        re.compile("(?!)"),
        "account-description account-holder customer-reference fields file-name iban integrationMode language "
        "max-amount min-amount order-type purpose query queryExternalId remittance-text serialNumber",
    ),
}
"""Parameters of queries, likewise. The last ones are known by name only."""

_MEDIA: Final = (
    r"(?:application/(?:json|problem\+json|xml|pdf|zip|octet-stream|x-www-form-urlencoded)|multipart/form-data|"
    r"text/(?:plain|html|xml|csv)|\*/\*)(?:; ?charset=(?:utf-8|UTF-8|us-ascii|iso-8859-1|iso-8859-15|windows-1252))?"
    r"(?:; ?q=[01](?:\.[0-9])?)?"
)
_MEDIA_TYPES: Final = re.compile(rf"{_MEDIA}(?:, ?{_MEDIA})*", re.ASCII)
_HTTP_DATE: Final = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), [0-9]{2} (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) "
    r"[0-9]{4} [0-9]{2}:[0-9]{2}:[0-9]{2} GMT",
    re.ASCII,
)
_CODINGS: Final = re.compile(r"(?:gzip|deflate|br|zstd|identity|chunked)(?:, ?(?:gzip|deflate|br|zstd|identity))*")
_CACHING: Final = r"(?:no-cache|no-store|private|public|must-revalidate|max-age=[0-9]{1,9})"

HEADERS: Final[Mapping[str, "re.Pattern[str]"]] = {
    **_each(_MEDIA_TYPES, "accept content-type"),
    **_each(_CODINGS, "accept-encoding content-encoding transfer-encoding"),
    **_each(_NUMBER, "content-length age space account"),
    **_each(_HTTP_DATE, "date expires last-modified"),
    **_each(_RID, "request-id x-request-id x-correlation-id"),
    **_each(_SMALL, "x-ratelimit-limit x-ratelimit-remaining x-ratelimit-reset"),
    "retry-after": re.compile(rf"[0-9]{{1,9}}|{_HTTP_DATE.pattern}", re.ASCII),
    "connection": _words("close", "keep-alive"),
    "cache-control": re.compile(rf"{_CACHING}(?:, ?{_CACHING})*", re.ASCII),
    "user-agent": re.compile(r"konfipay-async/[0-9]{1,4}(?:\.[0-9a-z]{1,8}){0,3}", re.ASCII),
    "server": re.compile(
        r"(?:Microsoft-IIS|Microsoft-HTTPAPI|Kestrel|nginx|Apache|cloudflare)(?:/[0-9]{1,3}(?:\.[0-9]{1,3}){0,2})?",
        re.ASCII,
    ),
    "www-authenticate": re.compile(
        r'(?:Bearer|Basic|Negotiate)(?: error="(?:invalid_token|invalid_request|insufficient_scope)")?', re.ASCII
    ),
    "strict-transport-security": re.compile(r"max-age=[0-9]{1,10}(?:; ?includeSubDomains)?", re.ASCII),
    **_each(re.compile("(?!)"), "etag vary via x-powered-by content-disposition content-location host"),
}
"""Headers, by their names in small letters."""

FURTHER_HEADERS: Final = _names(
    "authorization proxy-authorization cookie set-cookie x-api-key x-auth-token x-signature location link"
)
"""Further headers that are shown by their names: the secret ones, and addresses, which are kept as far as those of
requests are."""

PATHS: Final = _names(
    """
    acknowledge accounts active-version account-roles addresses analytics api application-users authentication
    bank-accounts bank-transactions banks bulk by-credentials by-identifier cancel charge-attempts charge-flow
    charge-flows charges check-token-creation-possible comments completions confirm connector-configurations connectors
    content countries create currencies customers deactivate default delete delivery-indications document documents
    dunning-cases email-addresses encryption-keys exchange-rates expand export external-transfers extract human-users
    iframe-javascript-url internal-transfers invoices invoicing keys labels languages lightbox-javascript-url
    line-item-versions links manual-tasks mark-failed mark-succeeded method-brands method-configurations methods
    mobile-sdk-url one-click-tokens packing-slip payment payment-files payment-link payment-method-configurations
    payment-page-url payment-providers payment-receipts payments paypal perform-transaction permissions pin
    process-with-token processors queries queryExternalId queryToken receipt refund refund-recoveries refunds
    result revoke roles scopes search space-roles spaces states static-values status submit subscribers subscriptions
    terminal-receipts terminals token token-versions tokens transaction transaction-files transaction-summaries
    transactions trigger-final-balance unpin urls user-groups users v4 v5 v5.0 v6 v6.0 v2.0 activate void-offline
    void-online voids webhooks listeners all Info Api_Doc complete-offline complete-online complete-partially-offline
    complete-partially-online credentials web-apps
    """
)
"""Segments of paths. UUIDs are kept as well, all else is masked."""

NUMBERED: Final = frozenset({"{id}", "{invoiceId}", "{refundId}", "{transactionId}", "{userId}"})
"""Segments of templates that stand for numbers which the server gave: these are kept."""

SECRET_PARTS: Final = (
    *("secret", "password", "passwort", "passphrase", "apikey", "accesstoken", "refreshtoken", "authorization"),
    *("credential", "cookie", "cardnumber", "cardholder", "cardverification", "securitycode", "privatekey", "mackey"),
    *("accesskey", "signature", "authenticationkey", "processortoken", "querytoken", "bearer", "onetimepassword"),
    *("passwd", "kennwort", "hmac"),
)
"""Whatever has one of these in its name (letters only, small) is a secret, and never kept."""

SECRET_WORDS: Final = _names(
    """
    auth cvc cvv cvc2 cvv2 cvn pan pass pw pwd idtoken jwt key otp pin primaryaccountnumber session sessionid
    sessiontoken tan token tokenreference xcsrftoken xsignature expirydate expirationdate cardexpiry cardexpirydate
    expirymonth expiryyear cryptogram trackdata magstripe track1 track2 cardtoken cardcode devicesessionidentifier
    """
)
"""And what is called exactly this."""
