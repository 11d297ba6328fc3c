"""What programs find of what was done before the fork: nothing of the rehearsal, and streams of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from eg_cfg.sandbox import Program, Sandbox

pytestmark = pytest.mark.usefixtures("isolated")


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(1) as made:
        yield made


@pytest.mark.parametrize(("source", "expected"), [
    ("import sys\nprint('solution' in sys.modules)", "False"),
    ("import sys\nprint(sys.stdin.seekable(), sys.stdout.seekable(), sys.stdin.fileno(), sys.stdout.fileno())",
     "False False 0 1"),
    ("import sys\nprint(sys.stdin is sys.__stdin__, sys.stdout is sys.__stdout__, sys.stderr is sys.__stderr__)",
     "True True True"),
    ("import sys\nprint(sys.stdin.encoding, sys.stdout.line_buffering, sys.stderr.line_buffering)", "utf-8 False True"),
    ("import signal\ntry:\n    signal.raise_signal(2)\nexcept KeyboardInterrupt:\n    print('raised')", "raised"),
    ("import gc\nprint(gc.isenabled(), len(gc.get_objects()) < 5_000)", "True True"),
    ("import resource as r\nprint(r.getrlimit(r.RLIMIT_CORE), r.getrlimit(r.RLIMIT_MEMLOCK))", "(0, 0) (0, 0)"),
    ("import threading as t\nprint(t.active_count(), t.current_thread() is t.main_thread())", "1 True"),
])
def test_program_finds_a_fresh_interpreter(sandbox: Sandbox, source: str, expected: str) -> None:
    execution = sandbox.run(source)
    assert (execution.stdout.strip(), execution.stderr) == (expected, ""), execution


def test_threads_and_processes_of_a_program_work(sandbox: Sandbox) -> None:
    """The program's process was not forked by `os.fork`; what it forks itself is."""
    source = """
import os, random, threading
done = []
threads = [threading.Thread(target=done.append, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
first = random.random()
read, write = os.pipe()
if os.fork() == 0:
    thread = threading.Thread(target=os.write, args=(write, repr(random.random()).encode()))
    thread.start()
    thread.join()
    os._exit(0)
os.wait()
print(sorted(done), first, float(os.read(read, 100)) != random.random())
"""
    executions = [sandbox.run(source) for _ in range(2)]
    assert [e.outcome for e in executions] == ["ok", "ok"]
    assert executions[0].stdout.startswith("[0, 1, 2, 3] 0.8444218515250481 True"), "seeded with 0, reseeded by os.fork"
    assert executions[0].stdout == executions[1].stdout


def test_scratch_is_wiped_however_deep(sandbox: Sandbox) -> None:
    make = "import os\nfor _ in range(40):\n    os.mkdir('d')\n    open('f', 'w')\n    os.chdir('d')\nos.chmod('.', 0)"
    look = "import os\nprint(os.listdir('/tmp'), os.listdir('/dev/shm'))"
    assert sandbox.run(make).ok
    assert sandbox.run(look).stdout == "[] []\n"
    assert sandbox.run(Program("open('/dev/shm/x', 'w').write('x')", files={"a/b.txt": b"x"})).ok
    assert sandbox.run(look).stdout == "[] []\n"
    assert sandbox.replaced_workers == 0
