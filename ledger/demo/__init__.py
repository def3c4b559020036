"""The demo: one real campus as far as it is publicly known, and a made-up studio life on it.

`yongchuan.toml` holds the published facts. Everything else is generated, is the same on
every run, and says "sample" in its title.
"""
