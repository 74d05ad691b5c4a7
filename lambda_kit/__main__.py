"""`python -m lambda_kit` is the command `lambda-kit`."""

from __future__ import annotations

import sys

from lambda_kit.local import main

sys.exit(main())
