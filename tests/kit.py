"""What tests share beside fixtures: the server on which they make databases."""

import itertools
import os
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit, urlunsplit

import asyncpg

#: The migrated database that every test gets a copy of.
TEMPLATE: Final = f"jiesu_template_{os.getpid()}"
_numbers = itertools.count(1)


@dataclass(frozen=True)
class Server:
    """A server on which tests make databases; `dsn` leads to one where they may be made."""

    dsn: str

    def database(self, name: str) -> str:
        """Give the address of another database of the same server."""
        return urlunsplit(urlsplit(self.dsn)._replace(path=f"/{name}"))

    async def run(self, statement: str) -> None:
        """Run one statement that no transaction may hold, such as CREATE DATABASE."""
        conn = await asyncpg.connect(self.dsn)
        try:
            await conn.execute(statement)
        finally:
            await conn.close()

    async def copy_template(self) -> str:
        """Make a database out of the migrated template and give its name."""
        name = f"jiesu_test_{os.getpid()}_{next(_numbers)}"
        await self.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return name

    async def drop(self, name: str) -> None:
        """Drop a database with whoever is still on it."""
        await self.run(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
