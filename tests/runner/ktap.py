# SPDX-License-Identifier: BSD-3-Clause
"""Reads KTAP (and plain TAP) line by line, nested subtests included, and distrusts it.

Leaves are counted: a result line that sums up subtests adds nothing, unless it contradicts them. A plan that is
missing or wrong, numbers out of order and a skip without its reason are failures of their own.
"""
import re

RESULT = re.compile(r"(not )?ok\b(?: (\d+))?(?: (?:- )?)?(.*)")
PLAN = re.compile(r"1\.\.(\d+)(?:\s+#\s*SKIP\b[\s:]*(.*))?$", re.IGNORECASE)
DIRECTIVE = re.compile(r"#\s*(SKIP|XFAIL)\b[\s:]*(.*)$", re.IGNORECASE)


class Level:
    """The results at one depth of indentation, since the last result one depth up."""

    def __init__(self, indent):
        self.indent = indent
        self.plan = None
        self.seen = 0
        self.failed = False


class Parser:
    """feed() takes lines; the counts and the lists of (name, reason) are valid at any time, final after finish()."""

    def __init__(self):
        self.passed = 0
        self.failures = []
        self.skips = []
        self.levels = [Level(0)]
        self.skipped_whole = False

    def feed(self, line):
        """Reads one line. Returns True if it was a result line."""
        text = line.lstrip(" ")
        if text.startswith("Bail out!"):
            self.fail("the suite gave up", text)
            return False
        plan = PLAN.match(text)
        result = None if plan else RESULT.match(text)
        if not plan and not result:
            return False
        level = self._level_at(len(line) - len(text))
        if plan:
            self._plan(level, int(plan.group(1)), plan.group(2))
            return False
        self._result(level, *result.groups())
        return True

    def fail(self, name, reason):
        self.failures.append((name, reason))

    def finish(self):
        """The output has ended: nothing more can make up for what is missing."""
        while len(self.levels) > 1:
            self._close(self.levels.pop(), "subtests without a result of their own")
            self.levels[-1].failed = True
        top = self.levels[0]
        if not self.skipped_whole:
            self._close(top, "the whole suite")
            if not top.seen and not self.failures:
                self.fail("the whole suite", "ran no test")

    def _level_at(self, indent):
        """The level a line belongs to; a line further in than the innermost opens one."""
        if indent > self.levels[-1].indent:
            self.levels.append(Level(indent))
        return next(level for level in reversed(self.levels) if level.indent <= indent)

    def _plan(self, level, count, skip_reason):
        if level.plan is not None:
            self.fail("plan", "there are two of them")
        level.plan = count
        if count == 0 and level is self.levels[0]:
            self.skipped_whole = True
            self._skip("the whole suite", skip_reason)

    def _result(self, level, negated, number, description):
        level.seen += 1
        directive = DIRECTIVE.search(description)
        name = DIRECTIVE.sub("", description).strip() or f"test {level.seen}"
        if number and int(number) != level.seen:
            self.fail(name, f"numbered {number}, but is number {level.seen}")
        if self.levels[-1] is not level:
            self._parent(level, negated, name)
        elif negated:
            level.failed = True
            self.fail(name, "")
        elif directive:
            self._skip(name, directive.group(2))
        else:
            self.passed += 1

    def _parent(self, level, negated, name):
        """A result that sums up the levels below it."""
        below_failed = False
        while self.levels[-1] is not level:
            below = self.levels.pop()
            self._close(below, name)
            below_failed = below_failed or below.failed
        if negated and not below_failed:
            self.fail(name, "not ok, but each of its subtests is")
        if below_failed and not negated:
            self.fail(name, "ok, but one of its subtests is not")
        level.failed = level.failed or bool(negated) or below_failed

    def _close(self, level, name):
        if level.plan is None:
            self.fail(name, f"no plan (results: {level.seen})")
        elif level.plan != level.seen:
            self.fail(name, f"planned {level.plan}, but {level.seen} gave a result")

    def _skip(self, name, reason):
        if reason and reason.strip():
            self.skips.append((name, reason.strip()))
        else:
            self.fail(name, "skipped without saying why")
