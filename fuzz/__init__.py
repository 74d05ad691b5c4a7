"""Random input for everything that parses input from outside: `make fuzz`.

`targets` and `requests` say what is tried, `engine` tries it, and `__main__` runs all targets for a set time.
"""
