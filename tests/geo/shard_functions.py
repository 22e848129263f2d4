"""Functions of shards for tests of pools: of a module, so that other processes find them."""

import os
import signal
import time
from pathlib import Path

from geo.errors import UnknownSite


def square(task, look):
    return task * task


def late_first(task, look):
    time.sleep(0.2 if task == 0 else 0)
    return task * task


def refuses_three(task, look):
    if task == 3:
        raise UnknownSite(site_id=task)
    return task


def looks_for_a_minute(task, look):
    for _ in range(600):
        look()
        time.sleep(0.1)


def killed_once(task, look):
    number, marker = task
    if marker and not Path(marker).exists():
        Path(marker).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def killed_always(task, look):
    if task == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return task


def notes_pid(folder, look):
    (Path(folder) / f"pid-{os.getpid()}").touch()
    time.sleep(120)
