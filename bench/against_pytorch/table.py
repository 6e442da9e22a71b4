"""The measurements as one page of Markdown."""

import os
import statistics

import plan

NAMES = {"rondo": "rondo", "tuned": "PyTorch, tuned", "installed": "PyTorch, as installed"}


def markdown(lines, options):
    good = [line for line in lines if "failed" not in line]
    peak = matrix_peak(good)
    page = ["# Against PyTorch", "", *preamble(good, peak, options), "", *the_table(lines, good, peak), "", *ways(), *notes(lines)]
    return "\n".join(page) + "\n"


def matrix_peak(good):
    """GFLOP/s of a product of 2048-cubed matrices: each column's median over its processes, and the best of them, the machine's."""
    rates = {column: [line["matrix_peak_gflops"] for line in good if line["key"]["column"] == column] for column in NAMES}
    medians = {column: statistics.median(found) for column, found in rates.items() if found}
    return medians, max(medians.values())


def processor():
    with open("/proc/cpuinfo") as file:
        return next((line.split(":")[1].strip() for line in file if line.startswith("model name")), "unknown processor")


def preamble(good, peak, options):
    versions = {name: version for line in good for name, version in line.get("versions", {}).items()}
    environment = next((line["environment"] for line in good if line["key"]["column"] == "tuned"), "nothing")
    rates = ", ".join(f"{rate:.0f} {NAMES[column]}" for column, rate in peak[0].items())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return [
        f"Training steps (forward, loss, backward, AdamW; rondo's clip gradients besides) in float32 on {options.threads} threads of {processor()},"
        f" {memory:.0f} GB; {', '.join(f'{name} {version}' for name, version in versions.items()) or 'no PyTorch'}. Measured in one run, one"
        " process after the other, by",
        "",
        "    python3 bench/against_pytorch/run.py",
        "",
        "S: vocabulary 8192, width 256, depth 6, 4 heads, MLP 768, batch 8 x 256. M: 16000, 512, 8, 8 heads (HGRN2: 4 of 128), 1536, 8 x 512."
        " The shortest of several steps counts. `fraction`: operations of the model alone (6 a parameter that every token is multiplied with,"
        " 3 times the mixers' forward work) over the rate of a product of 2048 x 2048 matrices, for all columns the best one's"
        f" (GFLOP/s: {rates}). MB: largest resident size of the process,"
        " Python and torch included; in brackets where a step had fewer sequences.",
        "",
        f"As installed: `pip install`, nothing else. Tuned: {environment}, and the code named below the table. The same program"
        " varies by 2 to 8 % from process to process, so that ratios below 1.1 say only that neither is slower by much.",
    ]


def the_table(lines, good, peak):
    """A row an architecture: for each column tokens/s, fraction and MB of its fastest turn."""
    rows = [
        "| size | architecture | rondo tokens/s | fraction | MB | tuned tokens/s | fraction | MB | installed tokens/s | fraction | MB | rondo / tuned"
        " | rondo / installed | memory, rondo / tuned |",
        "| --- |" + " --- |" * 13,
    ]
    for size in ("M", "S"):
        for architecture in plan.ARCHITECTURES:
            of = lambda column, where: [
                line for line in where if [line["key"][k] for k in ("size", "architecture", "column")] == [size, architecture, column]
            ]
            best = {column: max(of(column, good), key=lambda line: line["tokens_per_second"], default=None) for column in NAMES}
            if not any(of(column, lines) for column in NAMES):
                continue
            cells = [size, architecture]
            for column, line in best.items():
                cells += figures(line, peak[1]) if line else ["failed" if of(column, lines) else "-", "", ""]
            cells += [
                ratio(best["rondo"], best["tuned"], "tokens_per_second"),
                ratio(best["rondo"], best["installed"], "tokens_per_second"),
                ratio(best["rondo"], best["tuned"], "peak_bytes"),
            ]
            rows.append("| " + " | ".join(cells) + " |")
    return rows


def figures(line, peak):
    speed, key = line["tokens_per_second"], line["key"]
    fewer = f" ({key['batch']} x {key['length']})" if key["batch"] < plan.SIZES[key["size"]]["batch"] else ""
    return [f"{speed:.0f}", f"{speed * line['flops_per_token'] * 1e-9 / peak:.2f}", f"{line['peak_bytes'] / 1e6:.0f}{fewer}"]


def ratio(a, b, what):
    if not (a and b):
        return ""
    times = a[what] / b[what]
    return f"**{times:.2f}**" if times < 10 else f"**{times:.0f}**"


def ways():
    rows = ["| architecture | as installed | tuned |", "| --- | --- | --- |"]
    return rows + [f"| {name} | {plan.INSTALLED[name].how} | {plan.TUNED[name].how} |" for name in plan.ARCHITECTURES]


def notes(lines):
    said = []
    for line in lines:
        name = " ".join((line["key"]["size"], line["key"]["architecture"], line["key"]["column"]))
        if "failed" in line:
            said.append(f"* {name} failed: {line['failed']}")
        elif line["others"] > 0.05:
            said.append(f"* other processes took {line['others']:.0%} of the machine while {name} was measured")
    return ["", *said] if said else []
