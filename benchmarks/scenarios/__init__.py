"""One module for each question. Each has `run(bench)`, which answers with a `Section`."""
