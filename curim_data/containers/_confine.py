"""What a reader's process may not do: take more memory or time than its limits, leave a core, open a connection, run a
program, or touch a file other than its own folder and the one that it reads.

Memory and time are limits of the system and hold on every system with POSIX limits. The rest is Linux alone (Landlock
and seccomp), and where a kernel lacks it, the reader goes without: it is a second wall.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import signal
import struct
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from curim_data.containers.limits import Limits

ROOT: Final = Path(__file__).resolve().parents[2]
_SLACK: Final = 1 << 30  # bytes of addresses that are not memory: files that are mapped, stacks
_DEATH_SIGNAL, _NO_NEW_PRIVILEGES, _SET_SECCOMP = 1, 38, 22
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_READ: Final = 1 << 0 | 1 << 2 | 1 << 3  # execute (libraries are mapped so), read a file, read a folder
_READ_FILE: Final = 1 << 2
# Rights over files that each version of Landlock knows: 13 of the first one, then refer, truncate, ioctl.
_KNOWN: Final = {1: 13, 2: 14, 3: 15, 4: 15}
_SYSTEM: Final = ("/usr", "/lib", "/lib64", "/etc/ld.so.cache", "/etc/localtime", "/dev/null", "/dev/urandom")
# Calls by machine: socket, connect, bind, listen, execve, execveat, ptrace, process_vm_readv and _writev, kill,
# rt_sigqueueinfo, pidfd_send_signal, io_uring_setup.
_FORBIDDEN: Final = {
    "x86_64": (0xC000003E, (41, 42, 49, 50, 59, 322, 101, 310, 311, 62, 129, 424, 425)),
    "aarch64": (0xC00000B7, (198, 203, 200, 201, 221, 281, 117, 270, 271, 129, 138, 424, 425)),
}


def confine(limits: Limits, folder: Path, readable: Iterable[str]) -> None:
    """Bind this process to its limits, to the files it may read and to the folder it may write to; for good."""
    memory, addresses = _own_memory()
    _lower(resource.RLIMIT_CORE, 0)
    _lower(resource.RLIMIT_FSIZE, limits.text)
    _lower(resource.RLIMIT_CPU, limits.seconds, 5)  # SIGXCPU says why, SIGKILL follows
    _lower(resource.RLIMIT_AS, addresses + limits.memory + _SLACK)
    _lower(resource.RLIMIT_DATA, memory + limits.memory)
    if sys.platform == "linux":
        call = ctypes.CDLL(None, use_errno=True)
        _control(call, _DEATH_SIGNAL, signal.SIGKILL)
        _control(call, _NO_NEW_PRIVILEGES, 1)
        _restrict_files(call, folder, readable)
        _restrict_calls(call)


def _own_memory() -> tuple[int, int]:
    """Bytes of data and of addresses that the libraries take before anything is read."""
    try:
        told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
        return tuple(int(told[name].split()[0]) * 1024 for name in ("VmData", "VmSize"))  # type: ignore[return-value]
    except (OSError, KeyError, ValueError):
        return 1 << 29, 1 << 33


def _lower(kind: int, value: int, more: int = 0) -> None:
    """Set a limit, below that which the process has already; `more`: how far beyond it the system ends the process."""
    _, most = resource.getrlimit(kind)
    soft, hard = (one if most == resource.RLIM_INFINITY else min(one, most) for one in (value, value + more))
    try:
        resource.setrlimit(kind, (soft, hard))
    except (ValueError, OSError):  # macOS knows no limit of data
        return


def _restrict_files(call: ctypes.CDLL, folder: Path, readable: Iterable[str]) -> None:
    version = call.syscall(ctypes.c_long(_CREATE_RULESET), None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    if version < 1:
        return
    every = (1 << _KNOWN.get(version, 16)) - 1
    about = struct.pack("<Q", every)
    if version >= 4:  # no port may be bound or reached either
        about += struct.pack("<Q", 3)
    if version >= 6:  # nor a signal be sent to, nor a socket be reached of, a process outside
        about += struct.pack("<Q", 3)
    rules = call.syscall(ctypes.c_long(_CREATE_RULESET), about, ctypes.c_size_t(len(about)), ctypes.c_uint32(0))
    if rules < 0:
        return
    for path, rights in [*((path, _READ) for path in (*_libraries(), *readable)), (str(folder), every)]:
        _allow(call, rules, path, rights)
    call.syscall(ctypes.c_long(_RESTRICT_SELF), ctypes.c_int(rules), ctypes.c_uint32(0))
    os.close(rules)


def _allow(call: ctypes.CDLL, rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return
    if not os.path.isdir(path):
        rights &= _READ_FILE | 1
    about = struct.pack("<Qi", rights, place)
    call.syscall(ctypes.c_long(_ADD_RULE), ctypes.c_int(rules), ctypes.c_int(1), about, ctypes.c_uint32(0))
    os.close(place)


def _libraries() -> Iterable[str]:
    """Where programs and their data lie; of the project its code alone, beside which there may be the city's data."""
    yield from _SYSTEM
    yield from (sys.prefix, sys.base_prefix)
    for entry in filter(None, sys.path):
        if Path(entry).resolve() == ROOT:
            yield from (str(ROOT / "curim_data"), str(ROOT / "analysis"))
        else:
            yield entry


def _restrict_calls(call: ctypes.CDLL) -> None:
    """A filter of seccomp: calls that a reader never needs fail as not permitted."""
    machine = _FORBIDDEN.get(platform.machine())
    if machine is None:
        return
    architecture, numbers = machine
    allow, refuse = 0x7FFF0000, 0x00050001
    code = [(0x20, 0, 0, 4), (0x15, 0, len(numbers) + 2, architecture), (0x20, 0, 0, 0)]
    code += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    code += [(0x06, 0, 0, allow), (0x06, 0, 0, refuse)]
    program = ctypes.create_string_buffer(b"".join(struct.pack("<HBBI", *step) for step in code))
    about = struct.pack("@HP", len(code), ctypes.addressof(program))
    place = ctypes.create_string_buffer(about)
    _control(call, _SET_SECCOMP, 2, ctypes.addressof(place))


def _control(call: ctypes.CDLL, what: int, *values: int) -> None:
    call.prctl(ctypes.c_int(what), *(ctypes.c_ulong(value) for value in (*values, 0, 0, 0, 0)[:4]))
