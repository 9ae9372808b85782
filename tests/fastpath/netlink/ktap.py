# SPDX-License-Identifier: BSD-3-Clause
"""Results as KTAP."""


class Ktap:
    """Prints results as they come, and the plan at the end."""

    def __init__(self):
        self.number = self.failures = 0
        print("TAP version 13", flush=True)

    def result(self, name, problems):
        """A test passes when there is no problem to tell of."""
        self.number += 1
        self.failures += bool(problems)
        for problem in problems:
            print(f"# {problem}")
        print(f"{'not ok' if problems else 'ok'} {self.number} {name}", flush=True)

    def finish(self):
        print(f"1..{self.number}", flush=True)
        return 1 if self.failures or not self.number else 0
