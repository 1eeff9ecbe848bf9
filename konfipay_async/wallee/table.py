"""Every service and operation of the API, as one table. Facts follow the official SDK (release 6.4.0).

A line that is not indented is a service: its name, its base path, the header it needs, and its standard operations.
L lists, S searches, R reads, C creates, U updates (with the version), D deletes, B is the same for many in one request.
C! makes nothing twice, by an external id; D! cannot be undone. ``=Model`` names the model where it is not the
service's name in the singular.

An indented line is one more operation: method, path below the base, query names (``*`` is mandatory; LIST and SEARCH
are those of paging), ``+body`` (``+version`` and ``+external`` for one that must hold a version or an external id,
``+external?`` for one that may), then what it answers: a model, ``Model*`` for a list that is not paged, ``[Model]``
for an array, text, bool, csv or none. After that: another timeout in seconds, another header, that a repeat *resumes*
it, or that each success is *billed*.
"""

__all__ = ["TABLE"]

TABLE = """
Accounts /accounts - LSRCUD!
    POST /{id}/activate -> none
    POST /{id}/deactivate -> none
AnalyticsQueries /analytics/queries Account -
    DELETE /queryExternalId/{queryExternalId} -> none
    DELETE /queryToken/{queryToken} -> none
    GET ?offset*,limit* -> ResultPortionModel
    GET /queryExternalId/{queryExternalId} -> SubmittedAnalyticsQueryExecution 97s
    GET /queryExternalId/{queryExternalId}/result -> text billed
    GET /queryToken/{queryToken} -> SubmittedAnalyticsQueryExecution 97s
    GET /queryToken/{queryToken}/result -> text billed
    POST /submit?queryExternalId* +body -> AnalyticsQueryExecutionResponse
ApplicationUsers /application-users - LSRCUD!
    DELETE /{userId}/keys/{id} -> none
    GET /{userId}/keys -> [RestApplicationUserMacKey]
    POST /{userId}/keys -> RestApplicationUserMacKeyCreated
BankAccounts /payment/bank-accounts Space LSR
BankTransactions /payment/bank-transactions Space LSR
ChargeAttempts /payment/charge-attempts Space LSR
ChargeBankTransactions /payment/bank-transactions/charges Space LSR
ChargeFlowLevels /payment/charge-flows/levels Space LSR
    POST /{id}/send-message -> none
ChargeFlowsLevelPaymentLinks /payment/charge-flows/levels/payment-links Space LSR
ChargeFlows /payment/charge-flows Space LSR
ConditionTypes /payment/condition-types - LSR
ConsumedResources /spaces/consumed-resources Space -
    GET ?startDate*,endDate* -> MetricUsage*
Countries=RestCountry /countries - S
    GET -> RestCountry*
    GET /{code} -> RestCountry
    GET /{countryCode}/states -> [RestCountryState]
    GET /states -> [RestCountryState]
    GET /states/{id} -> RestCountryState
Currencies=RestCurrency /currencies - S
    GET -> RestCurrency*
    GET /{code} -> RestCurrency
CurrencyBankAccounts /payment/currency-bank-accounts Space LSR
CustomerAddresses /customers/{customerId}/addresses Space LSRCUD
    POST /{id}/default -> none
CustomerComments /customers/{customerId}/comments Space LSRCUD
    POST /{id}/pin -> none
    POST /{id}/unpin -> none
Customers /customers Space LSRCUD!B
    GET /{id}/email-addresses -> CustomerEmailAddress*
    POST /{id}/merge/{other} -> Customer
DebtCollectionCases /debt-collection/cases Space LSRC!UD
    GET /{id}/documents -> DebtCollectionCaseDocument*
    POST /{id}/close -> DebtCollectionCase
    POST /{id}/documents?fileName*,content* -> DebtCollectionCaseDocument
    POST /{id}/mark-prepared -> DebtCollectionCase
    POST /{id}/mark-reviewed -> DebtCollectionCase
    POST /{id}/payment-receipts?collectedAmount*,externalId* -> DebtCollectionReceipt
DebtCollectorConfigurations /debt-collection/configurations Space LSRCUD
DebtCollectors /debt-collection/collectors - LSR
DeliveryIndications /payment/delivery-indications Space LSR
    POST /{id}/mark-not-suitable -> DeliveryIndication
    POST /{id}/mark-suitable -> DeliveryIndication
DocumentTemplateTypes /document-templates/types - LSR
DocumentTemplates /document-templates Space LSR
DunningCases /payment/dunning-cases Space LSR
    POST /{id}/suspend?plannedEndDate -> none
    POST /invoice/{invoiceId} -> none
DunningFlowLevels /payment/dunning-flows/levels Space LSR
DunningFlows /payment/dunning-flows Space LSR
ExternalTransferBankTransactions /payment/bank-transactions/external-transfers Space LSR
HumanUsers /human-users - LSRCUD!
    GET /export?fields,SEARCH -> csv 60s
InternalTransferBankTransactions /payment/bank-transactions/internal-transfers Space LSR
LabelDescriptors /label-descriptors - LSR
    GET /groups?LIST -> LabelDescriptorGroup*
    GET /groups/{id} -> LabelDescriptorGroup
    GET /groups/search?SEARCH -> LabelDescriptorGroup
Languages=RestLanguage /languages - S
    GET -> RestLanguage*
    GET /{code} -> RestLanguage
LegalOrganizationForms /legal-organization-forms - LSR
ManualTasks /manual-tasks Space LSR
    GET /{id}/notification -> text
    POST /{id}/action/{actionId} -> none
PaymentConnectorConfigurations /payment/connector-configurations Space LSRCUD!
PaymentConnectors /payment/connectors - LSR
PaymentLinks /payment/links Space LSRC!UD!
PaymentMethodBrands /payment/method-brands - LSR
PaymentMethodConfigurations /payment/method-configurations Space LSRCUD!
PaymentMethods /payment/methods - LSR
PaymentProcessorConfigurations /payment/processor-configurations Space LSRCUD!
PaymentProcessors /payment/processors - LSR
PaymentSalesChannels /payment/sales-channels - LSR
PaymentTerminalTransactionSummaries /payment/terminals/transaction-summaries Space LSR
    GET /{id}/receipt?format*,width* -> RenderedTerminalTransactionSummary
PaymentTerminals /payment/terminals Space LSRC!UD!
    GET /{id}/till-connection-credentials?transactionId*,language -> text
    POST /by-identifier/{identifier}/perform-transaction?transactionId*,language -> Transaction 90s resumes
    POST /by-identifier/{identifier}/trigger-final-balance -> PaymentTerminalTransactionSummaryReference
    POST /{id}/link?serialNumber* -> none
    POST /{id}/perform-transaction?transactionId*,language -> Transaction 90s resumes
    POST /{id}/trigger-final-balance -> PaymentTerminalTransactionSummaryReference
    POST /{id}/unlink -> none
Permissions /permissions - LSR
RefundBankTransactions /payment/bank-transactions/refunds Space LSR
RefundComments /payment/refunds/{refundId}/comments Space LSRCUD
    POST /{id}/pin -> none
    POST /{id}/unpin -> none
RefundRecoveryBankTransactions /payment/bank-transactions/refund-recoveries Space LSR
Refunds /payment/refunds Space LSRC!
    GET /{id}/document -> RenderedDocument
    POST /{id}/mark-failed -> Refund
    POST /{id}/mark-succeeded -> Refund
Roles /roles - LSRCUD!
SingleSignOnUsers /single-sign-on-users - LSRCUD!
Spaces /spaces - LSRCUD!
StaticValues /static-values - LSR
Subscribers /subscriptions/subscribers Space LSRC!UD
SubscriptionAffiliates /subscriptions/affiliates Space LSRC!UD
SubscriptionCharges /subscriptions/charges Space LSRC!
    POST /{id}/discard -> SubscriptionCharge
SubscriptionLedgerEntries /subscriptions/ledger-entries Space LSRC!
SubscriptionMetricUsageReports /subscriptions/metric-usage-reports Space LSRC!
SubscriptionMetrics /subscriptions/metrics Space LSRCUD
SubscriptionPeriodBills /subscriptions/period-bills Space LSR
    POST /{id}/close?currentDate*,createNextPeriod* -> SubscriptionPeriodBill
SubscriptionProductComponentGroups /subscriptions/products/component-groups Space LSRCUD
SubscriptionProductComponents /subscriptions/products/components Space LSRCUD
SubscriptionProductMeteredFeeTiers /subscriptions/products/metered-fees/{feeId}/tiers Space LSRCUD
SubscriptionProductMeteredFees /subscriptions/products/metered-fees Space LSRCUD
SubscriptionProductPeriodFees /subscriptions/products/period-fees Space LSRCUD
SubscriptionProductRetirements /subscriptions/products/retirements Space LSR
SubscriptionProductSetupFees /subscriptions/products/setup-fees Space LSRCUD
SubscriptionProductVersionRetirements /subscriptions/products/versions/retirements Space LSR
SubscriptionProductVersions /subscriptions/products/versions Space LSRCU
    POST /{id}/activate -> SubscriptionProductVersion
    POST /{id}/retire +body -> SubscriptionProductVersionRetirement
SubscriptionProducts /subscriptions/products Space LSRCU
    POST /{id}/retire +body -> SubscriptionProductRetirement
SubscriptionSuspensions /subscriptions/suspensions Space LSR
SubscriptionVersions /subscriptions/versions Space LSR
Subscriptions /subscriptions Space LSRCU
    GET /{id}/invoices?SEARCH -> Invoice
    POST /{id}/apply-changes +body -> SubscriptionVersion
    POST /{id}/initialize -> SubscriptionCharge
    POST /{id}/initialize-subscriber-present +body -> SubscriptionCharge
    POST /{id}/reactivate -> none
    POST /{id}/suspend +body -> SubscriptionSuspension
    POST /{id}/terminate?respectTerminationPeriod* -> none
    POST /{id}/upgrade-product?respectTerminationPeriod* -> SubscriptionVersion
TokenVersions /payment/token-versions Space LSR
Tokens /payment/tokens Space LSRC!UD!
    GET /{id}/active-version -> TokenVersion
    POST /{id}/create-transaction-for-token-update -> Transaction
TransactionClientPlatforms /payment/transaction/client-platforms Space LSR
TransactionComments /payment/transactions/{transactionId}/comments Space LSRCUD
    POST /{id}/pin -> none
    POST /{id}/unpin -> none
TransactionCompletions /payment/transactions/completions Space LSR
TransactionInvoiceComments /payment/transactions/invoices/{invoiceId}/comments Space LSRCUD
    POST /{id}/pin -> none
    POST /{id}/unpin -> none
TransactionInvoices /payment/transactions/invoices Space LSR
    GET /{id}/check-replacement-possible -> bool
    GET /{id}/document -> RenderedDocument
    POST /{id}/derecognize -> TransactionInvoice
    POST /{id}/mark-paid -> TransactionInvoice
    POST /{id}/replace +external -> TransactionInvoice
TransactionLineItemVersions /payment/transactions/line-item-versions Space LSRC!
TransactionVoids /payment/transactions/voids Space LSR
Transactions /payment/transactions Space LSRCU
    DELETE /by-credentials/{credentials}/one-click-tokens/{id} -> none
    GET /by-credentials/{credentials} -> Transaction
    GET /by-credentials/{credentials}/mobile-sdk-url -> text
    GET /by-credentials/{credentials}/one-click-tokens -> TokenVersion*
    GET /by-credentials/{credentials}/payment-method-configurations?integrationMode* -> PaymentMethodConfiguration*
    GET /export?fields,SEARCH -> csv 60s
    GET /{id}/charge-flow/payment-page-url -> text
    GET /{id}/check-token-creation-possible -> bool
    GET /{id}/credentials -> text
    GET /{id}/iframe-javascript-url -> text
    GET /{id}/invoice-document -> RenderedDocument
    GET /{id}/latest-line-item-version -> TransactionLineItemVersion
    GET /{id}/lightbox-javascript-url -> text
    GET /{id}/packing-slip-document -> RenderedDocument
    GET /{id}/payment-method-configurations?integrationMode* -> PaymentMethodConfiguration*
    GET /{id}/payment-page-url -> text
    GET /{id}/terminal-receipts?format*,width* -> RenderedTerminalReceipt*
    POST /by-credentials/{credentials}/one-click-tokens/{id}/process -> text
    POST /{id}/charge-flow/apply -> Transaction
    POST /{id}/charge-flow/cancel -> Transaction
    POST /{id}/charge-flow/update-recipient?type*,recipient* -> none
    POST /{id}/complete-offline -> TransactionCompletion
    POST /{id}/complete-online -> TransactionCompletion
    POST /{id}/complete-partially-offline +external? -> TransactionCompletion
    POST /{id}/complete-partially-online +external? -> TransactionCompletion
    POST /{id}/confirm +version -> Transaction
    POST /{id}/process-card-details +body -> Transaction
    POST /{id}/process-card-details-threed +body -> text
    POST /{id}/process-with-token -> Charge
    POST /{id}/process-without-interaction -> Transaction
    POST /{id}/void-offline -> TransactionVoid
    POST /{id}/void-online -> TransactionVoid
WebhookListeners /webhooks/listeners Space LSRCUDB
WebhookURLs=WebhookUrl /webhooks/urls Space LSRCUDB
ApplicationUsersRoles /application-users/{userId} - -
    GET /account-roles -> UserAccountRole* Account
    POST /account-roles?roleId*,appliesOnSubAccount -> UserAccountRole Account
    DELETE /account-roles?roleId* -> none Account
    GET /space-roles -> UserSpaceRole* Space
    POST /space-roles?roleId* -> UserSpaceRole Space
    DELETE /space-roles?roleId* -> none Space
HumanUsersRoles /human-users/{userId} - -
    GET /account-roles -> UserAccountRole* Account
    POST /account-roles?roleId*,appliesOnSubAccount -> UserAccountRole Account
    DELETE /account-roles?roleId* -> none Account
    GET /space-roles -> UserSpaceRole* Space
    POST /space-roles?roleId* -> UserSpaceRole Space
    DELETE /space-roles?roleId* -> none Space
SingleSignOnUsersRoles /single-sign-on-users/{userId} - -
    GET /account-roles -> UserAccountRole* Account
    POST /account-roles?roleId*,appliesOnSubAccount -> UserAccountRole Account
    DELETE /account-roles?roleId* -> none Account
    GET /space-roles -> UserSpaceRole* Space
    POST /space-roles?roleId* -> UserSpaceRole Space
    DELETE /space-roles?roleId* -> none Space
ExpressCheckout /express-checkout Space -
    POST /create-session +body -> ExpressCheckoutCreateResponse
    PATCH /shipping/address-change?sessionToken* +body -> Record
    PATCH /shipping/method-change?sessionToken* +body -> Record
BogusExpressCheckout /bogus-express-checkout Space -
    POST /on-approve?sessionToken* +body -> Record
PaymentWebApps /payment/web-apps Space -
    PATCH /charge-attempts/{id} +body -> ChargeAttempt
    PATCH /completions/{id} +body -> TransactionCompletion
    PATCH /refunds/{id} +body -> Refund
    PATCH /voids/{id} +body -> TransactionVoid
    POST /processors +body -> Record
    PATCH /processors/{externalId} +body -> Record
    DELETE! /processors/{externalId} -> none
    POST /processors/{externalId}/activate-for-production -> Record
    POST /processors/{externalId}/connectors +body -> Record
    PATCH /connectors/{connectorExternalId} +body -> Record
    DELETE! /connectors/{connectorExternalId} -> none
WebApps /web-apps Space -
    GET /installed -> bool
    POST /uninstall -> none
    POST /confirm/{code} -> WebAppConfirmationResponse -
WebhookEncryptionKeys /webhooks/encryption-keys - -
    GET /{keyId} -> text
"""
