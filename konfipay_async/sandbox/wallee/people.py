"""Made-up people and where they live. None of them exists."""

from typing import Any, Final

from konfipay_async.sandbox.wallee.draws import Draw

__all__ = ["CURRENCIES", "person"]

CURRENCIES: Final = ("CHF", "EUR", "CHF", "EUR", "CHF", "USD")
_GIVEN: Final = ("Anna", "Ben", "Chiara", "David", "Eva", "Felix", "Greta", "Hannes", "Ida", "Jonas", "Zoë", "Łukasz")
_FAMILY: Final = ("Muster", "Beispiel", "Fröhlich", "Example", "Probst", "Testa", "Öztürk", "Sample", "D’Essai", "Ähr")
_STREETS: Final = ("Musterweg", "Beispielgasse", "Teststrasse", "Rue de l’Exemple")
_TOWNS: Final = (("Winterthur", "8400", "CH"), ("Bern", "3011", "CH"), ("Köln", "50667", "DE"), ("Wien", "1010", "AT"))


def person(draw: Draw) -> dict[str, Any]:
    """Name and address; bytes 3 to 11 of the draw are used."""
    town, postcode, country = draw.pick(5, _TOWNS)
    given, family = draw.pick(3, _GIVEN), draw.pick(4, _FAMILY)
    return {
        "givenName": given,
        "familyName": family,
        "street": f"{draw.pick(6, _STREETS)} {draw.raw[7] % 90 + 1}",
        "postcode": postcode,
        "city": town,
        "country": country,
        "emailAddress": f"{draw.text(8)}@example.com",
    }
