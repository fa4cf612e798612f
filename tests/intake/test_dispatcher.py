from typing import Any

import pytest

from intake.channels.dispatcher import Answer, Dispatcher, Event, From, Proceed, Router, Type
from models.errors import Unsupported


def event(kind: str = "NEW", channel: str = "one") -> Event:
    """Make an event."""
    return Event(channel=channel, type=kind, body={"n": 1})


async def test_a_handler_gets_what_it_names() -> None:
    """A handler is given the things it declares by name, and nothing more."""
    root = Dispatcher("root")

    @root.on(Type("NEW"))
    async def take(event: Event, city: str, extra: str = "none") -> tuple[Any, ...]:
        return event.type, city, extra

    assert await root.dispatch(event(), city="430100", other=5) == ("NEW", "430100", "none")
    assert await root.dispatch(event(), city="430100", extra="x") == ("NEW", "430100", "x")


async def test_a_handler_that_asks_for_too_much() -> None:
    """A handler that names what nobody provides is a fault that says so."""
    root = Dispatcher("root")

    @root.on()
    async def take(event: Event, nothing: str) -> None:
        """Need what is not there."""

    with pytest.raises(RuntimeError, match="nothing"):
        await root.dispatch(event())


async def test_filters_choose_the_first_that_fits() -> None:
    """The first handler whose filters all pass takes the event; own ones come before nested."""
    root, nested = Dispatcher("root"), Router("nested", From("one"))
    root.include(nested)

    @nested.on(Type("NEW"))
    async def second(event: Event) -> str:
        return "nested"

    @nested.on(Type("OLD"))
    async def third(event: Event) -> str:
        return "old"

    @root.on(Type("NEW"), lambda e: e.body["n"] > 1)
    async def first(event: Event) -> str:
        return "root"

    assert await root.dispatch(event()) == "nested"
    assert await root.dispatch(event("OLD")) == "old"


async def test_a_router_of_another_channel() -> None:
    """A router behind a gate is not tried for events of other channels, nor are those in it."""
    root, gated, inner = Dispatcher("root"), Router("gated", From("one")), Router("inner")
    root.include(gated)
    gated.include(inner)

    @inner.on(Type("NEW"))
    async def take(event: Event) -> str:
        return "taken"

    assert await root.dispatch(event()) == "taken"
    with pytest.raises(Unsupported) as refusal:
        await root.dispatch(event(channel="two"))
    assert refusal.value.extra["supported"] == []


async def test_what_nobody_takes() -> None:
    """An event without a handler is answered with the types its own channel knows."""
    root, one, two = Dispatcher("root"), Router("one", From("one")), Router("two", From("two"))
    root.include(one)
    root.include(two)

    @one.on(Type("B", "A"))
    async def first(event: Event) -> None:
        """Take what is of one."""

    @two.on(Type("C"))
    async def second(event: Event) -> None:
        """Take what is of two."""

    with pytest.raises(Unsupported) as refusal:
        await root.dispatch(event("X"))
    assert refusal.value.extra["supported"] == ["A", "B"]
    assert refusal.value.status == 422


async def test_middlewares_wrap_in_order() -> None:
    """Outer middlewares run before the filters, inner ones around the handler, first outside."""
    root, seen = Dispatcher("root"), []

    def noting(name: str) -> Any:
        async def middleware(proceed: Proceed, event: Event, data: dict[str, Any]) -> Answer:
            seen.append(name)
            return await proceed(event, data | {"city": name})

        return middleware

    @root.on(Type("NEW"))
    async def take(event: Event, city: str) -> str:
        return city

    root.outer += [noting("outer one"), noting("outer two")]
    root.inner += [noting("inner")]
    assert await root.dispatch(event()) == "inner"
    assert seen == ["outer one", "outer two", "inner"]
    seen.clear()
    with pytest.raises(Unsupported):
        await root.dispatch(event("X"))
    assert seen == ["outer one", "outer two"]


async def test_a_middleware_may_answer_itself() -> None:
    """A middleware that does not proceed keeps the event from everyone behind it."""
    root = Dispatcher("root")

    async def stop(proceed: Proceed, event: Event, data: dict[str, Any]) -> str:
        return "stopped"

    root.outer.append(stop)
    assert await root.dispatch(event("X")) == "stopped"


def test_routers_make_no_circle() -> None:
    """A router cannot contain itself, directly or through others."""
    one, two = Router("one"), Router("two")
    one.include(two)
    with pytest.raises(ValueError, match="already contains"):
        two.include(one)
    with pytest.raises(ValueError, match="already contains"):
        one.include(one)
