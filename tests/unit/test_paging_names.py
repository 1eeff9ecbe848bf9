"""The other spelling of the paging names: tried once, and not used up by what is no answer."""

import asyncio
from dataclasses import dataclass

import pytest

from konfipay_async.errors import BadRequestError, ServerError
from konfipay_async.paging.names import PagingNames

HYPHENS = ("page-number", "page-size")
CAMEL = ("pageNumber", "pageSize")


@dataclass
class Echo:
    number: int
    size: int
    total_pages: int = 9


async def asked_by(names: tuple[str, str], understood: tuple[str, str]) -> Echo:
    return Echo(3, 50) if names == understood else Echo(1, 100)


async def test_names_that_are_understood_are_kept():
    names = PagingNames(HYPHENS, CAMEL)
    assert await names.fetch(lambda by: asked_by(by, HYPHENS), number=3, size=50) == Echo(3, 50)
    assert names.current == HYPHENS


async def test_the_other_names_are_found_out_once_for_all():
    names = PagingNames(HYPHENS, CAMEL)
    tried: list[tuple[str, str]] = []

    async def ask(by: tuple[str, str]) -> Echo:
        tried.append(by)
        await asyncio.sleep(0)
        return await asked_by(by, CAMEL)

    pages = await asyncio.gather(*(names.fetch(ask, number=3, size=50) for _ in range(5)))
    assert pages == [Echo(3, 50)] * 5
    assert names.current == CAMEL
    assert tried.count(HYPHENS) == 5


async def test_a_400_that_names_them_counts_as_not_understood():
    async def ask(by: tuple[str, str]) -> Echo:
        if by == HYPHENS:
            raise BadRequestError("x", status=400, body=b'{"errors": [{"errorDetails": "page-size?"}]}')
        return Echo(3, 50)

    assert await PagingNames(HYPHENS, CAMEL).fetch(ask, number=3, size=50) == Echo(3, 50)


async def test_another_400_is_an_error_as_it_is():
    async def ask(by: tuple[str, str]) -> Echo:
        raise BadRequestError("x", status=400, body=b"min-date?")

    with pytest.raises(BadRequestError):
        await PagingNames(HYPHENS, CAMEL).fetch(ask, number=3, size=50)


async def test_where_neither_is_understood_the_page_is_as_it_came():
    names = PagingNames(HYPHENS, CAMEL)
    assert await names.fetch(lambda by: asked_by(by, ("a", "b")), number=3, size=50) == Echo(1, 100)
    assert names.current == HYPHENS


async def test_a_try_that_met_an_error_was_none():
    names = PagingNames(HYPHENS, CAMEL)
    broken = True

    async def ask(by: tuple[str, str]) -> Echo:
        if by == CAMEL and broken:
            raise ServerError("x", status=503)
        return await asked_by(by, CAMEL)

    with pytest.raises(ServerError):
        await names.fetch(ask, number=3, size=50)
    broken = False
    assert await names.fetch(ask, number=3, size=50) == Echo(3, 50)


async def test_names_a_user_gave_are_not_doubted():
    names = PagingNames(("p", "s"), None)
    assert await names.fetch(lambda by: asked_by(by, CAMEL), number=3, size=50) == Echo(1, 100)
    assert names.reserved == ("p", "s")
