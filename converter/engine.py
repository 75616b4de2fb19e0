"""Runs `convert one resident` over many residents: in this process, or in a pool of processes on this machine.

Results come back in the order of the tasks, whatever the number of workers, and only a window of tasks is under way:
neither the order nor the memory depends on the size of the export. A worker that dies (killed, out of memory) loses
nothing: its tasks are done again one by one, and the resident that kills a worker twice is named and left out. So is
one on which the program fails: a defect costs that resident, never the run. A run that is told to halt lets out
nothing new and still gives what was under way, so that no finished work goes untold.
"""

from __future__ import annotations

import os
import signal
import traceback
from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import islice, takewhile
from multiprocessing import get_all_start_methods, get_context, parent_process
from multiprocessing.context import BaseContext
from pathlib import Path
from threading import Event, Thread

from converter.conversion import Converted, Failed, Plan, ResidentConverter, Task
from converter.diagnostics import ConverterError

__all__ = ["attempt", "converted"]

#: Tasks sent together: enough to hide the cost of passing them.
_ROWS_PER_BATCH = 40
#: Residents for which a pool costs more than it brings.
_HANDFUL = 8
#: Batches under way per worker.
_WINDOW = 4

Batch = list[Task]


def converted(
    plan: Plan, tasks: Iterator[Task], workers: int | None, halt: Event | None = None
) -> Iterator[tuple[Task, Converted | Failed]]:
    """Each task with its result, in order; Failed for one that killed its worker twice, or that the program fails on.

    ``workers`` None means one per processor. A single worker is this process. ConverterError of a task, which concerns
    the whole run, passes through. Once ``halt`` is set, only tasks already under way are still given.
    """
    halt = halt or Event()
    count = workers if workers is not None else os.cpu_count() or 1
    first = list(islice(tasks, _HANDFUL)) if count > 1 else []
    if len(first) < _HANDFUL:
        yield from _here(plan, _chained(first, tasks), halt)
    else:
        yield from _pooled(plan, _batches(_chained(first, tasks)), count, halt)


def _chained(first: Batch, rest: Iterator[Task]) -> Iterator[Task]:
    yield from first
    yield from rest


def _here(plan: Plan, tasks: Iterator[Task], halt: Event) -> Iterator[tuple[Task, Converted | Failed]]:
    converter = ResidentConverter(plan)
    for task in takewhile(lambda _: not halt.is_set(), tasks):
        yield task, attempt(converter, task)


def attempt(converter: ResidentConverter, task: Task) -> Converted | Failed:
    """One resident, a defect of the program included. ConverterError, which concerns the whole run, passes through."""
    try:
        return converter.convert(task)
    except ConverterError:
        raise
    except Exception as bug:  # the text of a bug may quote a cell: its type and place do not
        frame = traceback.extract_tb(bug.__traceback__)[-1]
        return Failed(f"{type(bug).__name__}, {Path(frame.filename).name}:{frame.lineno}")


def _batches(tasks: Iterator[Task]) -> Iterator[Batch]:
    batch: Batch = []
    rows = 0
    for task in tasks:
        batch.append(task)
        rows += len(task.rows)
        if rows >= _ROWS_PER_BATCH:
            yield batch
            batch, rows = [], 0
    if batch:
        yield batch


# ----------------------------------------------------------------------------------------------------- in a worker

_converter: ResidentConverter | None = None


def _start(plan: Plan) -> None:
    global _converter
    # Ctrl-C is the main process's to answer: it lets no new work out and ends the workers itself.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_main, daemon=True).start()
    _converter = ResidentConverter(plan)


def _end_with_main() -> None:
    """A worker whose main process was killed would wait for work for ever: nothing else ends it.

    What it leaves of a file lies in the work folder, which the next run clears.
    """
    main = parent_process()
    if main is not None:
        main.join()
        os._exit(1)


def _convert(batch: Batch) -> list[Converted | Failed]:
    assert _converter is not None
    return [attempt(_converter, task) for task in batch]


# ---------------------------------------------------------------------------------------------- in the main process


def _context() -> BaseContext:
    if "forkserver" not in get_all_start_methods():
        return get_context("spawn")
    context = get_context("forkserver")
    # Read once by the server while the main process reads its sources, not by each worker while the run waits for it.
    context.set_forkserver_preload(["converter.conversion"])
    return context


def _pool(plan: Plan, workers: int) -> ProcessPoolExecutor:
    # Forking is refused where threads run, and differs between systems: a fresh process is the same everywhere.
    return ProcessPoolExecutor(workers, _context(), _start, (plan,))


_Waiting = deque[tuple[Batch, Future[list[Converted | Failed]]]]


def _pooled(
    plan: Plan, batches: Iterator[Batch], workers: int, halt: Event
) -> Iterator[tuple[Task, Converted | Failed]]:
    pool = _pool(plan, workers)
    waiting: _Waiting = deque()
    try:
        for batch in takewhile(lambda _: not halt.is_set(), batches):
            waiting.append((batch, _submit(pool, batch)))
            if len(waiting) > workers * _WINDOW:
                pool = yield from _next(plan, pool, waiting, workers)
        while waiting:
            if halt.is_set():
                yield from _under_way(waiting)
            else:
                pool = yield from _next(plan, pool, waiting, workers)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _under_way(waiting: _Waiting) -> Iterator[tuple[Task, Converted | Failed]]:
    """The results of what no longer can be called back; the others are left for another run."""
    running = [(batch, future) for batch, future in waiting if not future.cancel()]
    waiting.clear()
    for batch, future in running:
        try:
            results = future.result()
        except BrokenProcessPool:
            continue
        yield from zip(batch, results, strict=True)


def _submit(pool: ProcessPoolExecutor, batch: Batch) -> Future[list[Converted | Failed]]:
    try:
        return pool.submit(_convert, batch)
    except BrokenProcessPool as broken:
        lost: Future[list[Converted | Failed]] = Future()
        lost.set_exception(broken)
        return lost


def _next(
    plan: Plan,
    pool: ProcessPoolExecutor,
    waiting: _Waiting,
    workers: int,
) -> Generator[tuple[Task, Converted | Failed], None, ProcessPoolExecutor]:
    """The results of the oldest batch; returns the pool to go on with."""
    batch, future = waiting.popleft()
    try:
        results = future.result()
    except BrokenProcessPool:
        pool.shutdown(wait=True, cancel_futures=True)
        results = [*_alone(plan, batch)]
        pool = _pool(plan, workers)
        again = [(b, f if _has_result(f) else _submit(pool, b)) for b, f in waiting]
        waiting.clear()
        waiting.extend(again)
    yield from zip(batch, results, strict=True)
    return pool


def _has_result(future: Future[list[Converted | Failed]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _alone(plan: Plan, batch: Batch) -> Iterator[Converted | Failed]:
    """One task at a time in a process that has no other: whichever ends it is to blame."""
    pool = _pool(plan, 1)
    try:
        for task in batch:
            try:
                yield pool.submit(_convert, [task]).result()[0]
            except BrokenProcessPool:
                yield Failed("")
                pool.shutdown(wait=True)
                pool = _pool(plan, 1)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
