"""Training steps of rondo beside PyTorch: tokens a second and peak memory of every architecture, as one table.

For each size and architecture it measures in turn, each in a process of its own and with nothing else running:

  rondo       bench_step, as CMake built it
  tuned       PyTorch with the best code known (models.py), compiled where that helps, MKL's AVX-512 path on any processor and
              tcmalloc where Debian's libtcmalloc-minimal4 is installed
  installed   PyTorch and the packages as pip installs them

Every measurement is a JSON line in --raw. A run that was stopped goes on from there; what failed is tried again. Packages that
are missing leave their cells empty and are named; without PyTorch only rondo is measured.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import plan
import table
from others import Others

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ENVIRONMENT = ROOT / "build/against_pytorch/bin/python"
INSTALL = "python3 -m venv build/against_pytorch && build/against_pytorch/bin/pip install -r bench/against_pytorch/requirements.txt"
EXAMPLES = f"""
examples, from rondo's folder:
  {INSTALL}
  python3 bench/against_pytorch/run.py                                all of it: about 25 minutes on two cores
  python3 bench/against_pytorch/run.py --list                         what that measures
  python3 bench/against_pytorch/run.py --size S --only llama,mamba --out some.md
"""


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/results/against_pytorch.md", help="the table, in Markdown")
    parser.add_argument("--raw", type=pathlib.Path, default=ROOT / "build/against_pytorch.jsonl", help="every measurement, a JSON line each")
    parser.add_argument("--python", default=str(ENVIRONMENT), help="the Python that has torch (default: build/against_pytorch's)")
    parser.add_argument("--bench-step", default=str(ROOT / "build/release/bin/bench_step"), help="rondo's program (default: the release build's)")
    parser.add_argument("--size", choices=["S", "M", "both"], default="both")
    parser.add_argument("--only", help="architectures, separated by commas", default=",".join(plan.ARCHITECTURES))
    parser.add_argument("--columns", help="some of rondo,tuned,installed", default="rondo,tuned,installed")
    parser.add_argument("--rounds", type=int, default=1, help="times that rondo and tuned are measured, in turn; the fastest counts")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--limit", type=int, default=300, help="seconds that one measurement may take")
    parser.add_argument("--again", action="store_true", help="forget the measurements in --raw")
    parser.add_argument("--list", action="store_true", help="print what would be measured, and stop")
    trial = parser.add_argument_group("trial runs, whose figures mean nothing")
    trial.add_argument("--batch", type=int, default=0, help="sequences a step")
    trial.add_argument("--length", type=int, default=0, help="tokens a sequence, a multiple of 64")
    trial.add_argument("--steps", type=int, default=0, help="timed steps")
    options = parser.parse_args()
    if (options.batch or options.length or options.steps) and options.out == parser.get_default("out"):
        parser.error("a trial run needs --out: its figures mean nothing")
    for name, known in (("only", plan.ARCHITECTURES), ("columns", ("rondo", *plan.COLUMNS))):
        chosen = getattr(options, name).split(",")
        if unknown := set(chosen) - set(known):
            parser.error(f"--{name}: {', '.join(sorted(unknown))} is none of {', '.join(known)}")
        setattr(options, name, [one for one in known if one in chosen])
    return options


def measurements(options):
    """What to measure, in this order: a key that says all that matters about it, and the command."""
    columns = [column for column in ("rondo", "tuned", "installed") if column in options.columns]
    for size in ("S", "M") if options.size == "both" else (options.size,):
        for architecture in options.only:
            for turn in range(options.rounds):
                for column in columns:
                    if turn == 0 or column != "installed":
                        yield measurement(options, size, architecture, column, turn)


def measurement(options, size, architecture, column, turn):
    way = plan.RONDO if column == "rondo" else plan.COLUMNS[column][architecture]
    key = {
        "size": size,
        "architecture": architecture,
        "column": column,
        "turn": turn,
        "threads": options.threads,
        "batch": options.batch or way.batch or plan.SIZES[size]["batch"],
        "length": options.length or plan.SIZES[size]["length"],
        "warm_up": way.warm_up,
        "steps": options.steps or way.steps,
    }
    numbers = {name: str(value) for name, value in key.items()}
    command = ["--size", size, "--architecture", architecture]
    for name in ("threads", "batch", "length"):
        command += [f"--{name}", numbers[name]]
    if column == "rondo":  # whose first step is not timed
        command = [options.bench_step, *command, "--steps", str(key["warm_up"] + key["steps"])]
        key["built"] = int(os.path.getmtime(options.bench_step)) if os.path.exists(options.bench_step) else 0
    else:
        command = [options.python, str(HERE / "measure.py"), *command, "--steps", numbers["steps"], "--warm-up", numbers["warm_up"]]
        command += ["--column", column]
    return key, command


def missing_modules(options):
    """Modules that the Python of the measurements lacks; all of them where there is no such Python."""
    wanted = sorted({"torch"}.union(*(way.packages for ways in plan.COLUMNS.values() for way in ways.values())))
    code = f"import importlib.util as u; print(*(m for m in {wanted} if u.find_spec(m) is None))"
    try:
        return set(subprocess.run([options.python, "-c", code], capture_output=True, text=True, check=True).stdout.split())
    except (OSError, subprocess.CalledProcessError):
        return set(wanted)


def environment(column, threads, folder):
    """The environment of a process of PyTorch, and in words what is in it."""
    variables = {"OMP_NUM_THREADS": str(threads), "CUDA_VISIBLE_DEVICES": "", "TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1"}
    words = []
    if column == "tuned":
        libraries = []
        if library := mkl_believes_intel(folder):
            libraries.append(library)
            words.append("MKL's AVX-512 path")
        if library := next(iter(sorted(pathlib.Path("/usr/lib").glob("*/libtcmalloc_minimal.so.*"))), None):
            libraries.append(str(library))
            words.append("tcmalloc")
            variables["TCMALLOC_LARGE_ALLOC_REPORT_THRESHOLD"] = str(1 << 40)
        variables["LD_PRELOAD"] = ":".join(libraries)
        variables["THP_MEM_ALLOC_ENABLE"] = "1"
        words.append("huge pages for large tensors")
    return {**os.environ, **variables}, ", ".join(words)


def mkl_believes_intel(folder):
    """In the folder, a library to preload that answers yes when MKL asks whether the processor is Intel's: else it keeps AVX-512 from others."""
    source, library = folder / "intel.c", folder / "intel.so"
    source.write_text("int mkl_serv_intel_cpu_true(void) { return 1; }\n")
    try:
        subprocess.run(["cc", "-shared", "-fPIC", "-o", str(library), str(source)], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return None
    return str(library)


def measure(command, variables, limit):
    """What the command's last JSON line says, or a reason why there is none."""
    with Others() as others:
        found = last_line(command, variables, limit)
    return {"others": others.share, **found, "wall_seconds": round(others.seconds, 1)}  # measure.py knows better: not while compiling


def last_line(command, variables, limit):
    try:
        done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=limit)
    except subprocess.TimeoutExpired:
        return {"failed": f"took more than {limit} s"}
    except OSError as error:
        return {"failed": str(error)}
    lines = [line for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode == 0 and lines:
        return json.loads(lines[-1])
    said = [line.strip() for line in done.stderr.splitlines() if line.strip()] or ["no output"]
    reasons = [line for line in said if "Error" in line] or said
    return {"failed": f"status {done.returncode}: {reasons[-1][:200]}"}


def read_raw(path):
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def say_what_is_missing(options, missing):
    if "torch" in missing:
        print(f"No torch at {options.python}: the columns of PyTorch stay empty. To have them:\n  {INSTALL}")
    elif missing:
        print(f"Not installed, their cells stay empty: {', '.join(sorted(missing))} (bench/against_pytorch/requirements.txt)")
    if not os.path.exists(options.bench_step):
        print(f"No {options.bench_step}: rondo's column stays empty. To have it:\n  cmake --preset release && cmake --build --preset release")


def measure_all(left, options, folder):
    """Measures what is left, in order, and adds each to the raw lines at once; folder: for what must live as long."""
    environments = {column: environment(column, options.threads, folder) for column in plan.COLUMNS}
    environments["rondo"] = {**os.environ, "OMP_NUM_THREADS": str(options.threads)}, ""
    options.raw.parent.mkdir(parents=True, exist_ok=True)
    start = time.time()
    for number, (key, command) in enumerate(left):
        rest = f", about {(time.time() - start) / number * (len(left) - number) / 60:.0f} min left" if number else ""
        print(f"[{number + 1}/{len(left)}{rest}] {key['size']} {key['architecture']} {key['column']} ... ", end="", flush=True)
        variables, words = environments[key["column"]]
        found = measure(command, variables, options.limit)
        with options.raw.open("a") as file:
            file.write(json.dumps({"key": key, "environment": words, **found}) + "\n")
        print(found.get("failed") or f"{found['tokens_per_second']:.0f} tokens/s, {found['peak_bytes'] / 1e6:.0f} MB", flush=True)


def main():
    options = arguments()
    planned = list(measurements(options))
    if options.list:
        for key, command in planned:
            print(" ".join(str(value) for value in key.values()), "|", " ".join(command))
        return
    missing = missing_modules(options)
    say_what_is_missing(options, missing)

    def absent(key):
        if key["column"] == "rondo":
            return not os.path.exists(options.bench_step)
        packages = {"torch", *plan.COLUMNS[key["column"]][key["architecture"]].packages}
        return bool(packages & missing)

    if options.again:
        options.raw.unlink(missing_ok=True)
    done = {json.dumps(line["key"]) for line in read_raw(options.raw) if "failed" not in line}
    left = [(key, command) for key, command in planned if json.dumps(key) not in done and not absent(key)]
    with tempfile.TemporaryDirectory(prefix="against_pytorch_") as folder:
        measure_all(left, options, pathlib.Path(folder))

    latest = {json.dumps(line["key"]): line for line in read_raw(options.raw)}
    lines = [latest[json.dumps(key)] for key, _ in planned if json.dumps(key) in latest]
    if all("failed" in line for line in lines):
        print("Nothing was measured: no table.")
        return
    text = table.markdown(lines, options)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = options.out.with_suffix(".unfinished")
    unfinished.write_text(text)
    unfinished.replace(options.out)
    print(f"{options.out}: the table; {options.raw}: the measurements")


if __name__ == "__main__":
    sys.exit(main())
