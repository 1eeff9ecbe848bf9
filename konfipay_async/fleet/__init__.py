"""The pull on many machines (the extra ``fleet``): workers that share a queue in PostgreSQL, by procrastinate.

The keys and how often to pull with them stand in a file that every worker reads; the queue holds their names, never a
key. `planning` makes the queue and says what comes when, `worker` pulls, `status` tells how they all fare.
"""

from importlib.util import find_spec

from konfipay_async.errors import MissingExtraError

if not all(map(find_spec, ("procrastinate", "psycopg", "sqlalchemy"))):
    raise MissingExtraError("pulling on many machines", "fleet")
