"""Made-up objects, each a pure function of the seed, its service and its number. Nobody and nothing in them exists."""

from collections.abc import Callable
from typing import Any, Final

from konfipay_async.sandbox.wallee.draws import Draw, IdOf
from konfipay_async.sandbox.wallee.made_up_payments import PAYMENT_MAKERS
from konfipay_async.sandbox.wallee.people import CURRENCIES, person

__all__ = ["make"]


def make(seed: int, base: str, number: int, id_: int, space: int | None, id_of: IdOf) -> dict[str, Any]:
    """The object of this service with this number and id. `space` is None for what is in no space."""
    draw = Draw.of(seed, base, space, number, id_of)
    common: dict[str, Any] = {"id": id_, "version": 1 + draw.raw[31] % 5, "createdOn": draw.moment()}
    if space is not None:
        common["linkedSpaceId"] = space
    return common | _MAKERS.get(base, _plain)(draw)


def _plain(draw: Draw) -> dict[str, Any]:
    return {"name": f"Sample {draw.number + 1}", "state": "ACTIVE"}


def _customer(draw: Draw) -> dict[str, Any]:
    somebody = person(draw)
    return {
        "givenName": somebody["givenName"],
        "familyName": somebody["familyName"],
        "emailAddress": somebody["emailAddress"],
        "customerId": f"c-{draw.number + 1:03d}",
        "language": "de-CH",
        "preferredCurrency": draw.pick(0, CURRENCIES),
        "metaData": {"level": draw.pick(9, ("gold", "silver"))},
    }


def _token(draw: Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "externalId": f"token-{draw.text(8)}",
        "tokenReference": f"reference-{draw.number + 1}",
        "customerId": f"c-{draw.number + 1:03d}",
        "enabledForOneClickPayment": True,
    }


def _token_version(draw: Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": "Sample Card **** 0000",
        "token": draw.link("/payment/tokens", draw.number),
        "paymentMethod": draw.link("/payment/methods", 0),
        "activatedOn": draw.moment(5),
    }


def _connector_configuration(draw: Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": f"Connector {draw.number + 1}",
        "connector": draw.link("/payment/connectors", draw.number),
        "processorConfiguration": draw.link("/payment/processor-configurations", 0),
        "paymentMethodConfiguration": draw.link("/payment/method-configurations", draw.number),
    }


def _method_configuration(draw: Draw) -> dict[str, Any]:
    name = draw.pick(0, ("Invoice", "Card", "Mobile"))
    return {
        "state": "ACTIVE",
        "name": name,
        "sortOrder": draw.number,
        "title": {"en-US": name},
        "resolvedTitle": {"en-US": name},
        "dataCollectionType": "OFFSITE",
        "oneClickPaymentMode": "ALLOW",
        "paymentMethod": draw.link("/payment/methods", draw.number),
    }


def _terminal(draw: Draw) -> dict[str, Any]:
    return {"state": "ACTIVE", "name": f"Till {draw.number + 1}", "identifier": f"5000{draw.number:04d}"}


def _link(draw: Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": f"Link {draw.number + 1}",
        "externalId": f"link-{draw.text(8)}",
        "protectionMode": "NO_PROTECTION",
        "currency": "CHF",
        "url": f"https://pay.example.com/{draw.text(4)}",
    }


def _webhook_url(draw: Draw) -> dict[str, Any]:
    return {"state": "ACTIVE", "name": f"Shop {draw.number + 1}", "url": f"https://shop.example.com/{draw.number + 1}"}


def _webhook_listener(draw: Draw) -> dict[str, Any]:
    return {
        "state": "ACTIVE",
        "name": f"Listener {draw.number + 1}",
        "entity": 1472041829003,
        "entityStates": ["AUTHORIZED", "FULFILL"],
        "notifyEveryChange": False,
        "enablePayloadSignatureAndState": True,
        "url": draw.link("/webhooks/urls", draw.number),
    }


def _account(draw: Draw) -> dict[str, Any]:
    return {"state": "ACTIVE", "name": f"Sample company {draw.number + 1}", "active": True}


def _country(draw: Draw) -> dict[str, Any]:
    name, code, numeric = (
        *(("Switzerland", "CH", "756"), ("Germany", "DE", "276"), ("Austria", "AT", "040")),
        *(("France", "FR", "250"), ("Liechtenstein", "LI", "438")),
    )[draw.number % 5]
    return {"name": name, "isoCode2": code, "numericCode": numeric}


def _state_of_country(draw: Draw) -> dict[str, Any]:
    name, code = (("Zürich", "ZH"), ("Bern", "BE"), ("Bayern", "BY"), ("Tirol", "7"))[draw.number % 4]
    return {"name": name, "code": code, "countryCode": ("CH", "CH", "DE", "AT")[draw.number % 4]}


def _currency(draw: Draw) -> dict[str, Any]:
    code = ("CHF", "EUR", "USD", "JPY", "KWD")[draw.number % 5]
    return {"currencyCode": code, "fractionDigits": {"JPY": 0, "KWD": 3}.get(code, 2), "name": code}


def _language(draw: Draw) -> dict[str, Any]:
    code = ("de-CH", "de-DE", "en-US", "fr-FR", "it-CH")[draw.number % 5]
    return {"ietfCode": code, "iso2Code": code[:2], "name": code, "primaryOfGroup": code != "de-CH"}


_MAKERS: Final[dict[str, Callable[[Draw], dict[str, Any]]]] = {
    **PAYMENT_MAKERS,
    "/accounts": _account,
    "/countries": _country,
    "/countries/states": _state_of_country,
    "/currencies": _currency,
    "/customers": _customer,
    "/languages": _language,
    "/payment/connector-configurations": _connector_configuration,
    "/payment/links": _link,
    "/payment/method-configurations": _method_configuration,
    "/payment/terminals": _terminal,
    "/payment/token-versions": _token_version,
    "/payment/tokens": _token,
    "/webhooks/listeners": _webhook_listener,
    "/webhooks/urls": _webhook_url,
}
