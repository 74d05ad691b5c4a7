"""A module that `doctored` imports and does not use."""

from __future__ import annotations

import wave

FORMATS = (wave.open,)
