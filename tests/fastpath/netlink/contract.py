# SPDX-License-Identifier: BSD-3-Clause
"""The netlink contract as kmod/kturn.yaml has it: numbers, names, and what each request may carry."""
import os

import yaml

ROOT = os.path.realpath(os.path.join(os.path.dirname(__file__), "../../.."))
SPEC = os.path.join(ROOT, "kmod/kturn.yaml")
HEADER = os.path.join(ROOT, "kmod/uapi/kturn.h")

INTEGERS = {"u8": 0xff, "u16": 0xffff, "u32": 0xffffffff, "u64": 0xffffffffffffffff}


def constant(*words):
    """KTURN_A_CHANNEL_TO_PEER of a, channel, to-peer."""
    return "_".join(("kturn",) + words).upper().replace("-", "_")


class Contract:
    """The specification, with every value that it implies."""

    def __init__(self, path=SPEC):
        with open(path, encoding="utf-8") as file:
            self.spec = yaml.safe_load(file)
        self.sets = {s["name"]: s["attributes"] for s in self.spec["attribute-sets"]}
        self.operations = self.spec["operations"]["list"]
        self.consts = {d["name"]: d["value"] for d in self.spec["definitions"] if d["type"] == "const"}
        self.enums = {d["name"]: [self.entry_name(e) for e in d["entries"]]
                      for d in self.spec["definitions"] if d["type"] == "enum"}

    @staticmethod
    def entry_name(entry):
        return entry if isinstance(entry, str) else entry["name"]

    def constants(self):
        """Every constant of the header and its value, as the specification implies them."""
        values = {constant("family-name"): self.spec["name"], constant("family-version"): self.spec["version"]}
        for name, value in self.consts.items():
            values[constant(name)] = value
        for enum, entries in self.enums.items():
            values.update({constant(enum, entry): i for i, entry in enumerate(entries)})
        for name, attributes in self.sets.items():
            values.update({constant("a", name, a["name"]): i for i, a in enumerate(attributes, 1)})
            values[constant("a", name, "max")] = len(attributes)
        values.update({constant("cmd", o["name"]): i for i, o in enumerate(self.operations, 1)})
        values[constant("cmd", "max")] = len(self.operations)
        for group in self.spec["mcast-groups"]["list"]:
            values[constant("mcgrp", group["name"])] = group["name"]
        return values

    def number(self, set_name, attribute):
        names = [a["name"] for a in self.sets[set_name]]
        return names.index(attribute) + 1

    def requests(self):
        """(operation, its number) of all that can be asked for; the others are notifications."""
        return [(o, i) for i, o in enumerate(self.operations, 1) if "event" not in o]

    def limit(self, value):
        """A check's value: a number, or the name of a constant."""
        return self.consts[value] if isinstance(value, str) else value

    def policy(self, set_name, names=None):
        """What the kernel has to check: {attribute number: properties}; of all attributes, or of those named."""
        policy = {}
        for number, attribute in enumerate(self.sets[set_name], 1):
            if attribute["type"] != "pad" and (names is None or attribute["name"] in names):
                policy[number] = self.properties(attribute)
        return policy

    def properties(self, attribute):
        checks, kind = attribute.get("checks", {}), attribute["type"]
        if kind in INTEGERS:
            top = INTEGERS[kind]
            if "enum" in attribute:
                top = len(self.enums[attribute["enum"]]) - 1
            return {"type": kind, "min": self.limit(checks.get("min", 0)), "max": self.limit(checks.get("max", top)),
                    "big-endian": attribute.get("byte-order") == "big-endian"}
        if kind == "nest":
            return {"type": kind, "policy": self.policy(attribute["nested-attributes"])}
        exact = checks.get("exact-len")
        return {"type": kind, "min-len": self.limit(exact or checks.get("min-len", 0)),
                "max-len": self.limit(exact or checks.get("max-len", 0))}
