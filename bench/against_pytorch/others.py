"""How much of the machine other processes take meanwhile."""

import os
import resource
import time


class Others:
    """with Others() as others: ...; then others.share is the share of all processors that others had, from 0 to 1.

    Own are this process and its children that have ended."""

    def __enter__(self):
        self.start, self.busy, self.own = time.time(), busy_seconds(), own_seconds()
        return self

    def __exit__(self, *raised):
        others = busy_seconds() - self.busy - (own_seconds() - self.own)
        self.seconds = time.time() - self.start
        self.share = round(max(0.0, others / (self.seconds * os.cpu_count())), 3)


def busy_seconds():
    """Processor time that all processes of the machine have taken since it started."""
    with open("/proc/stat") as file:
        user, nice, system, _, _, irq, soft_irq = (int(ticks) for ticks in file.readline().split()[1:8])
    return (user + nice + system + irq + soft_irq) / os.sysconf("SC_CLK_TCK")


def own_seconds():
    usages = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)
