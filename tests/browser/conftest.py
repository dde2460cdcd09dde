"""What can be tested here: these pages, where playwright and a Chromium are (the extra `browser`)."""

from importlib.util import find_spec

from tests.browser.chromium import found

collect_ignore_glob = [] if find_spec("playwright") and found() else ["test_*.py"]
