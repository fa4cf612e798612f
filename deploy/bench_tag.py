"""The tagger measured as the worker runs it: in processes of its own, with what they take.

Throughput is over batches as the stage makes them, in one process and in one for each core, of
which the better counts; the wait of one text is of texts that come alone. Memory is the peak of a
process with all installed cities. BERT's base size through transformers is measured in the same
run where torch is installed, at its best: texts cut short, batches of one length.
"""

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import quantiles
from typing import IO, TYPE_CHECKING, Final

import msgspec

from deploy.bench_system import Text

if TYPE_CHECKING:
    from classifier.engine import Tagger
    from models.tags import TagRequest

_BATCH: Final = 64
_ALONE: Final = 300
_MOST_PROCESSES: Final = 2
_KIB: Final = 1024
#: What is asked for on the standard input of a measuring process.
_GO: Final = "go\n"

Result = dict[str, float | int | str]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """What a measuring process is to do: tag so many texts in batches, then some alone."""

    texts: list[Text]
    city: str
    count: int
    alone: int


class Measured(msgspec.Struct, frozen=True, kw_only=True):
    """What a measuring process found; `cut_per_s` is of cutting the texts into words alone."""

    seconds: float
    p50_ms: float
    p95_ms: float
    peak_mb: float
    load_s: float
    cut_per_s: float
    model: str


def tag(city: str, lines: Sequence[Text], count: int) -> Result:
    """Measure the tagger in one process and in one for each core, and the baselines."""
    job = Job(texts=list(lines), city=city, count=count, alone=min(_ALONE, count))
    one = _measure([job])
    processes = min(_MOST_PROCESSES, cores())
    several = one
    if processes > 1:
        share = msgspec.structs.replace(job, count=max(count // processes, 1), alone=1)
        several = _measure([share] * processes)
    single, together = _rate(one, count), _rate(several, count // processes * processes)
    rate = max(single, together)
    return {
        "per_s": round(rate, 1),
        "per_s_one_process": round(single, 1),
        "processes": processes if together > single else 1,
        "cores": cores(),
        "p50_ms_alone": round(one[0].p50_ms, 1),
        "p95_ms_alone": round(one[0].p95_ms, 1),
        "peak_mb": round(max(each.peak_mb for each in (*one, *several)), 1),
        "load_s": round(one[0].load_s, 2),
        "model": one[0].model,
        "bare_cut_per_s": round(one[0].cut_per_s, 1),
        "ratio_to_bare_cut": round(rate / one[0].cut_per_s, 3),
        **_beside_bert(lines, rate),
    }


def _beside_bert(lines: Sequence[Text], rate: float) -> Result:
    from classifier.peers import bert  # noqa: PLC0415 - torch, where it is there

    peer = bert([f"{line.title or ''}\n{line.text}" for line in lines])
    if peer.texts_per_s is None:
        return {"bert": peer.note}
    return {
        "bert": peer.note,
        "bert_per_s": peer.texts_per_s,
        "ratio_to_bert": round(rate / peer.texts_per_s, 1),
    }


def cores() -> int:
    """Give how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _rate(found: Sequence[Measured], count: int) -> float:
    return count / max(each.seconds for each in found)


def _measure(jobs: Sequence[Job]) -> list[Measured]:
    """Run the jobs at the same time, each in a process of its own; all start when all are ready."""
    command = [sys.executable, "-P", "-m", "deploy.bench_tag"]
    started = [
        subprocess.Popen(  # noqa: S603 - our own module
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in jobs
    ]
    try:
        for process, job in zip(started, jobs, strict=True):
            _pipe(process.stdin).write(msgspec.json.encode(job) + b"\n")
            _pipe(process.stdin).flush()
        for process in started:
            _pipe(process.stdout).readline()
        for process in started:
            _pipe(process.stdin).write(_GO.encode())
            _pipe(process.stdin).flush()
        return [_answer(_pipe(process.stdout)) for process in started]
    finally:
        for process in started:
            process.kill()
            process.communicate()


def _answer(stream: IO[bytes]) -> Measured:
    line = stream.readline()
    if not line:
        msg = "a measuring process died; its error stands above"
        raise RuntimeError(msg)
    return msgspec.json.decode(line, type=Measured)


def _pipe(stream: IO[bytes] | None) -> IO[bytes]:
    if stream is None:
        msg = "a measuring process has no pipe"
        raise RuntimeError(msg)
    return stream


def main() -> None:
    """Do one job: load, warm up, say so, wait for the word, measure, tell."""
    job = msgspec.json.decode(sys.stdin.readline(), type=Job)
    from classifier.tokens import cutter  # noqa: PLC0415 - loading is measured
    from deploy.tag import load_tagger  # noqa: PLC0415
    from models.tags import TagRequest  # noqa: PLC0415

    started = time.perf_counter()
    tagger = load_tagger()
    load_s = time.perf_counter() - started
    asked = [
        TagRequest(id=str(n), text=line.text, title=line.title, city=job.city)
        for n, line in enumerate(islice(cycle(job.texts), max(job.count, job.alone)))
    ]
    model = tagger.tag(asked[:_BATCH])[0].model
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    started = time.perf_counter()
    for at in range(0, job.count, _BATCH):
        tagger.tag(asked[at : min(at + _BATCH, job.count)])
    seconds = time.perf_counter() - started
    waits = [_timed(tagger, one) for one in asked[: job.alone]]
    cuts = quantiles(waits * 2, n=20)
    cut = cutter()
    began = time.perf_counter()
    for one in asked:
        cut.cut(one.full_text)
    found = Measured(
        seconds=seconds,
        p50_ms=cuts[9] * 1000,
        p95_ms=cuts[18] * 1000,
        peak_mb=_peak_mb(),
        load_s=load_s,
        cut_per_s=len(asked) / (time.perf_counter() - began),
        model=f"{model.name} {model.version}",
    )
    sys.stdout.write(json.dumps(msgspec.to_builtins(found)) + "\n")
    sys.stdout.flush()


def _timed(tagger: "Tagger", one: "TagRequest") -> float:
    started = time.perf_counter()
    tagger.tag([one])
    return time.perf_counter() - started


def _peak_mb() -> float:
    """Give this program's own peak; ru_maxrss also holds the parent's before the program began."""
    status = Path("/proc/self/status")
    if status.is_file():
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        peak = next((line.split()[1] for line in lines if line.startswith("VmHWM:")), None)
        if peak:
            return int(peak) / _KIB
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / _KIB if sys.platform.startswith("linux") else most / _KIB**2


if __name__ == "__main__":
    main()
