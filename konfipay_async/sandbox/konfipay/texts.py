"""Booking texts and remittances. They need no escaping in JSON, so that rows can be put together from pieces."""

from typing import Final

__all__ = ["BOOKING_TEXTS", "PURPOSES"]

BOOKING_TEXTS: Final = {
    ("DE", True): (
        *("GUTSCHRIFT ÜBERWEISUNG", "ECHTZEIT-GUTSCHRIFT", "SAMMELÜBERWEISUNG", "DAUERAUFTRAG GUTSCHRIFT"),
        *("GUTSCHRIFT AUS LASTSCHRIFT", "RÜCKÜBERWEISUNG", "BARGELDEINZAHLUNG", "GUTSCHRIFT ÜBERWEISUNG"),
    ),
    ("DE", False): (
        *("SAMMELÜBERWEISUNG", "SEPA-BASISLASTSCHRIFT", "KARTENZAHLUNG", "ONLINE-ÜBERWEISUNG"),
        *("DAUERAUFTRAG", "LOHN/GEHALT", "ENTGELTABSCHLUSS", "EINZELÜBERWEISUNG"),
    ),
    ("CH", True): (
        *("GUTSCHRIFT QR-RECHNUNG", "ZAHLUNGSEINGANG", "SAMMELGUTSCHRIFT QR", "VERGÜTUNG"),
        *("GUTSCHRIFT INSTANT", "GUTSCHRIFT EBILL", "ZAHLUNGSEINGANG", "RÜCKVERGÜTUNG"),
    ),
    ("CH", False): (
        *("E-BANKING-AUFTRAG", "LASTSCHRIFT LSV+", "KARTENEINKAUF", "DAUERAUFTRAG"),
        *("VERGÜTUNGSAUFTRAG", "DIENSTLEISTUNGSPREIS", "BEZUG BANCOMAT", "ZAHLUNG EBILL"),
    ),
}
"""Eight for each country and direction (True is a credit)."""

PURPOSES: Final = (
    *(("Rechnung RE-", ", vielen Dank für Ihren Einkauf"), ("RG.NR. ", " ABZÜGL. 2% SKONTO"), ("Kd-Nr. ", " Abschlag")),
    *(("Miete Objekt ", ", Südflügel"), ("SVWZ+Bestellung ", " Größe M"), ("Gehalt Personal-Nr. ", "")),
    *(("QRR 21 00000 00003 13947 14300 ", ""), ("Gutschrift zu Beleg ", " / Retoure Möbel")),
)
"""What stands before and behind the number in a remittance."""
