"""A loop over requests and json: what the public scripts that talk to konfipay do. One page after the other, no models.

`json.loads` and not `response.json()`, which takes the slower simplejson wherever something has installed it.
"""

import json
from typing import Any

import requests

from benchmarks.readers import LOGIN


def rows(url: str, concurrency: int = 8, only_first: bool = False) -> int:
    """Every row as a dict, amounts as float."""
    count = 0
    number = 1
    with requests.Session() as session:
        answer = session.post(f"{url}/authentication/token", json=LOGIN, timeout=60)
        session.headers["Authorization"] = f"Bearer {answer.json()['accessToken']}"
        while True:
            query: dict[str, Any] = {"page-number": number, "page-size": 1000}
            answer = session.get(f"{url}/transactions", params=query, timeout=60)
            answer.raise_for_status()
            page = json.loads(answer.content)
            for _transaction in page["results"]["transactions"]:
                count += 1
                if only_first:
                    return count
            if number >= page["totalPages"]:
                return count
            number += 1
