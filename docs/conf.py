"""How the docs are built: plain Markdown in, HTML out, any warning an error (`make docs`)."""

import tomllib
from pathlib import Path

_root = Path(__file__).parent.parent
_project = tomllib.loads((_root / "pyproject.toml").read_text(encoding="utf-8"))["project"]

project = _project["name"]
author = _project["authors"][0]["name"]
project_copyright = f"2026, {author}"

extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True

# A heading can be linked to as in any Markdown viewer.
myst_heading_anchors = 4
myst_enable_extensions = ["deflist"]

html_theme = "furo"
html_title = project
html_copy_source = False
html_show_sphinx = False
# A console block shows prompts and output, and its wildcards are no syntax errors.
highlight_language = "text"
