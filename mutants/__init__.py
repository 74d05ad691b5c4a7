"""Mutation testing of the pure cores: `make mutants`.

Each mutant is the kit with one small fault, such as `<` for `<=`. The tests of its core have to fail. `operators` makes
the faults, `cores` says which files and which tests, `runner` runs the tests, `reach` knows
which of them enter the function with the fault, and `__main__` writes `docs/mutants.md`.
"""
