"""`python -m lambda_kit.runtime MODULE.FUNCTION`."""

from lambda_kit.runtime import main

if __name__ == "__main__":
    main()
