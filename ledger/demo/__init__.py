"""The demo: one real campus as far as it is publicly known, with made-up activity on it.

`yongchuan.toml` holds the published facts. Everything else is generated, is the same on
every run, and has "sample" in its title.
"""
