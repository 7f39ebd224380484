"""How verbs print: tables, notebooks, differences."""
