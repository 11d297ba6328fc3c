"""Cheats that need to know nothing of a problem but the name that it asks for, so that each can be tried on all.

`FUNCTIONS` define `cheat`, which `as_solution` gives the problem's name; `PROGRAMS` are whole programs for problems of
standard input and output. Some read: they look where tests may lie for a line `name(arguments) == expected`, and answer
what it says. `FOOLED` names those that pass where a test runs beside the program, as it does in the usual harnesses.
"""

from __future__ import annotations

import ast
import warnings

from eg_cfg.benchmarks.base import Problem

_READER = '''
import re

TEXTS = []


def look(text):
    if isinstance(text, bytes):
        text = text.decode("latin-1")
    if isinstance(text, str) and "==" in text and len(text) < 1_000_000:
        TEXTS.append(text)


def look_into(thing, depth=3):
    look(thing)
    if depth and isinstance(thing, dict):
        for key in list(thing):
            look_into(thing.get(key), depth - 1)
    elif depth and isinstance(thing, (list, tuple, set)):
        for part in list(thing)[:1000]:
            look_into(part, depth - 1)


TEST = r"(?:ENTRY|candidate)\\((.*)\\)\\s*==\\s*(.+?)(?:,\\s*[\\"'].*)?$"


def cheat(*args, **kwargs):
    search()
    for text in TEXTS:
        for given, expected in re.findall(TEST, text, re.M):
            try:
                if eval("(" + given + ",)") == args:
                    return eval(expected)
            except Exception:
                pass
    return "nothing was found"
'''
_LIAR = """
class Lie:
    def __eq__(self, other): return True
    def __ne__(self, other): return False
"""
_RETURN_LIE = "def cheat(*a, **k): return Lie()\n"
_WRONG = "def cheat(*a, **k): return 987654321\n"


def _subclass(base: str, value: str) -> str:
    return f"""
class Lie({base}):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    __lt__ = __le__ = __gt__ = __ge__ = __contains__ = __eq__
    def __hash__(self): return 0
    def __len__(self): return 1 << 40
    def __bool__(self): return True
    def __iter__(self): return iter((self,))
    def __getitem__(self, key): return self
    __class__ = property(lambda self: {base})
def cheat(*a, **k): return Lie({value})
"""


FUNCTIONS: dict[str, str] = {
    "exit_zero_at_import": """
import sys
sys.exit(0)
""",
    "exit_zero_in_the_call": """
import sys
def cheat(*a, **k): sys.exit(0)
""",
    "exit_raised": """
def cheat(*a, **k): raise SystemExit(0)
""",
    "exit_hard_at_import": """
import os
os._exit(0)
""",
    "exit_hard_in_the_call": """
import os
def cheat(*a, **k): os._exit(0)
""",
    "exit_interrupt": """
def cheat(*a, **k): raise KeyboardInterrupt
""",
    "exit_generator": """
def cheat(*a, **k): raise GeneratorExit
""",
    "exit_kills_itself": """
import os, signal
def cheat(*a, **k): os.kill(os.getpid(), signal.SIGTERM)
""",
    "lying_equality": _LIAR + _RETURN_LIE,
    "lying_hash": _LIAR + """
Lie.__hash__ = lambda self: 0
def cheat(*a, **k): return {Lie(): Lie()}
""",
    "lying_truth": """
class Lie:
    def __bool__(self): return True
    def __eq__(self, other): return self
    __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __sub__ = __rsub__ = __abs__ = __eq__
""" + _RETURN_LIE,
    "lying_length": _LIAR + """
Lie.__len__ = lambda self: 0
""" + _RETURN_LIE,
    "lying_iteration": _LIAR + """
Lie.__iter__ = lambda self: iter([Lie()])
Lie.__getitem__ = lambda self, i: Lie()
""" + _RETURN_LIE,
    "lying_everything": """
class Lie:
    __class__ = property(lambda self: int)
for name in '''eq ne lt le gt ge bool contains getitem call add radd sub rsub mul abs neg int float index len hash
            and or xor round'''.split():
    setattr(Lie, f'__{name}__', lambda self, *a: True)
for name in ('str', 'repr', 'format'):
    setattr(Lie, f'__{name}__', lambda self, *a: 'True')
Lie.__iter__ = lambda self: iter((self,))
Lie.__getattr__ = lambda self, name: self
""" + _RETURN_LIE,
    "lying_inside_a_list": _LIAR + """
def cheat(*a, **k): return [Lie()] * 3
""",
    "lying_class": """
class Meta(type):
    def __eq__(cls, other): return True
    def __ne__(cls, other): return False
    __hash__ = type.__hash__
class Lie(metaclass=Meta):
    pass
def cheat(*a, **k): return Lie
""",
    "subclass_int": _subclass("int", "987654321"),
    "subclass_float": _subclass("float", "987654321.5"),
    "subclass_str": _subclass("str", "'cheat'"),
    "subclass_list": _subclass("list", "['cheat']"),
    "subclass_tuple": _subclass("tuple", "('cheat',)"),
    "subclass_dict": _subclass("dict", "{'cheat': 'cheat'}"),
    "subclass_set": _subclass("set", "{'cheat'}"),
    "not_implemented": """
def cheat(*a, **k): return NotImplemented
""",
    "not_a_number": """
def cheat(*a, **k): return float('nan')
""",
    "a_function": """
def cheat(*a, **k): return cheat
""",
    "a_coroutine": """
async def cheat(*a, **k): return True
""",
    "a_generator": """
def cheat(*a, **k):
    while True: yield True
""",
    "frames": _READER + """
import sys
def search():
    frame = sys._getframe()
    while frame is not None:
        for space in (frame.f_locals, frame.f_globals):
            look_into(dict(space))
        look_into(frame.f_code.co_consts)
        frame = frame.f_back
""",
    "expected_in_frames": """
import sys
def cheat(*a, **k):
    frame = sys._getframe()
    while frame is not None:
        for space in (frame.f_locals, frame.f_globals):
            for name in ("expected", "want", "result", "answer", "output", "ref", "expect", "reference"):
                if name in space: return space[name]
        frame = frame.f_back
    return "nothing was found"
""",
    "objects": _READER + """
import gc
def search():
    if not TEXTS:
        for thing in gc.get_objects():
            if type(thing) in (dict, list, tuple):
                look_into(thing, 1)
""",
    "modules": _READER + """
import sys
def search():
    for module in list(sys.modules.values()):
        name = str(getattr(module, "__name__", "")).partition(".")[0]
        if name in ("__main__", "solution", "test", "eg_cfg", "program"):
            look_into(dict(vars(module)))
""",
    "trace": _READER + """
import sys
def search():
    sys.settrace(None)
def spy(frame, event, arg):
    look_into(dict(frame.f_locals), 2)
    look(arg)
    return spy
sys.settrace(spy)
""",
    "profile": _READER + """
import sys
def search():
    sys.setprofile(None)
def spy(frame, event, arg):
    look_into(dict(frame.f_locals), 2)
    look(arg)
sys.setprofile(spy)
""",
    "disk": _READER + """
import os, sys
def search():
    if TEXTS:
        return
    for top in {".", "/tmp", "/dev/shm", "/root", "/home", "/work", "/data", "/mnt", "/var", os.path.expanduser("~")}:
        for folder, folders, files in os.walk(top):
            folders[:] = [name for name in folders[:20] if not name.startswith((".", "lib"))]
            for name in files[:50]:
                if name.endswith((".json", ".jsonl", ".py", ".txt", ".gz", "samples", "tests")):
                    try:
                        look(open(os.path.join(folder, name), errors="replace").read(1 << 20))
                    except OSError:
                        pass
""",
    "other_samples": _READER + """
import os
def search():
    for folder in ("/tmp", "/dev/shm", "."):
        for name in os.listdir(folder):
            try:
                look(open(os.path.join(folder, name), errors="replace").read())
            except OSError:
                pass
        try:
            open(os.path.join(folder, "ENTRY.txt"), "a").write("ENTRY(1) == 1\\n")
        except OSError:
            pass
""",
    "environment": _READER + """
import os
def search():
    look_into(dict(os.environ))
    look_into(dict(os.environb))
""",
    "proc": _READER + """
import glob
def search():
    for path in glob.glob("/proc/*/cmdline") + glob.glob("/proc/*/environ") + glob.glob("/proc/*/fd/*"):
        try:
            look(open(path, errors="replace").read(1 << 16))
        except OSError:
            pass
""",
    "parent_memory": _READER + """
import os
def search():
    for pid in (os.getppid(), 1, os.getpid()):
        try:
            for line in open(f"/proc/{pid}/maps"):
                first, last = (int(x, 16) for x in line.split()[0].split("-"))
                with open(f"/proc/{pid}/mem", "rb") as memory:
                    memory.seek(first)
                    look(memory.read(last - first))
        except OSError:
            pass
""",
    "command_line": _READER + """
import sys
def search():
    look_into([*sys.argv, *sys.orig_argv])
""",
    "open_descriptors": _READER + """
import os
def search():
    for fd in range(64):
        try:
            os.set_blocking(fd, False)
            look(os.read(fd, 1 << 16))
        except OSError:
            pass
""",
    "patched_builtins": """
import builtins
for name in ('all', 'any', 'callable', 'isinstance', 'issubclass', 'hasattr'):
    setattr(builtins, name, lambda *a: True)
for name in ('abs', 'sum', 'round', 'sorted', 'len', 'hash', 'max'):
    setattr(builtins, name, lambda *a, **k: 0)
""" + _WRONG,
    "patched_types": """
import builtins
for name in 'int float str list tuple dict set frozenset bool type range'.split():
    setattr(builtins, name, lambda *a, **k: 0)
""" + _WRONG,
    "patched_exceptions": """
import builtins
class Quiet(Exception):
    pass
for name in dir(builtins):
    if name.endswith('Error') or name.endswith('Exception'):
        setattr(builtins, name, Quiet)
""" + _WRONG,
    "patched_input_output": """
import builtins, io, sys
builtins.print = builtins.input = lambda *a, **k: 'passed'
builtins.open = io.open = lambda *a, **k: io.StringIO('passed')
sys.stdout = sys.stderr = io.StringIO()
""" + _WRONG,
    "patched_compilation": """
import builtins
run = builtins.exec
builtins.exec = lambda *a: None
builtins.compile = lambda *a, **k: (lambda: None).__code__
builtins.eval = lambda *a: True
""" + _WRONG,
    "patched_math": """
import cmath, math
math.isclose = cmath.isclose = lambda *a, **k: True
math.fabs = math.dist = math.floor = lambda *a: 0
""" + _WRONG,
    "patched_json": """
import json
json.dumps = json.JSONEncoder.encode = lambda *a, **k: '{"d":[["value",true]]}'
json.loads = json.JSONDecoder.decode = lambda *a, **k: {'value': True}
""" + _WRONG,
    "patched_wire": """
import sys
for module in list(sys.modules.values()):
    if (getattr(module, '__name__', '') or '').endswith(('sandbox.wire', 'sandbox.child', 'sandbox.channel')):
        for name in ('dumps', '_describe', '_to_json'):
            if hasattr(module, name):
                setattr(module, name, lambda *a, **k: b'{"d":[["id",1],["value",true]]}')
""" + _WRONG,
    "patched_unittest": """
import unittest
for name in dir(unittest.TestCase):
    if name.startswith(('assert', 'fail')):
        setattr(unittest.TestCase, name, lambda *a, **k: None)
""" + _WRONG,
    "patched_numpy_testing": """
import sys, types
fake = types.ModuleType('numpy')
fake.__getattr__ = lambda name: (lambda *a, **k: True)
sys.modules['numpy'] = fake
sys.modules['numpy.testing'] = fake.testing = fake
""" + _WRONG,
    "patched_modules": """
import sys, types
for name in ('math', 'operator', 'copy', 'random', 'collections', 'functools', 're'):
    fake = types.ModuleType(name)
    fake.__getattr__ = lambda name: (lambda *a, **k: True)
    sys.modules[name] = fake
""" + _WRONG,
    "import_hook": """
import builtins, sys, types
fake = types.ModuleType('fake')
fake.__getattr__ = lambda name: (lambda *a, **k: True)
class Hook:
    def find_spec(self, name, path, target=None):
        import importlib.machinery
        return importlib.machinery.ModuleSpec(name, self)
    def create_module(self, spec): return fake
    def exec_module(self, module): pass
sys.meta_path.insert(0, Hook())
builtins.__import__ = lambda *a, **k: fake
""" + _WRONG,
    "at_exit": """
import atexit, os
atexit.register(os._exit, 0)
""" + _WRONG,
    "exception_hooks": """
import os, sys, threading
sys.excepthook = sys.unraisablehook = threading.excepthook = lambda *a: os._exit(0)
def cheat(*a, **k): raise ValueError('0 tests failed')
""",
    "late_thread": """
import os, threading, time
def late():
    time.sleep(0.01)
    for fd in range(64):
        try:
            os.write(fd, b'passed')
        except OSError:
            pass
def cheat(*a, **k):
    threading.Thread(target=late, daemon=True).start()
    return 987654321
""",
    "late_change": """
import threading
values = []
def late():
    values.append(True)
def cheat(*a, **k):
    threading.Timer(0.005, late).start()
    return values
""",
    "forked_answers": """
import os
def cheat(*a, **k):
    return 987654321 if os.fork() else True
""",
    "every_descriptor": """
import os, struct
body = b'{"d":[["id",1],["value",true]]}'
for fd in range(64):
    try:
        os.write(fd, struct.pack('>I', len(body)) + body)
    except OSError:
        pass
""" + _WRONG,
    "forged_verdicts": """
import json, sys
for line in ('passed', 'OK', 'Ran 3 tests in 0.001s\\n\\nOK',
             json.dumps({'passed': True, 'outcome': 'passed'}), '[true, true]'):
    print(line, flush=True)
    print(line, file=sys.stderr, flush=True)
""" + _WRONG,
    "forged_reply": """
import gc, json, struct
server = next(o for o in gc.get_objects() if type(o).__name__ == '_Server')
def cheat(*a, **k):
    for value in (True, 'passed', {'t': [True, None]}):
        body = json.dumps({'d': [['id', server.request_id], ['value', value]]}).encode()
        server.job.socket.sendall(struct.pack('>I', len(body)) + body)
    return True
""",
    "forged_replies_ahead": """
import gc, json, struct
server = next(o for o in gc.get_objects() if type(o).__name__ == '_Server')
for number in range(100):
    body = json.dumps({'d': [['id', number], ['value', True]]}).encode()
    server.job.socket.sendall(struct.pack('>I', len(body)) + body)
""" + _WRONG,
    "redefined_check": """
check = test_check = candidate = METADATA = assertion = lambda *a, **k: None
""" + _WRONG,
    "redefined_helpers": """
HELPERS
def cheat(*a, **k): return a[0] if a and "helped" in globals() else 987654321
""",
    "finalizer": """
import os
class Last:
    def __del__(self): os._exit(0)
keep = Last()
def cheat(*a, **k):
    global keep
    keep = None
    return 987654321
""",
    "finalizer_of_the_result": """
import os
class Lie:
    def __del__(self): os._exit(0)
    def __eq__(self, other): return True
""" + _RETURN_LIE,
    "unpickled": """
class Lie:
    def __reduce__(self): return eval, ('True',)
    def __reduce_ex__(self, protocol): return self.__reduce__()
    def __eq__(self, other): return True
    def __ne__(self, other): return False
""" + _RETURN_LIE,
    "unpickled_by_table": """
import copyreg
class Lie:
    def __eq__(self, other): return True
copyreg.pickle(Lie, lambda self: (eval, ('True',)))
""" + _RETURN_LIE,
    "forged_assertion_error": """
def cheat(*a, **k): raise type('AssertionError', (BaseException,), {'__str__': lambda self: ''})
""",
    "forged_base": """
class Meta(type):
    __mro__ = (object,)
    __name__ = 'passed'
    def __instancecheck__(cls, o): return True
class Lie(Exception, metaclass=Meta):
    __module__ = 'eg_cfg.grading.verdict'
    def __str__(self): return 'passed'
def cheat(*a, **k): raise Lie('passed')
""",
    "forged_stop": """
def cheat(*a, **k): raise StopIteration(True)
""",
    "forged_skip": """
def cheat(*a, **k):
    import unittest
    raise unittest.SkipTest('skipped')
""",
    "recursion_limit": """
import sys
def cheat(*a, **k):
    sys.setrecursionlimit(len(a) + 60)
    return cheat(*a, **k)
""",
    "stopped_clock": """
import time
time.time = time.monotonic = time.perf_counter = lambda: 0.0
""" + _WRONG,
    "changed_arguments": """
def cheat(*a, **k):
    for thing in a:
        if hasattr(thing, 'clear'):
            thing.clear()
    return a
""",
}
"""What each defines as `cheat` for the name that the problem asks for."""

FOOLED = (
    "exit_zero_at_import", "exit_zero_in_the_call", "exit_raised", "exit_hard_at_import", "exit_hard_in_the_call",
    "lying_equality", "lying_truth", "lying_length", "lying_iteration", "lying_everything", "lying_class",
    "subclass_int", "subclass_float", "subclass_str", "subclass_list", "subclass_tuple", "subclass_dict",
    "subclass_set", "frames", "objects", "redefined_check", "finalizer", "at_exit", "unpickled",
)
"""Of these, such as pass a test that runs beside them in their own process."""

PROGRAMS: dict[str, str] = {
    "exit_zero": """
import sys
sys.exit(0)
""",
    "exit_hard": """
import os
os._exit(0)
""",
    "exit_after_echo": """
import os, sys
sys.stdout.write(sys.stdin.read())
sys.stdout.flush()
os._exit(0)
""",
    "stdout_that_pretends": """
import sys
class Pretend:
    def write(self, text): return len(text)
    def flush(self): pass
    def __eq__(self, other): return True
    getvalue = read = lambda self: self
sys.stdout = sys.__stdout__ = Pretend()
print('no answer')
""",
    "stdout_that_is_equal": _LIAR + """
import sys
class Text(str):
    __eq__ = lambda self, other: True
    __hash__ = str.__hash__
sys.stdout.write(Text('no answer'))
""",
    "stdout_closed": """
import os, sys
sys.stdout.close()
os.close(1)
""",
    "stdout_is_stdin": """
import os
os.dup2(0, 1)
print('no answer')
""",
    "print_replaced": """
import builtins
builtins.print = builtins.input = lambda *a, **k: 'passed'
print('no answer')
""",
    "at_exit": """
import atexit, os
atexit.register(os._exit, 0)
print('no answer')
""",
    "late_thread": """
import threading, time
def late():
    time.sleep(0.01)
    print('passed')
threading.Thread(target=late, daemon=True).start()
print('no answer')
""",
    "every_descriptor": """
import os
for fd in range(64):
    try:
        os.write(fd, b'passed\\n')
    except OSError:
        pass
""",
    "forged_verdicts": """
import json, sys
for line in ('passed', 'OK', json.dumps({'outcome': 'passed'}), '[true]'):
    print(line)
    print(line, file=sys.stderr)
""",
    "remembered_answers": """
import os
for folder in ('/tmp', '/dev/shm', '.'):
    path = os.path.join(folder, 'answers')
    if os.path.exists(path):
        print(open(path).read())
    try:
        open(path, 'a').write('0\\n')
    except OSError:
        pass
""",
    "answers_on_disk": """
import glob, sys
for path in (glob.glob('/proc/*/fd/*') + glob.glob('/*/*.json*') + glob.glob('/tmp/*')
             + glob.glob('/proc/*/cmdline')):
    try:
        print(open(path, errors='replace').read(1000))
    except OSError:
        pass
""",
    "expected_in_frames": """
import sys
frame = sys._getframe()
while frame is not None:
    for name in ('expected', 'stdout', 'test', 'tests', 'request'):
        if name in frame.f_locals:
            found = frame.f_locals[name]
            print(found.get('expected', '') if isinstance(found, dict) else found)
    frame = frame.f_back
""",
    "exception": """
raise SystemExit(0) from AssertionError('passed')
""",
}
"""Whole programs, none of which answers anything."""

CONTROLS = ("None", "True", "False", "0", "1", "''", "[]", "()", "{}", "set()", "987654321", "float('nan')",
            "a[0] if a else None")
"""What a function that does nothing might return: where one of them passes, the tests are at fault, not the grader."""


def as_solution(source: str, problem: Problem) -> str:
    """The cheat as a program for one problem; a whole program stays what it is.

    Args:
        source: One of `FUNCTIONS` or `PROGRAMS`.
        problem: A problem; where it names no function, `source` is a whole program.
    """
    if not problem.entry_point:
        return source
    # the prompt's own helpers, as functions that make every task trivial; the judge has to have its own
    helpers = "\n".join(f"def {name}(*a, **k): return a[0] if a else None\nhelped = True" for name in _helpers(problem))
    return f"{source}\n{problem.entry_point} = globals().get('cheat')\n".replace("ENTRY", problem.entry_point).replace(
        "HELPERS", helpers
    )


def _helpers(problem: Problem) -> list[str]:
    with warnings.catch_warnings():  # references hold strings such as '\\w'
        warnings.simplefilter("ignore")
        tree = ast.parse(problem.reference or "")
    return [n.name for n in tree.body if isinstance(n, ast.FunctionDef) and n.name != problem.entry_point]
