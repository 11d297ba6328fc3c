"""Every exception that the toolkit raises on purpose.

A candidate program's crash is data (a verdict), never one of these. These are faults of the input, of the
surroundings, or of the toolkit itself, and each message says what was expected, what was found and what to
do next, in one line. The command line prints that line and ends with the exception's `exit_code`.

    EgCfgError                      exit 1
    ├── UsageError                  exit 2: the input is wrong
    │   ├── ConfigError                 an option or a configuration file
    │   ├── UnknownNameError            a benchmark, model, ... that no table holds
    │   ├── DataNotFoundError           a data set that is neither here nor reachable
    │   ├── DataFormatError             a file that is not what its name says
    │   ├── SamplesError                a samples file that cannot be graded as it is
    │   ├── NoTestsError                a problem that nothing could score
    │   └── ModelNotFoundError          a model whose weights or endpoint cannot be had
    ├── SandboxError                the sandbox could not do its work
    │   ├── IsolationError              exit 2: this machine cannot isolate programs as asked
    │   └── WorkerLostError             a worker died and could not be replaced
    ├── ModelError                  a model could not do its work
    │   └── EndpointError               an endpoint refused, or gave up; exit 2 where the request was wrong
    ├── RunError                    a run folder that cannot be continued
    └── MissingExtraError           exit 2: an optional dependency is not installed
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class EgCfgError(Exception):
    """Root of the tree; catch it to catch everything that the toolkit raises on purpose."""

    exit_code = 1


class UsageError(EgCfgError):
    """The input is wrong, and only the user can put it right."""

    exit_code = 2


class ConfigError(UsageError):
    """An option or a configuration file is wrong."""


class UnknownNameError(UsageError):
    """A name that no table holds; the message names the nearest and lists the known ones.

    Args:
        kind: What the name should have been, for instance "benchmark".
        name: What was given.
        known: The names that exist.
        advice: A sentence on what else it may be, said before the known names.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], advice: str = "") -> None:
        names = sorted(known)
        spelled = {each.lower(): each for each in reversed(names)}
        near = difflib.get_close_matches(name.lower(), spelled, n=1)
        hint = f" Did you mean {spelled[near[0]]!r}?" if near else ""
        said = f" {advice}" if advice else ""
        super().__init__(f"unknown {kind} {name!r}.{hint}{said} Known: {', '.join(names)}")


class DataNotFoundError(UsageError):
    """A data set that is neither on this machine nor reachable."""


class DataFormatError(UsageError):
    """A file that is not what its name or its place says."""


class SamplesError(UsageError):
    """A samples file that cannot be graded as it is."""


class NoTestsError(UsageError):
    """A problem without tests: nothing could fail it, so nothing may pass it."""


class ModelNotFoundError(UsageError):
    """A model whose weights or endpoint cannot be had from here."""


class SandboxError(EgCfgError):
    """The sandbox could not do its work."""


class IsolationError(SandboxError):
    """This machine cannot isolate programs as strongly as asked."""

    exit_code = 2


class WorkerLostError(SandboxError):
    """A worker died and could not be replaced."""

    over_memory_mb: float | None = None
    """What the program's processes held together, in MiB, where that is why."""


class ModelError(EgCfgError):
    """A model could not do its work: out of memory at a batch of one, not-a-number logits, an endpoint that gave up."""


class EndpointError(ModelError):
    """An endpoint refused a request, or did not answer it: every provider's errors, in one form.

    Args:
        message: What was asked of which endpoint, and what came back.
        hint: What to do next.
        reason: Kind of failure: `authentication`, `quota`, `not_found`, `context_length`, `content_filter`, `refused`,
            `rate_limit`, `server`, `connection`, `timeout`, `bad_reply` or `called_off`.
        retryable: Whether the same request may succeed later.
        status: HTTP status, where there was one.
        retry_after: Seconds that the endpoint asked to wait, where it did.
    """

    USAGE = frozenset({"authentication", "quota", "not_found", "context_length", "refused"})
    """Reasons that only the user can put right."""

    def __init__(self, message: str, *, hint: str, reason: str, retryable: bool = False, status: int | None = None,
                 retry_after: float | None = None) -> None:
        super().__init__(f"{message}: {hint}")
        self.message = message
        self.hint = hint
        self.reason = reason
        self.retryable = retryable
        self.status = status
        self.retry_after = retry_after
        self.exit_code = 2 if reason in self.USAGE else 1

    def with_note(self, note: str) -> EndpointError:
        """The same failure, with more about its circumstances in the message."""
        return EndpointError(f"{self.message} ({note})", hint=self.hint, reason=self.reason, retryable=self.retryable,
                             status=self.status, retry_after=self.retry_after)


class RunError(EgCfgError):
    """A run folder that cannot be continued."""


class MissingExtraError(EgCfgError):
    """An optional dependency is not installed.

    Args:
        package: The import name that is missing.
        extra: The extra of `eg-cfg` that installs it.
        purpose: What needs it.
    """

    exit_code = 2

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(f"{purpose} needs the package {package!r}, which is not installed: "
                         f"pip install 'eg-cfg[{extra}]'")
