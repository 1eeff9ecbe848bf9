"""Ways to read all pages of a list: ours, the least one can do by hand, and what people use instead.

One module for each, and only it loads its libraries. A way is a function (a coroutine function where it is async) of
the base URL, how many pages may be in flight, and `only_first`, with which it ends at the first row; it logs in, reads
and touches every row, and says how many there were.
"""

API_KEY = "SandboxKeyForTestsOnly00000000000000000000000000000000NoRealData"
LOGIN = {"apiKey": API_KEY, "client": {"name": "benchmarks", "version": "1"}}
