"""Mutation testing of the pure cores: `make mutants`.

Each mutant is the kit with one small fault, such as `<` for `<=`. The tests of its core have to fail. `operators` makes
the faults, `cores` says which files and which tests, `reach` knows which tests enter the function with the fault,
`swap` puts it into that function, `runner` runs the tests, and `__main__` writes `docs/mutants.md`.
"""
