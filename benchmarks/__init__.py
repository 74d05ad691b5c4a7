"""Benchmarks: lambda_kit beside hand-written code and beside its peer. Run them with `make bench`.

A topic is one module with a `TOPIC`: the cases that are measured in every round, and the rows of the table that are
worked out from them. To add one, write the module and name it in `TOPICS` in `__main__.py`. `_model.py` has the pieces,
`_calls.py` measures calls in ns and `_processes.py` whole processes.
"""
