"""Banks, IBANs, accounts of our own and the people and firms on the other side. All of it is made up from a seed;
only the banks' codes and BICs are real ones, so that tools that look them up find them.
"""

import hashlib
import random
import uuid
from dataclasses import dataclass
from typing import Final

__all__ = ["PARTIES", "Account", "Party", "make_accounts", "make_iban", "make_parties", "make_uuid"]

PARTIES: Final = 128
"""Counterparties in each country; a row picks one with seven bits."""

_GERMAN_BANKS: Final = (
    ("37040044", "COBADEFFXXX"),
    ("10070000", "DEUTDEBBXXX"),
    ("20050550", "HASPDEHHXXX"),
    ("50010517", "INGDDEFFXXX"),
    ("12030000", "BYLADEM1001"),
    ("70150000", "SSKMDEMMXXX"),
    ("43060967", "GENODEM1GLS"),
    ("60050101", "SOLADEST600"),
    ("76050101", "SSKNDE77XXX"),
    ("25050180", "SPKHDE2HXXX"),
)
_SWISS_BANKS: Final = (
    ("00700", "ZKBKCHZZ80A"),
    ("09000", "POFICHBEXXX"),
    ("00230", "UBSWCHZH80A"),
    ("80808", "RAIFCH22XXX"),
    ("08390", "ABSOCH22XXX"),
    ("00769", "BLKBCH22XXX"),
    ("00774", "GRKBCH2270A"),
    ("00778", "LUKBCH2260A"),
)

_GERMAN_FIRST: Final = (
    *("Jürgen", "Käthe", "Björn", "Anneliese", "Günther", "Sören", "Petra", "Matthias"),
    *("Heike", "Uwe", "Änne", "Thorsten", "Brigitte", "Jörg", "Ursula", "Emre"),
)
_GERMAN_LAST: Final = (
    *("Müller", "Weiß", "Schäfer", "Großmann", "Köhler", "Krüger", "Böhm", "Yıldız"),
    *("Schröder", "Lehmann", "Voß", "Jäger", "Hübner", "Thiele", "Mayer-Brück", "von der Lühe"),
)
_GERMAN_FIRMS: Final = (
    *("Bäckerei Grünwald GmbH", "Stadtwerke Düren AöR", "Möbelhaus Kröger & Söhne KG", "Gebr. Weiß Spedition GmbH"),
    *(
        'Schreinerei "Holz & Form" e.K.',
        "Autohaus Nürnberg-Süd GmbH",
        "Zahnärzte am Schloßplatz",
        "Bürobedarf Höfer OHG",
    ),
    *("Gärtnerei Blütenträume", "Elektro Ößwald GmbH", "Finanzamt Lüneburg", "DAUERHAFT Versicherung a.G."),
)
_SWISS_FIRST: Final = (
    *("Zoë", "Reto", "Ueli", "Seraina", "Beat", "Annelies", "François", "Noëlle"),
    *("Urs", "Regula", "Hansjörg", "Chiara", "Andrin", "Käthi", "Luca", "Béatrice"),
)
_SWISS_LAST: Final = (
    *("Rüegg", "Lüthi", "Zürcher", "Bühler", "Aebischer", "Moser", "Brönnimann", "Gygax"),
    *("Caduff", "Favre", "Bernasconi", "Schär", "Wüthrich", "Nägeli", "Oberhänsli", "D'Onofrio"),
)
_SWISS_FIRMS: Final = (
    *("Garage Lüthi AG", "Käserei Emmental Genossenschaft", "Boulangerie Crémière Sàrl", "Sägerei Bächli AG"),
    *("Gemeindeverwaltung Küsnacht", "Elektrizitätswerk Höfe AG", "Treuhand Zürcher & Co.", "Carrosserie Wüest GmbH"),
)
_HOLDERS: Final = ("Nordlicht Handels GmbH", "Nordlicht (Schweiz) AG", "Süderelbe Logistik GmbH")


@dataclass(frozen=True, slots=True)
class Account:
    """A bank account of the client. The IBAN alone is not unique, IBAN and currency are (documented)."""

    rid: str
    description: str
    iban: str
    bic: str | None
    currency: str
    country: str
    holder: str
    is_test: bool
    is_active: bool
    balance_cents: int | None


@dataclass(frozen=True, slots=True)
class Party:
    """Somebody on the other side of a booking."""

    name: str
    iban: str
    bic: str


def make_iban(country: str, bban: str) -> str:
    """The IBAN with its check digits (ISO 13616, modulus 97)."""
    text = bban + country + "00"
    check = 98 - int("".join(str(int(letter, 36)) for letter in text)) % 97
    return f"{country}{check:02d}{bban}"


def make_uuid(*parts: object) -> str:
    """A valid version 4 UUID that is always the same for the same parts."""
    digest = hashlib.blake2b("|".join(map(str, parts)).encode(), digest_size=16).digest()
    return str(uuid.UUID(bytes=digest, version=4))


def _bank_and_iban(country: str, source: random.Random) -> tuple[str, str]:
    if country == "DE":
        code, bic = source.choice(_GERMAN_BANKS)
        return bic, make_iban("DE", f"{code}{source.randrange(10**9):010d}")
    code, bic = source.choice(_SWISS_BANKS)
    return bic, make_iban("CH", f"{code}{source.randrange(10**11):012d}")


def make_parties(seed: int, country: str) -> tuple[Party, ...]:
    """`PARTIES` people and firms of one country ("DE" or "CH")."""
    source = random.Random(f"parties|{seed}|{country}")
    first, last, firms = (
        (_GERMAN_FIRST, _GERMAN_LAST, _GERMAN_FIRMS) if country == "DE" else (_SWISS_FIRST, _SWISS_LAST, _SWISS_FIRMS)
    )
    names = list(firms)
    while len(names) < PARTIES:
        name = f"{source.choice(first)} {source.choice(last)}"
        if name not in names:
            names.append(name)
    parties = []
    for name in names:
        bic, iban = _bank_and_iban(country, source)
        parties.append(Party(name, iban, bic))
    return tuple(parties)


def make_accounts(seed: int, count: int) -> tuple[Account, ...]:
    """The client's own accounts; each is the same whatever the count is.

    The second shares the first one's IBAN in another currency, the third is Swiss, the fourth is an inactive test
    account without balance and BIC, and from there on the kinds repeat with changes.
    """
    accounts: list[Account] = []
    for index in range(count):
        source = random.Random(f"account|{seed}|{index}")
        kind = index % 4
        country = "CH" if kind == 2 else "DE"
        bic, iban = _bank_and_iban(country, source)
        if index == 1:
            iban, bic = accounts[0].iban, accounts[0].bic or bic
        currency = "USD" if kind == 1 else "CHF" if kind == 2 else "EUR"
        holder = _HOLDERS[1] if country == "CH" else _HOLDERS[index // 4 % 2 * 2]
        accounts.append(
            Account(
                rid=make_uuid("account", seed, index),
                description=f"{'Test' if kind == 3 else 'Geschäftskonto'} {currency} {index + 1}",
                iban=iban,
                bic=None if kind == 3 else bic,
                currency=currency,
                country=country,
                holder=holder,
                is_test=kind == 3,
                is_active=kind != 3 or index % 8 == 7,
                balance_cents=None if kind == 3 else source.randrange(-5_000_00, 250_000_00),
            )
        )
    return tuple(accounts)
