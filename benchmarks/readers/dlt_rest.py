"""dlt's RESTClient as its documentation shows it: a paginator and a selector, no pipeline behind it."""

import os

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")  # a benchmark calls nobody

import requests
from dlt.sources.helpers.rest_client.auth import BearerTokenAuth
from dlt.sources.helpers.rest_client.client import RESTClient
from dlt.sources.helpers.rest_client.paginators import PageNumberPaginator

from benchmarks.readers import LOGIN


def rows(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Every row as a dict, amounts as float."""
    count = 0
    answer = requests.post(f"{url}/authentication/token", json=LOGIN, timeout=60)
    client = RESTClient(
        url,
        auth=BearerTokenAuth(answer.json()["accessToken"]),
        paginator=PageNumberPaginator(base_page=1, page_param="page-number", total_path="totalPages"),
        data_selector="results.transactions",
    )
    for page in client.paginate("transactions", params={"page-size": 1000}):
        for _transaction in page:
            count += 1
            if only_first:
                return count
    return count
