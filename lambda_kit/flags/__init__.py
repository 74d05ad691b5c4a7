"""Feature flags: rules in a document, from AppConfig, a file or a source of your own, compiled once for each version.

```python
from lambda_kit import FeatureFlags
from lambda_kit.flags import AppConfigAgent

flags = FeatureFlags(AppConfigAgent("shop", "prod", "features"), envelope="flags")
```

The rules, the same for every source:

- Flags live in the init cache: one thread fetches them, once in each time to live.
- If the source fails, the old flags stay in force, for a day by default, with one warning. A new version that is wrong
  is logged once, and the version before stays in force.
- For a flag that does not exist, a call returns its default, or raises an error with the closest name.
- A key that is missing from the context never matches. No document can run code.
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
