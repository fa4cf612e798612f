"""Routers, filters and middlewares between a parsed message and the handler that answers it.

    router = Router("hotline12345")

    @router.on(Type("SUPERVISE"))
    async def urge(event: Event, receiver: Receiver, city: str) -> Receipt: ...

A handler takes the event and declares by name what else it needs; it gets that and nothing more. A
middleware is `async (proceed, event, data)`: an outer one runs before the filters of its router and
its nested routers, an inner one around the handler that was chosen.
"""

import inspect
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from typing import Any, Final, TypeAlias, TypeVar

import msgspec

from models.errors import Unsupported


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed message: the channel it came by, its type there, and what it says."""

    channel: str
    type: str
    body: Any


#: What a handler answers; the channel that sent the event knows what it is.
Answer: TypeAlias = Any
Handler: TypeAlias = Callable[..., Awaitable[Answer]]
Filter: TypeAlias = Callable[[Event], bool]
Proceed: TypeAlias = Callable[[Event, dict[str, Any]], Awaitable[Answer]]
Middleware: TypeAlias = Callable[[Proceed, Event, dict[str, Any]], Awaitable[Answer]]
_H = TypeVar("_H", bound=Handler)


class _Unhandled:
    """The answer of a router that has no handler for an event."""


UNHANDLED: Final = _Unhandled()


class Type:
    """Passes events of the given types; what a channel's routers know is read from these."""

    def __init__(self, *names: str) -> None:
        """Name the types."""
        self.names = frozenset(names)

    def __call__(self, event: Event) -> bool:
        """Say whether the event is of one of the types."""
        return event.type in self.names


class From:
    """Passes events of one channel."""

    def __init__(self, channel: str) -> None:
        """Name the channel."""
        self.channel = channel

    def __call__(self, event: Event) -> bool:
        """Say whether the event came by the channel."""
        return event.channel == self.channel


class _Call:
    """A handler with the names it asks for, read once."""

    def __init__(self, handler: Handler, filters: tuple[Filter, ...]) -> None:
        self.handler = handler
        self.filters = filters
        names = list(inspect.signature(handler).parameters.values())[1:]
        self.wanted = tuple(p.name for p in names if p.default is p.empty)
        self.optional = tuple(p.name for p in names if p.default is not p.empty)

    async def __call__(self, event: Event, data: dict[str, Any]) -> Answer:
        missing = [name for name in self.wanted if name not in data]
        if missing:
            msg = f"handler {self.handler.__qualname__} asks for {missing}, which nobody provides"
            raise RuntimeError(msg)
        given = {name: data[name] for name in self.wanted}
        given.update((name, data[name]) for name in self.optional if name in data)
        return await self.handler(event, **given)


class Router:
    """Handlers behind filters, with nested routers tried after its own handlers, in order."""

    def __init__(self, name: str, *gates: Filter) -> None:
        """Name the router; every gate must pass for it or anything in it to be tried."""
        self.name = name
        self.outer: list[Middleware] = []
        self.inner: list[Middleware] = []
        self.routers: list[Router] = []
        self._gates = gates
        self._calls: list[_Call] = []

    def on(self, *filters: Filter) -> Callable[[_H], _H]:
        """Register the decorated handler for events that pass all the filters."""

        def register(handler: _H) -> _H:
            self._calls.append(_Call(handler, filters))
            return handler

        return register

    def include(self, router: "Router") -> None:
        """Nest a router; ValueError when that would make a circle."""
        if any(inner is self for inner in router.tree()):
            msg = f"router {router.name} already contains {self.name}"
            raise ValueError(msg)
        self.routers.append(router)

    def tree(self) -> Iterator["Router"]:
        """Go through this router and all nested ones."""
        yield self
        for router in self.routers:
            yield from router.tree()

    def types(self, channel: str) -> list[str]:
        """List the event types that handlers reachable for a channel know, sorted."""
        probe = Event(channel=channel, type="", body=None)
        if not all(gate(probe) for gate in self._gates):
            return []
        own = {n for c in self._calls for f in c.filters if isinstance(f, Type) for n in f.names}
        return sorted(own.union(*(router.types(channel) for router in self.routers)))

    async def feed(self, event: Event, data: dict[str, Any]) -> Answer:
        """Let the event through the outer middlewares to the first handler that takes it."""
        return await _wrap(self.outer, self._find)(event, data)

    async def _find(self, event: Event, data: dict[str, Any]) -> Answer:
        for call in self._calls:
            if all(passes(event) for passes in call.filters):
                return await _wrap(self.inner, call)(event, data)
        for router in self.routers:
            if all(gate(event) for gate in router._gates):  # noqa: SLF001 - its own kind
                answer = await router.feed(event, data)
                if answer is not UNHANDLED:
                    return answer
        return UNHANDLED


class Dispatcher(Router):
    """The root of all routers: an event nobody takes is answered with the types that are known."""

    async def dispatch(self, event: Event, **data: object) -> Answer:
        """Give the answer of the handler that takes the event; Unsupported when none does."""
        answer = await self.feed(event, data)
        if answer is UNHANDLED:
            known = self.types(event.channel)
            code = "message_type_unsupported"
            detail = f"本系统不支持消息类型 {event.type[:40]},支持的类型:{'、'.join(known)}。"
            raise Unsupported(code, detail, supported=known)
        return answer


def _wrap(middlewares: list[Middleware], last: Proceed) -> Proceed:
    for middleware in reversed(middlewares):
        last = partial(middleware, last)
    return last
