"""Where desired state comes from: the only room that knows Git."""

import os

# GitPython looks for git when it is imported and fails there; a missing git is to be an error of ours, with words.
os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
