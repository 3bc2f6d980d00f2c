"""How far the work for a session is, as a stream of server-sent events."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable

from vesal.server.desk import Desk
from vesal.server.turns import Waiting, Working

_QUIET_S = 15.0  # proxies close what says nothing for longer
_GLANCE_S = 0.5  # how often it is looked whether the server ends
_HELD = 100  # events that a slow reader may be behind; older ones are dropped


async def events(desk: Desk, ending: Callable[[], bool]) -> AsyncIterator[str]:
    """One event for each piece of news of a desk, beginning with where it stands.

    Args:
        desk: that is listened to.
        ending: whether the server ends, and the stream with it.
    """
    news: asyncio.Queue[Waiting | Working | None] = asyncio.Queue(_HELD)

    def hear(one: Waiting | Working | None) -> None:
        if news.full():
            news.get_nowait()
        news.put_nowait(one)

    stop = desk.listen(hear)
    try:
        yield _event(desk, None)
        spoken_at = time.monotonic()
        while not (ending() or desk.is_closed):
            try:
                piece = _event(desk, await asyncio.wait_for(news.get(), _GLANCE_S))
            except TimeoutError:
                if time.monotonic() < spoken_at + _QUIET_S:
                    continue
                piece = ": still here\n\n"
            spoken_at = time.monotonic()
            yield piece
    finally:
        stop()


def _event(desk: Desk, news: Waiting | Working | None) -> str:
    record: dict[str, object]
    if isinstance(news, Waiting):
        record = {"type": "waiting", "ahead": news.ahead}
    elif isinstance(news, Working):
        record = {"type": "progress", "done": news.done, "total": news.total, "text": news.text}
    else:
        record = {"type": "idle", "revision": desk.revision}
    return f"data: {json.dumps(record)}\n\n"
