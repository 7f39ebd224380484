"""How the verbs print: tables, notebooks, differences."""
