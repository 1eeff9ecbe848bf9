"""Figures for what the client promises, measured side by side in one run.

``python -m benchmarks`` measures everything and writes ``docs/benchmarks.md`` with its plot, and ``docs/capacity.md``,
which is computed from it; ``--quick`` tries it all in half a minute and writes nothing. `scenarios/` has one module for
each question, `readers/` one for each way to read the pages, `serving` what is read from and `reading` who reads, both
as processes of their own.
"""
