# SPDX-License-Identifier: BSD-3-Clause
"""The test module kturn_bench: sends frames, counts what comes out, and the instructions in between."""

import errno

import frames

DIRECTORY = "/sys/kernel/debug/kturn_bench"
BURST = 64
MILLION = 1_000_000


class Lost(Exception):
    """Packets went in that did not come out."""


class Meter:
    def __init__(self):
        self._loaded = None
        # Of the last run, skbs that came to the sink, for each packet: fewer where a relay left them to be segmented.
        self.skbs = 1.0

    def load(self, frame_set):
        """Makes a packed set of frames the one to send. The set last loaded is not copied again."""
        if frame_set is not self._loaded:
            with open(f"{DIRECTORY}/frames", "wb", buffering=0) as file:
                file.write(frame_set)
            self._loaded = frame_set

    def run(self, route, packets, warm_up, capture=False, xmit=None):
        """Sends packets along a route (in, out, via or None). Returns the instructions that each took.

        With xmit, they are frames without skbs, given to that device, which is the other end of in.

        What was done in idle time (waiting for a timer) is no instruction, though the clock went on."""
        device_in, device_out, via = route
        options = f"in={device_in} out={device_out} packets={packets} warm_up={warm_up} burst={BURST}"
        if via:
            options += f" via={via}"
        if xmit:
            options += f" xmit={xmit}"
        if capture:
            options += " capture=1"
        lost = False
        try:
            # Unbuffered: a buffer would write once more, and run once more, after a failure.
            with open(f"{DIRECTORY}/run", "wb", buffering=0) as file:
                file.write(options.encode())
        except OSError as error:
            if error.errno != errno.ETIMEDOUT:
                raise
            lost = True
        result = self._result()
        if lost or result["received"] != result["sent"]:
            raise Lost(f"{result['sent']} packets sent to {device_in}, {result['received']} came to {device_out}")
        check_counting(result)
        self.skbs = result["skbs"] / packets
        return (result["cycles"] - result["idle_us"] * 1000) / packets

    @staticmethod
    def captured():
        with open(f"{DIRECTORY}/captured", "rb") as file:
            return frames.unpack_set(file.read())

    @staticmethod
    def _result():
        with open(f"{DIRECTORY}/result") as file:
            return {key: int(value) for key, value in (line.split() for line in file)}


def check_counting(result):
    """Refuses to take a clock for a counter: figures without -icount would be noise."""
    if abs(result["calibration"] - MILLION) > MILLION // 100:
        raise SystemExit(f"a million instructions took {result['calibration']} cycles: QEMU does not count instructions"
                         " (-icount shift=0)")
    if result["cpus"] != 1:
        raise SystemExit(f"{result['cpus']} processors: what runs on the others would not be counted")
