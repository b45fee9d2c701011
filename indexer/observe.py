"""The system's notifications about a folder. An overflow of their queue is told as a change of the whole folder."""

import os
import sys

from watchdog.events import FileModifiedEvent, FileSystemEventHandler
from watchdog.observers.api import BaseObserver


def observe(path: str, handler: FileSystemEventHandler) -> BaseObserver:
    """Tells `handler` of every change below `path`, until the observer is stopped.

    Raises:
        OSError: the system can follow no more folders.
    """
    observer = _observer()
    observer.schedule(handler, path, recursive=True)
    try:
        observer.start()
    except OSError:
        observer.stop()
        raise
    return observer


def _observer() -> BaseObserver:
    if sys.platform != "linux":
        from watchdog.observers import Observer

        other: BaseObserver = Observer()
        return other
    from watchdog.observers.inotify import InotifyEmitter

    class Emitter(InotifyEmitter):
        """watchdog mends its watches after an overflow, but tells no one that events were lost."""

        def on_thread_start(self) -> None:
            super().on_thread_start()
            group = self._inotify
            assert group is not None
            mend = group.on_queue_overflow

            def on_queue_overflow() -> None:
                mend()
                self.queue_event(FileModifiedEvent(os.path.join(self.watch.path, "anything")))

            group.on_queue_overflow = on_queue_overflow  # type: ignore[method-assign]

    return BaseObserver(Emitter)
