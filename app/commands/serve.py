"""sightline serve: the pages and the API."""

import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import click

from app.arithmetic import calculate_in_one_thread
from app.commands.options import command
from app.heap import share_one_heap
from app.services import Services


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; others than this machine need a token.",
)
@click.option("--port", default=8501, show_default=True, type=click.IntRange(0, 65535), help="0 takes a free one.")
@click.option("--browser/--no-browser", default=None, help="Open a browser; by default when there is a display.")
@click.option("--watch", "follow", is_flag=True, help="Also follow the indexed folders, as `sightline watch` does.")
@click.pass_obj
@command
def serve(services: Services, host: str, port: int, browser: bool | None, follow: bool) -> None:
    """Search in a browser, and answer the API: on this machine only, or with --host to whoever has the token."""
    share_one_heap()
    if browser is None:
        browser = bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY") or sys.platform == "darwin")
    import app.search  # noqa: F401 - before the thread below, so that no two import one package

    calculate_in_one_thread()
    stop = threading.Event()
    if follow:
        from indexer.watch import Watcher  # and with it what indexes and watches: nothing of it answers a search

        threading.Thread(target=Watcher(services.library, lambda _: None).run, args=(stop,), daemon=True).start()
    try:
        with ThreadPoolExecutor(1) as beside:  # the vectors and the text tower are opened while the server is imported
            warm = beside.submit(lambda: services.search.warm_up())
            from app.server import serve as run

            run(services, host, port, open_browser=browser, follows=follow, ready=warm.result)
    except KeyboardInterrupt:
        pass  # the way to end it
    finally:
        stop.set()
