"""Statements as ISO 20022 XML: camt.052 (intraday report), camt.053 (statement), camt.054 (notification), version 8."""

from decimal import Decimal
from typing import Final, Literal
from xml.sax.saxutils import escape

from konfipay_async.sandbox.konfipay.statements import Entry, Statement

__all__ = ["Camt", "camt"]

Camt = Literal["camt.052", "camt.053", "camt.054"]

_ELEMENTS: Final[dict[Camt, tuple[str, str]]] = {
    "camt.052": ("BkToCstmrAcctRpt", "Rpt"),
    "camt.053": ("BkToCstmrStmt", "Stmt"),
    "camt.054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}
# A notification has no balances (ISO 20022), and those of a day that is not over are interim ones.
_BALANCES: Final[dict[Camt, tuple[str, ...]]] = {
    "camt.052": ("OPBD", "ITBD"),
    "camt.053": ("OPBD", "CLBD"),
    "camt.054": (),
}


def camt(kind: Camt, statement: Statement) -> bytes:
    """The statement as XML in UTF-8."""
    message, report = _ELEMENTS[kind]
    account = statement.account
    bic = f"<Svcr><FinInstnId><BICFI>{account.bic}</BICFI></FinInstnId></Svcr>" if account.bic else ""
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:{kind}.001.08"><{message}>',
        f"<GrpHdr><MsgId>{statement.name}</MsgId><CreDtTm>{statement.created}</CreDtTm></GrpHdr>",
        f"<{report}><Id>{statement.name}</Id><ElctrncSeqNb>{statement.number}</ElctrncSeqNb>"
        f"<LglSeqNb>{statement.number}</LglSeqNb><CreDtTm>{statement.created}</CreDtTm>",
        f"<Acct><Id><IBAN>{account.iban}</IBAN></Id><Ccy>{account.currency}</Ccy>"
        f"<Ownr><Nm>{escape(account.holder)}</Nm></Ownr>{bic}</Acct>",
    ]
    amounts = (statement.opening, statement.closing)
    lines += [
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount, account.currency)}"
        f"<Dt><Dt>{statement.day}</Dt></Dt></Bal>"
        for code, amount in zip(_BALANCES[kind], amounts, strict=False)
    ]
    status = "PDNG" if statement.pending else "BOOK"
    lines += [_entry(entry, status, account.currency) for entry in statement.entries]
    lines.append(f"</{report}></{message}></Document>")
    return "\n".join(lines).encode() + b"\n"


def _amount(amount: Decimal, currency: str) -> str:
    indicator = "CRDT" if amount >= 0 else "DBIT"
    return f'<Amt Ccy="{currency}">{abs(amount):.2f}</Amt><CdtDbtInd>{indicator}</CdtDbtInd>'


def _entry(entry: Entry, status: str, currency: str) -> str:
    reference = f"<AcctSvcrRef>{entry.bank_reference}</AcctSvcrRef>" if entry.bank_reference else ""
    text = escape(entry.booking_text)
    who = "Dbtr" if entry.credit else "Cdtr"
    name = f"<{who}><Pty><Nm>{escape(entry.name)}</Nm></Pty></{who}>" if entry.name else ""
    account = f"<{who}Acct><Id><IBAN>{entry.iban}</IBAN></Id></{who}Acct>" if entry.iban else ""
    parties = f"<RltdPties>{name}{account}</RltdPties>" if name or account else ""
    agent = f"<{who}Agt><FinInstnId><BICFI>{entry.bic}</BICFI></FinInstnId></{who}Agt>" if entry.bic else ""
    agents = f"<RltdAgts>{agent}</RltdAgts>" if agent else ""
    return (
        f"<Ntry>{_amount(entry.signed, currency)}<Sts><Cd>{status}</Cd></Sts>"
        f"<BookgDt><Dt>{entry.booked}</Dt></BookgDt><ValDt><Dt>{entry.value}</Dt></ValDt>{reference}"
        f"<BkTxCd><Prtry><Cd>{text}</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{escape(entry.end_to_end)}</EndToEndId></Refs>{parties}{agents}"
        f"<RmtInf><Ustrd>{escape(entry.purpose)}</Ustrd></RmtInf></TxDtls></NtryDtls>"
        f"<AddtlNtryInf>{text}</AddtlNtryInf></Ntry>"
    )
