"""Feature flags: rules that are compiled once, over AppConfig, a file, or what else has a document of them.

```python
from lambda_kit import FeatureFlags
from lambda_kit.flags import AppConfigAgent

flags = FeatureFlags(AppConfigAgent("shop", "prod", "features"), envelope="flags")
```

The rules, the same for every source:

- Flags live in the init cache: one thread asks the source, once in a time to live. They are compiled once a version.
- A source that fails leaves the flags as they were, for a day by default, with one warning. A version that is wrong is
  logged once, and the one before stays in force.
- A flag that does not exist is the default that the call gives, else an error with the closest name.
- A key that is missing from the context never matches. Nothing in a document runs code.
"""

from __future__ import annotations

from lambda_kit import lazy_exports
from lambda_kit.flags._app_config import AppConfigAgent, AppConfigData
from lambda_kit.flags._feature_flags import FeatureFlags
from lambda_kit.flags._sources import Fetched, FlagFile, Source, StaticFlags

TYPE_CHECKING = False
if TYPE_CHECKING:
    from lambda_kit.flags._explain import Explanation
else:
    __getattr__, __dir__ = lazy_exports(globals(), {"Explanation": "lambda_kit.flags._explain"})


__all__ = [
    "AppConfigAgent",
    "AppConfigData",
    "Explanation",
    "FeatureFlags",
    "Fetched",
    "FlagFile",
    "Source",
    "StaticFlags",
]
