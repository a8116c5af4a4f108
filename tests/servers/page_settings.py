"""The settings behind real proxies: the suite's, with those that a recipe gives its reader.

PAGE_SETTINGS is Python, taken out of the recipe.
"""

import os

from tests.servers.settings import *  # noqa: F403 - all but what the recipe says

exec(compile(os.environ["PAGE_SETTINGS"], "recipe", "exec"))
