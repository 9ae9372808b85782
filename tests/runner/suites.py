# SPDX-License-Identifier: BSD-3-Clause
"""Reads tests/suites, the list of what there is to run. Its format is described there."""
import glob
import re
from dataclasses import dataclass, field, replace


SLOWER = 5          # times, where the kernel checks what it does


class BadList(Exception):
    """The list of suites is wrong; the text names file and line."""


@dataclass
class Suite:
    name: str
    timeout: int
    command: list
    series: str = ""        # the kernel it is bound to, "" if to none
    in_vm: bool = False
    shares: bool = False    # may run in one guest with others
    kernels_only: bool = False  # not without tests/run --kernels, unless it is named
    kernels: tuple = ()     # with --kernels: only on these, if any are told
    vm_options: list = field(default_factory=list)

    def runs_on(self, series):
        """Does it, with --kernels? 6.12-debug is a 6.12."""
        names = {series, series.removesuffix("-debug")}
        return self.series in {"", *names} and (not self.kernels or not names.isdisjoint(self.kernels))

    def on(self, series):
        """The suite as it is on this kernel."""
        return replace(self, timeout=self.timeout * SLOWER) if series.endswith("-debug") else self

    def in_guest(self, vm_run, series, results, timeout, command):
        """The command line that runs this command in such a guest as the suite needs; the kernel log goes to results."""
        return [vm_run, "--kernel", series, "--timeout", str(timeout), "--results", results,
                *self.vm_options, "--", *command]


def _where(text):
    """'host', 'vm', 'vm:7.2', 'vm,smp=4,icount', 'vm,share,kernels=6.12+7.2': all that follows the command in a Suite."""
    place, *options = text.split(",")
    place, _, series = place.partition(":")
    if place not in ("host", "vm") or (place == "host" and (series or options)):
        raise ValueError(f"'{text}' is neither host nor vm[:SERIES][,OPTION[=VALUE]]...")
    told = {name: value for name, _, value in (option.partition("=") for option in options)}
    shares, kernels = "share" in told, told.get("kernels")
    arguments = [word for name, value in told.items() if name not in ("share", "kernels")
                 for word in ("--" + name, value) if word]
    only = tuple(kernels.split("+")) if kernels else ()
    return series, place == "vm", shares, kernels is not None, only, arguments


def _expand(name, command, root):
    """One (name, command) for each file that the last word's pattern finds; the list itself without a pattern."""
    if "*" not in name:
        return [(name, command)]
    if not command or not command[-1].startswith("@") or command[-1].count("*") != 1:
        raise ValueError("a name with * needs @PATTERN with one * as its last word")
    pattern = command[-1][1:]
    parts = re.compile(re.escape(pattern).replace(r"\*", "(.*)"))
    stems = sorted(parts.fullmatch(file).group(1) for file in glob.glob(pattern, root_dir=root))
    if not stems:
        raise ValueError(f"no file matches {pattern}")
    return [(name.replace("*", stem), [word.replace("*", stem) for word in command[:-1]]) for stem in stems]


def load(path, root):
    """All suites in the order of the list. Raises BadList."""
    suites, names = [], set()
    with open(path, encoding="utf-8") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split("#", 1)[0].split()
            if not words:
                continue
            try:
                name, where, timeout, *command = words
                if not command:
                    raise ValueError("no command")
                rest = _where(where)
                for each, words in _expand(name, command, root):
                    if each in names and "*" in name:
                        continue    # it has a line of its own above
                    if each in names:
                        raise ValueError(f"there are two suites '{each}'")
                    names.add(each)
                    suites.append(Suite(each, int(timeout), words, *rest))
            except ValueError as error:
                raise BadList(f"{path}:{number}: {error}") from None
    return suites
