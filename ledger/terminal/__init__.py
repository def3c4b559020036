"""Output for people and programs. Knows neither click nor a ledger.

- `sheets`: rows as a table, JSON, JSON lines, or CSV
- `tables`, `heatmap`: aligned columns, and a heat-map of months
- `output`: standard output, or a file that is written whole or not at all
- `pager`, `prompts`: reading more than a screenful, typing at a prompt
"""
