"""The commands of `jiesu`; each module registers its own and imports its part only when it runs."""
