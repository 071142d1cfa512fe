"""CPU time during a load, from /proc/stat (the whole machine) and /proc/PID/stat (the gateway's processes).

The kernel counts by ticks: what runs when a tick comes gets the whole tick, so figures need a second or more. A softirq that
runs on top of a process counts twice: as `softirq` of the machine and as `stime` of that process. Most of what a kernel
gateway does runs on top of whoever sent the packet. So the figure to compare is that of the whole machine; the other two
say where it went, and are no sum.
"""

import os

TICK_NS = 1_000_000_000 // os.sysconf("SC_CLK_TCK")
USER, NICE, SYSTEM, IRQ, SOFTIRQ = 0, 1, 2, 5, 6  # columns of /proc/stat; proc(5)


class Usage:
    """Nanoseconds since the start: `machine` is all that was not idle, `softirq` a part of it, `gateway` its processes."""

    def __init__(self, pids):
        self._pids = pids
        self._start = self._read()

    def _read(self):
        with open("/proc/stat", encoding="ascii") as file:
            ticks = [int(word) for word in file.readline().split()[1:]]
        machine = sum(ticks[column] for column in (USER, NICE, SYSTEM, IRQ, SOFTIRQ))
        return machine, ticks[SOFTIRQ], sum(map(ticks_of, self._pids))

    def stop(self):
        machine, softirq, gateway = (TICK_NS * (now - then) for now, then in zip(self._read(), self._start))
        return {"machine": machine, "softirq": softirq, "gateway": gateway}


def ticks_of(pid):
    """User and system time of all threads of a process."""
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        fields = file.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])
