"""Plugins: found, read, loaded, and kept apart when broken.

`host` is the face. A plugin goes through the others in this order:

- `packages`, `finding`: which plugins are installed or lie in the plugins folder
- `syntax`, `scope`, `source`, `manifest`: what a source offers, read without running it
- `roster`: which plugins are on, and what their sources say
- `loading`: importing one, asking what it offers, checking it against the others
- `commands`: how a decision becomes a command
- `profile`: what a plugin costs
"""
