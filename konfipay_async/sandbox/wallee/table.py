"""Every operation of the API: method, path, needed header, and what it answers. A transcription of its own.

A line at the margin is a service: base path, header it needs (`Space`, `Account`, or `-`), and letters. L lists (GET
base), S searches (GET base/search), R reads (GET base/{id}), C creates (POST base), U updates (PATCH base/{id}), D
deletes (DELETE base/{id}), B is the three bulk operations (POST, PATCH and DELETE base/bulk). An indented line is one
more operation of that service: method, path behind the base (`.` for none), what it answers, mandatory query parameters
and `+` when it takes a body.

What is answered: `204` nothing; `text`, `bool`, `csv`, `document` such; `thing` an object that is kept nowhere; a path
an object of that service, which of `=` means this one; `[path]` a bare array, `{path}` a list without pages,
`<path>` a list with cursors, `(path)` a search. Paths, methods, headers and mandatory parameters are those of the
official SDK.
"""

from typing import Final

__all__ = ["TABLE"]

TABLE: Final = """
/accounts                                          -        LSRCUD
    POST   /{id}/activate                          204
    POST   /{id}/deactivate                        204
/analytics/queries                                 Account
    GET    .                                       thing                   offset limit
    POST   /submit                                 thing                   queryExternalId +
    GET    /queryExternalId/{queryExternalId}      thing
    GET    /queryExternalId/{queryExternalId}/result text
    DELETE /queryExternalId/{queryExternalId}      204
    GET    /queryToken/{queryToken}                thing
    GET    /queryToken/{queryToken}/result         text
    DELETE /queryToken/{queryToken}                204
/application-users                                 -        LSRCUD
    GET    /{userId}/keys                          [keys]
    POST   /{userId}/keys                          thing
    DELETE /{userId}/keys/{id}                     204
/application-users/{userId}/account-roles          Account
    GET    .                                       {=}
    POST   .                                       thing                   roleId
    DELETE .                                       204                     roleId
/application-users/{userId}/space-roles            Space
    GET    .                                       {=}
    POST   .                                       thing                   roleId
    DELETE .                                       204                     roleId
/bogus-express-checkout                            Space
    POST   /on-approve                             thing                   sessionToken +
/countries                                         -        S
    GET    .                                       {=}
    GET    /{code}                                 =
    GET    /{countryCode}/states                   [/countries/states]
    GET    /states                                 [/countries/states]
    GET    /states/{id}                            /countries/states
/currencies                                        -        S
    GET    .                                       {=}
    GET    /{code}                                 =
/customers                                         Space    LSRCUDB
    GET    /{id}/email-addresses                   {email-addresses}
    POST   /{id}/merge/{other}                     =
/customers/{customerId}/addresses                  Space    LSRCUD
    POST   /{id}/default                           204
/customers/{customerId}/comments                   Space    LSRCUD
    POST   /{id}/pin                               204
    POST   /{id}/unpin                             204
/debt-collection/cases                             Space    LSRCUD
    GET    /{id}/documents                         {/debt-collection/documents}
    POST   /{id}/close                             =
    POST   /{id}/documents                         /debt-collection/documents fileName content
    POST   /{id}/mark-prepared                     =
    POST   /{id}/mark-reviewed                     =
    POST   /{id}/payment-receipts                  thing                   collectedAmount externalId
/debt-collection/collectors                        -        LSR
/debt-collection/configurations                    Space    LSRCUD
/document-templates                                Space    LSR
/document-templates/types                          -        LSR
/express-checkout                                  Space
    POST   /create-session                         thing                   +
    PATCH  /shipping/address-change                thing                   sessionToken +
    PATCH  /shipping/method-change                 thing                   sessionToken +
/human-users                                       -        LSRCUD
    GET    /export                                 csv
/human-users/{userId}/account-roles                Account
    GET    .                                       {=}
    POST   .                                       thing                   roleId
    DELETE .                                       204                     roleId
/human-users/{userId}/space-roles                  Space
    GET    .                                       {=}
    POST   .                                       thing                   roleId
    DELETE .                                       204                     roleId
/label-descriptors                                 -        LSR
    GET    /groups                                 </label-descriptors/groups>
    GET    /groups/search                          (/label-descriptors/groups)
    GET    /groups/{id}                            /label-descriptors/groups
/languages                                         -        S
    GET    .                                       {=}
    GET    /{code}                                 =
/legal-organization-forms                          -        LSR
/manual-tasks                                      Space    LSR
    GET    /{id}/notification                      text
    POST   /{id}/action/{actionId}                 204
/payment/bank-accounts                             Space    LSR
/payment/bank-transactions                         Space    LSR
/payment/bank-transactions/charges                 Space    LSR
/payment/bank-transactions/external-transfers      Space    LSR
/payment/bank-transactions/internal-transfers      Space    LSR
/payment/bank-transactions/refund-recoveries       Space    LSR
/payment/bank-transactions/refunds                 Space    LSR
/payment/charge-attempts                           Space    LSR
/payment/charge-flows                              Space    LSR
/payment/charge-flows/levels                       Space    LSR
    POST   /{id}/send-message                      204
/payment/charge-flows/levels/payment-links         Space    LSR
/payment/condition-types                           -        LSR
/payment/connector-configurations                  Space    LSRCUD
/payment/connectors                                -        LSR
/payment/currency-bank-accounts                    Space    LSR
/payment/delivery-indications                      Space    LSR
    POST   /{id}/mark-not-suitable                 =
    POST   /{id}/mark-suitable                     =
/payment/dunning-cases                             Space    LSR
    POST   /{id}/suspend                           204
    POST   /invoice/{invoiceId}                    204
/payment/dunning-flows                             Space    LSR
/payment/dunning-flows/levels                      Space    LSR
/payment/links                                     Space    LSRCUD
/payment/method-brands                             -        LSR
/payment/method-configurations                     Space    LSRCUD
/payment/methods                                   -        LSR
/payment/processor-configurations                  Space    LSRCUD
/payment/processors                                -        LSR
/payment/refunds                                   Space    LSRC
    GET    /{id}/document                          document
    POST   /{id}/mark-failed                       =
    POST   /{id}/mark-succeeded                    =
/payment/refunds/{refundId}/comments               Space    LSRCUD
    POST   /{id}/pin                               204
    POST   /{id}/unpin                             204
/payment/sales-channels                            -        LSR
/payment/terminals                                 Space    LSRCUD
    GET    /{id}/till-connection-credentials       text                    transactionId
    POST   /by-identifier/{identifier}/perform-transaction /payment/transactions transactionId
    POST   /by-identifier/{identifier}/trigger-final-balance thing
    POST   /{id}/link                              204                     serialNumber
    POST   /{id}/perform-transaction               /payment/transactions   transactionId
    POST   /{id}/trigger-final-balance             thing
    POST   /{id}/unlink                            204
/payment/terminals/transaction-summaries           Space    LSR
    GET    /{id}/receipt                           document                format width
/payment/token-versions                            Space    LSR
/payment/tokens                                    Space    LSRCUD
    GET    /{id}/active-version                    /payment/token-versions
    POST   /{id}/create-transaction-for-token-update /payment/transactions
/payment/transaction/client-platforms              Space    LSR
/payment/transactions                              Space    LSRCU
    GET    /by-credentials/{credentials}           =
    GET    /by-credentials/{credentials}/mobile-sdk-url text
    GET    /by-credentials/{credentials}/one-click-tokens {/payment/token-versions}
    DELETE /by-credentials/{credentials}/one-click-tokens/{id} 204
    POST   /by-credentials/{credentials}/one-click-tokens/{id}/process text
    GET    /by-credentials/{credentials}/payment-method-configurations {/payment/method-configurations} integrationMode
    GET    /export                                 csv
    GET    /{id}/charge-flow/payment-page-url      text
    GET    /{id}/check-token-creation-possible     bool
    GET    /{id}/credentials                       text
    GET    /{id}/iframe-javascript-url             text
    GET    /{id}/invoice-document                  document
    GET    /{id}/latest-line-item-version          /payment/transactions/line-item-versions
    GET    /{id}/lightbox-javascript-url           text
    GET    /{id}/packing-slip-document             document
    GET    /{id}/payment-method-configurations     {/payment/method-configurations} integrationMode
    GET    /{id}/payment-page-url                  text
    GET    /{id}/terminal-receipts                 {terminal-receipts}     format width
    POST   /{id}/charge-flow/apply                 =
    POST   /{id}/charge-flow/cancel                =
    POST   /{id}/charge-flow/update-recipient      204                     type recipient
    POST   /{id}/complete-offline                  /payment/transactions/completions
    POST   /{id}/complete-online                   /payment/transactions/completions
    POST   /{id}/complete-partially-offline        /payment/transactions/completions +
    POST   /{id}/complete-partially-online         /payment/transactions/completions +
    POST   /{id}/confirm                           =                       +
    POST   /{id}/process-card-details              =                       +
    POST   /{id}/process-card-details-threed       text                    +
    POST   /{id}/process-with-token                thing
    POST   /{id}/process-without-interaction       =
    POST   /{id}/void-offline                      /payment/transactions/voids
    POST   /{id}/void-online                       /payment/transactions/voids
/payment/transactions/completions                  Space    LSR
/payment/transactions/invoices                     Space    LSR
    GET    /{id}/check-replacement-possible        bool
    GET    /{id}/document                          document
    POST   /{id}/derecognize                       =
    POST   /{id}/mark-paid                         =
    POST   /{id}/replace                           =                       +
/payment/transactions/invoices/{invoiceId}/comments Space   LSRCUD
    POST   /{id}/pin                               204
    POST   /{id}/unpin                             204
/payment/transactions/line-item-versions           Space    LSRC
/payment/transactions/voids                        Space    LSR
/payment/transactions/{transactionId}/comments     Space    LSRCUD
    POST   /{id}/pin                               204
    POST   /{id}/unpin                             204
/payment/web-apps                                  Space
    PATCH  /charge-attempts/{id}                   /payment/charge-attempts +
    PATCH  /completions/{id}                       /payment/transactions/completions +
    PATCH  /refunds/{id}                           /payment/refunds        +
    PATCH  /voids/{id}                             /payment/transactions/voids +
    POST   /processors                             thing                   +
    PATCH  /processors/{externalId}                thing                   +
    DELETE /processors/{externalId}                204
    POST   /processors/{externalId}/activate-for-production thing
    POST   /processors/{externalId}/connectors     thing                   +
    PATCH  /connectors/{connectorExternalId}       thing                   +
    DELETE /connectors/{connectorExternalId}       204
/permissions                                       -        LSR
/roles                                             -        LSRCUD
/single-sign-on-users                              -        LSRCUD
/single-sign-on-users/{userId}/account-roles       Account
    GET    .                                       {=}
    POST   .                                       thing                   roleId
    DELETE .                                       204                     roleId
/single-sign-on-users/{userId}/space-roles         Space
    GET    .                                       {=}
    POST   .                                       thing                   roleId
    DELETE .                                       204                     roleId
/spaces                                            -        LSRCUD
/spaces/consumed-resources                         Space
    GET    .                                       {=}                     startDate endDate
/static-values                                     -        LSR
/subscriptions                                     Space    LSRCU
    GET    /{id}/invoices                          (/payment/transactions/invoices)
    POST   /{id}/apply-changes                     /subscriptions/versions +
    POST   /{id}/initialize                        /subscriptions/charges
    POST   /{id}/initialize-subscriber-present     /subscriptions/charges  +
    POST   /{id}/reactivate                        204
    POST   /{id}/suspend                           /subscriptions/suspensions +
    POST   /{id}/terminate                         204                     respectTerminationPeriod
    POST   /{id}/upgrade-product                   /subscriptions/versions respectTerminationPeriod
/subscriptions/affiliates                          Space    LSRCUD
/subscriptions/charges                             Space    LSRC
    POST   /{id}/discard                           =
/subscriptions/ledger-entries                      Space    LSRC
/subscriptions/metric-usage-reports                Space    LSRC
/subscriptions/metrics                             Space    LSRCUD
/subscriptions/period-bills                        Space    LSR
    POST   /{id}/close                             =                       currentDate createNextPeriod
/subscriptions/products                            Space    LSRCU
    POST   /{id}/retire                            /subscriptions/products/retirements +
/subscriptions/products/component-groups           Space    LSRCUD
/subscriptions/products/components                 Space    LSRCUD
/subscriptions/products/metered-fees               Space    LSRCUD
/subscriptions/products/metered-fees/{feeId}/tiers Space    LSRCUD
/subscriptions/products/period-fees                Space    LSRCUD
/subscriptions/products/retirements                Space    LSR
/subscriptions/products/setup-fees                 Space    LSRCUD
/subscriptions/products/versions                   Space    LSRCU
    POST   /{id}/activate                          =
    POST   /{id}/retire                            /subscriptions/products/versions/retirements +
/subscriptions/products/versions/retirements       Space    LSR
/subscriptions/subscribers                         Space    LSRCUD
/subscriptions/suspensions                         Space    LSR
/subscriptions/versions                            Space    LSR
/web-apps                                          Space
    GET    /installed                              bool
    POST   /uninstall                              204
/web-apps/confirm                                  -
    POST   /{code}                                 thing
/webhooks/encryption-keys                          -
    GET    /{id}                                   text
/webhooks/listeners                                Space    LSRCUDB
/webhooks/urls                                     Space    LSRCUDB
"""
