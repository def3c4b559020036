"""Hostile input: one target a surface, bytes in and nothing out, which raises only on a finding.

`make test` drives each by hypothesis for a bounded number of examples, `make fuzz SECONDS=60` for
so long, guided by coverage (atheris) where that is installed.
"""
