#!/usr/bin/env python3
"""Runs the programs of a folder that `gpu-check.sh build` made on a GPU, and compares them with the CPU's.

Each line says ok, FAILED or not run; the last one counts them. Exit status: 0, or 1 if a check failed, 2 for a wrong
command line, 3 if there is no driver or no GPU that will do. Needs nothing beyond Python's standard library.
"""

import argparse
import ctypes
import datetime
import filecmp
import json
import math
import os
import pathlib
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import instructions

EARLY_STEPS = 20
DRY_STEPS = 2
STEPS = 200
BENCH_STEPS = 10
KERNELS_SHOWN = 8
FAKE_NAME = "Fake GPU"  # of the driver that tests use: its GPU is simulated
OLDEST_CUDA = 12000
CAPABILITY_MAJOR, CAPABILITY_MINOR = 75, 76  # cuDeviceGetAttribute's
CHECKS = ["step", "train", "bits", "resume", "generate", "size", "start", "speed"]
INSTRUCTIONS = "instructions"
TIMED = {"start": "the time to the first step", "speed": "tokens/s and the times of kernels"}


class Failed(Exception):
    """A check that did not come out as it must."""


class NotRun(Exception):
    """A check that could not be made, and why."""


class NoGpu(Exception):
    """There is nothing here to check on."""


class Case:
    def __init__(self, line):
        self.name, self.spec, self.params, self.data, *tolerances = line.split()
        self.step_tolerance, self.early_tolerance, self.tolerance = map(float, tolerances)
        self.is_small = self.name.startswith("tiny")
        self.is_exact = "bf16" not in self.params


class Gpu:
    """What the driver says of a GPU, asked as the programs ask it."""

    def __init__(self, ordinal):
        try:
            self.driver = ctypes.CDLL("libcuda.so.1")
        except OSError as error:
            raise NoGpu(f"there is no NVIDIA driver on this machine ({error})")
        if status := self.driver.cuInit(0):
            raise NoGpu(f"the NVIDIA driver finds no GPU (error {status})")
        self.cuda = self.ask("cuDriverGetVersion")
        if self.cuda < OLDEST_CUDA:
            raise NoGpu(f"the NVIDIA driver runs CUDA {self.get_version()}, and the programs need 12.0 or newer")
        count = self.ask("cuDeviceGetCount")
        if ordinal >= count:
            raise NoGpu(f"there is no GPU {ordinal}: this machine has {count}, and they count from 0")
        device = self.ask("cuDeviceGet", ordinal)
        name = ctypes.create_string_buffer(256)
        self.driver.cuDeviceGetName(name, len(name), device)
        self.name = name.value.decode(errors="replace")
        self.capability = 10 * self.ask("cuDeviceGetAttribute", CAPABILITY_MAJOR, device)
        self.capability += self.ask("cuDeviceGetAttribute", CAPABILITY_MINOR, device)
        if self.capability < 80:
            raise NoGpu(f"'{self.name}' is sm_{self.capability}, and sm_80 is the oldest that hashc knows")
        self.is_simulated = self.name == FAKE_NAME

    def ask(self, function, *arguments):
        value = ctypes.c_int()
        if status := getattr(self.driver, function)(ctypes.byref(value), *arguments):
            raise NoGpu(f"{function} of the NVIDIA driver gives error {status}")
        return value.value

    def get_version(self):
        return f"{self.cuda // 1000}.{self.cuda % 1000 // 10}"

    def get_arch(self):
        return "sm_90a" if self.capability == 90 else "sm_80"

    def describe(self):
        if self.is_simulated:
            return f"{self.name}, sm_{self.capability}: a driver for tests simulates it"
        return f"{self.name}, sm_{self.capability}; driver{self.find_driver_version()} for CUDA {self.get_version()}"

    def find_driver_version(self):
        """As nvidia-smi says it, where there is one."""
        command = ["nvidia-smi", "--query-gpu=name,driver_version", "--format=csv,noheader"]
        try:
            lines = subprocess.run(command, capture_output=True, text=True, timeout=60).stdout.splitlines()
        except (OSError, subprocess.TimeoutExpired):
            lines = []
        versions = {name: version for name, _, version in (line.rpartition(", ") for line in lines)}
        return f" {versions[self.name]}" if self.name in versions else ""


class SimulatedGpu:
    is_simulated = True

    def get_arch(self):
        return "sm_80"

    def describe(self):
        return "none: the programs simulate one"


def find_processor():
    with open("/proc/cpuinfo") as file:
        names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    return f"{names[0] if names else 'unknown'}, {len(os.sched_getaffinity(0))} cores"


class Report:
    """Lines as they come, and a page of them, which is complete at any moment."""

    def __init__(self, path, title, facts):
        self.path, self.title, self.facts = path, title, facts
        self.lines, self.kernels = [], []
        self.save("unfinished")

    def add(self, result, case, check, text):
        self.lines.append((result, case, check, text))
        print(f"{result:8} {case:20} {check:12} {text}", flush=True)
        self.save("unfinished")

    def count(self, result):
        return sum(line[0] == result for line in self.lines)

    def save(self, end):
        facts = [f"- {fact}" for fact in self.facts]
        rows = ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in self.lines]
        page = [f"# {self.title}", "", *facts, "", "| result | case | check | |", "|---|---|---|---|", *rows, ""]
        self.path.write_text("\n".join([*page, *self.kernels, end, ""]))

    def finish(self):
        end = f"{self.count('ok')} passed, {self.count('FAILED')} failed, {self.count('not run')} not run"
        self.save(end)
        print(end)


class Checker:
    def __init__(self, folder, work, gpu, options, report):
        self.folder, self.work, self.gpu, self.options, self.report = folder, work, gpu, options, report
        self.runs = {}
        # Nothing is left in the user's cache of compiled kernels, nor found there.
        self.environment = dict(os.environ, CUDA_CACHE_PATH=str(work / "cache"))

    def get_command(self, case, side, *arguments, device=None):
        program = str(self.folder / "programs" / f"{case.name}.{self.options.arch if side == 'gpu' else 'cpu'}")
        return [program, *arguments] + (["--device", device or self.options.device] if side == "gpu" else [])

    def call(self, command):
        try:
            done = subprocess.run(command, cwd=self.work, env=self.environment, timeout=self.options.limit,
                                  capture_output=True, text=True, errors="replace")
        except subprocess.TimeoutExpired:
            raise Failed(f"'{command[1]}' did not end within {self.options.limit} s")
        if done.returncode < 0:
            raise Failed(f"{pathlib.Path(command[0]).name} {command[1]} ended by signal {-done.returncode}")
        if done.returncode > 0:
            said = (done.stderr.strip() or done.stdout.strip()).splitlines()
            raise Failed(f"{pathlib.Path(command[0]).name} {command[1]}: {said[0] if said else ''} "
                         f"(exit status {done.returncode})")
        return done.stdout

    def get_train(self, case, steps, run):
        data = self.folder / "data" / case.data
        return ["train", "--data", str(data), "--valid", f"{data}.valid", "--steps", str(steps), "--eval-every", "0",
                "--quiet", "--out", f"{run}.run", "--log", f"{run}.jsonl"]

    def train(self, case, side, which="first", device=None):
        """The folder and the log of a training, made once."""
        run = f"{case.name}.{side}.{which}"
        if run not in self.runs:
            try:
                self.call(self.get_command(case, side, *self.get_train(case, self.options.steps, run), device=device))
                self.runs[run] = None
            except Failed as failure:
                self.runs[run] = failure
        if self.runs[run]:
            raise self.runs[run]
        return self.work / f"{run}.run", self.work / f"{run}.jsonl"

    def require_train(self, case, side):
        try:
            return self.train(case, side)
        except Failed:
            raise NotRun(f"needs a training that failed on the {'GPU' if side == 'gpu' else 'CPU'}")

    def check_step(self, case):
        for side in ("cpu", "gpu"):
            self.call(self.get_command(case, side, "check", "--dump", f"{case.name}.{side}.safetensors"))
        compare = [sys.executable, str(self.folder / "compare-dumps.py")]
        dumps = [f"{case.name}.{side}.safetensors" for side in ("cpu", "gpu")]
        done = subprocess.run([*compare, *dumps, str(case.step_tolerance)], cwd=self.work, capture_output=True,
                              text=True)
        said = (done.stdout.strip() or done.stderr.strip() or "the comparison says nothing").splitlines()[-1]
        text = f"loss and gradients of a batch: {said} (allowed {case.step_tolerance:.0e})"
        if done.returncode != 0:
            raise Failed(text)
        return text

    def check_train(self, case):
        logs = [self.train(case, side)[1] for side in ("cpu", "gpu")]
        return compare_losses(*logs, case.early_tolerance, case.tolerance)

    def check_bits(self, case):
        first, _ = self.require_train(case, "gpu")
        # In the simulator the threads take turns in another order.
        device = "sim:late,adversarial" if self.options.device == "sim" else None
        second, _ = self.train(case, "gpu", "second", device)
        files = sorted(path.relative_to(first) for path in first.rglob("*.safetensors"))
        different = [str(path) for path in files if not is_same(first / path, second / path)]
        if different or not files:
            raise Failed(f"two trainings differ in {', '.join(different) or 'everything: no checkpoint was found'}")
        size = sum((first / path).stat().st_size for path in files)
        return f"two trainings to step {self.options.steps}: {len(files)} files, {size:,} bytes, all equal" + (
            "; threads took turns in two orders" if device else "")

    def check_resume(self, case):
        saved, _ = self.require_train(case, "cpu")
        more = min(self.options.steps, EARLY_STEPS)
        logs = []
        for side in ("cpu", "gpu"):
            run = f"{case.name}.{side}.resumed"
            train = self.get_train(case, self.options.steps + more, run)
            self.call(self.get_command(case, side, *train, "--resume", str(saved)))
            logs.append(self.work / f"{run}.jsonl")
        return "from the CPU's checkpoint: " + compare_losses(*logs, case.early_tolerance, case.early_tolerance)

    def check_generate(self, case):
        if not case.is_exact:
            raise NotRun("in bf16 two tokens may be equally likely")
        saved, _ = self.require_train(case, "cpu")
        tokens = 8 if self.gpu.is_simulated else 32
        options = ["--ckpt", str(saved), "--prompt", "red two cat", "--tokens", str(tokens), "--temperature", "0"]
        texts = [self.call(self.get_command(case, side, "generate", *options)) for side in ("cpu", "gpu")]
        if texts[0] != texts[1]:
            raise Failed(f"the CPU writes {texts[0]!r}, the GPU {texts[1]!r}")
        return f"{tokens} tokens, the likeliest each time, are the CPU's"

    def check_size(self, case):
        gpu, cpu = (pathlib.Path(self.get_command(case, side)[0]).stat().st_size / 2**20 for side in ("gpu", "cpu"))
        return f"the executable has {gpu:.1f} MiB, the CPU's {cpu:.1f} MiB"

    def time_first_step(self, case, side, run, **environment):
        """From the program's start to its first step's line in the log."""
        run = f"{case.name}.{side}.{run}"
        log = self.work / f"{run}.jsonl"
        begin = time.perf_counter()
        program = subprocess.Popen(self.get_command(case, side, *self.get_train(case, 1, run)), cwd=self.work,
                                   env=dict(self.environment, **environment), stdout=subprocess.DEVNULL,
                                   stderr=subprocess.PIPE, text=True, errors="replace")
        while program.poll() is None and not (log.exists() and log.stat().st_size):
            if time.perf_counter() - begin > self.options.limit:
                program.kill()
            time.sleep(0.001)
        elapsed = time.perf_counter() - begin
        said = program.communicate()[1].strip()
        if program.returncode != 0:
            raise Failed(f"one step of training: {said or 'killed'} (exit status {program.returncode})")
        return 1000 * elapsed

    def check_start(self, case):
        cold = self.time_first_step(case, "gpu", "cold", CUDA_CACHE_DISABLE="1")
        warm = min(self.time_first_step(case, "gpu", run) for run in ("warm", "warmer"))
        cpu = self.time_first_step(case, "cpu", "start")
        return (f"first step done {warm:.0f} ms after the start, {cold:.0f} ms where the driver has no kernels cached; "
                f"the CPU's {cpu:.0f} ms")

    def check_speed(self, case):
        rates = []
        for side in ("gpu", "cpu"):
            _, log = self.require_train(case, side)
            steps = [record["tokens_per_s"] for record in read_log(log) if "tokens_per_s" in record]
            rates.append(statistics.median(steps[len(steps) // 2:]))
        return f"{rates[0]:,.0f} tokens/s in the second half of training; the CPU's {rates[1]:,.0f}"

    def check_bench(self, case):
        bench = json.loads(self.call(self.get_command(case, "gpu", "bench", "--steps", str(BENCH_STEPS), "--json")))
        kernels = [kernel for kernel in bench["kernels"] if kernel["id"] >= 0][:KERNELS_SHOWN]
        rows = [f"| {kernel['path']} | {kernel['op']} | {kernel['ms']:.3f} | {100 * kernel['share']:.1f} % |"
                for kernel in kernels]
        self.report.kernels += [f"The longest kernels of {case.name}, each waited for:", "",
                                "| path | op | ms a step | share |", "|---|---|---|---|", *rows, ""]
        kinds = sorted(bench["kinds"].items(), key=lambda kind: -kind[1])[:3]
        return (f"a step takes {bench['step_ms']:.2f} ms, "
                f"at least {bench['step_ms_min']:.2f}; {bench['tokens_per_s']:,.0f} tokens/s; "
                + ", ".join(f"{kind} {100 * share:.0f} %" for kind, share in kinds))

    def check(self, case, check):
        if check in TIMED and self.gpu.is_simulated:
            return self.report.add("not run", case.name, check, f"{TIMED[check]}: a simulator is no measure of it")
        for part in [check, "bench"] if check == "speed" else [check]:
            try:
                result, text = "ok", getattr(self, f"check_{part}")(case)
            except NotRun as reason:
                result, text = "not run", str(reason)
            except Failed as failure:
                result, text = "FAILED", str(failure)
            except OSError as error:
                result, text = "FAILED", f"{pathlib.Path(error.filename or '').name}: {error.strerror}"
            self.report.add(result, case.name, part, text)


class InstructionChecker:
    """Runs kernels of single instructions, and keeps what they give."""

    def __init__(self, checker):
        self.checker, self.options, self.report, self.gpu = checker, checker.options, checker.report, checker.gpu
        self.folder = checker.folder / INSTRUCTIONS
        self.listed = instructions.read_list(self.folder / instructions.LIST)

    def compare(self, instruction, output):
        """With the simulator's; a line if they differ."""
        _, expected = instructions.read_golden(self.folder / "simulator", instruction)
        difference = instructions.find_difference(instruction, expected, output)
        if difference:
            self.report.add("FAILED", instruction.name, INSTRUCTIONS, difference)
        return not difference

    def check_dry(self):
        """No kernel runs: what the simulator gave is compared with what is known, from whomever."""
        differences, confirmed = instructions.compare_folders(self.folder / "simulator", self.folder / "golden",
                                                              self.listed)
        for name, difference in differences.items():
            self.report.add("FAILED", name, INSTRUCTIONS, difference)
        self.report.add("not run", "-", INSTRUCTIONS,
                        f"no GPU ran these {len(self.listed)} kernels; results of {confirmed} are known from a GPU")

    def run_kernel(self, instruction):
        command = instruction.get_command(self.checker.folder / "hash-run-kernel",
                                          self.folder / instruction.get_module("ptx"))
        return self.checker.call([*command[:3], f"--device={self.options.device}", *command[3:]])

    def check_on_gpu(self):
        golden = pathlib.Path(self.options.golden or self.checker.folder / "golden").absolute()
        golden.mkdir(parents=True, exist_ok=True)
        origin = f"{self.gpu.describe()}; {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}"
        same, left_out = 0, 0
        for instruction in self.listed:
            if instruction.arch not in ("sm_80", self.gpu.get_arch()):
                left_out += 1
                continue
            try:
                output = self.run_kernel(instruction)
            except Failed as failure:
                self.report.add("FAILED", instruction.name, INSTRUCTIONS, str(failure))
                continue
            instructions.write_golden(golden, instruction, origin, output)
            same += self.compare(instruction, output)
        if same:
            self.report.add("ok", "-", INSTRUCTIONS,
                            f"{same} kernels give the simulator's bits; what the GPU gives is in '{golden}'")
        if left_out:
            self.report.add("not run", "-", INSTRUCTIONS, f"{left_out} kernels are for sm_90a, and this GPU is not")

    def check(self):
        if self.options.device == "sim":
            self.check_dry()
        else:
            self.check_on_gpu()


def is_same(first, second):
    return second.exists() and filecmp.cmp(first, second, shallow=False)


def read_log(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def compare_losses(first, second, early_tolerance, tolerance):
    """Of every step, and of the evaluation at the end."""
    a, b = ([(record["step"], record.get("valid_loss", record.get("loss"))) for record in read_log(log)]
            for log in (first, second))
    if [step for step, _ in a] != [step for step, _ in b] or not a:
        raise Failed(f"the CPU's log has {len(a)} lines, the GPU's {len(b)}")
    differences = [(step, abs(x - y) if math.isfinite(x) and math.isfinite(y) else math.inf)
                   for (step, x), (_, y) in zip(a, b)]
    end = a[0][0] + EARLY_STEPS
    early, worst = (max(value for step, value in differences if step < last) for last in (end, math.inf))
    text = f"losses of steps {a[0][0]} to {a[-1][0]} and of an evaluation, the last one {a[-1][1]:.3f}: "
    text += f"largest difference {worst:.1e}"
    if a[-1][0] >= end:
        text += f" (allowed {tolerance:.0e}), {early:.1e} in the first {EARLY_STEPS} (allowed {early_tolerance:.0e})"
    else:
        text += f" (allowed {early_tolerance:.0e})"
    if early > early_tolerance or worst > tolerance:
        raise Failed(text)
    return text


def choose(wanted, known, what, parser):
    names = wanted.split(",") if wanted else known
    for name in names:
        if name not in known:
            parser.error(f"there is no {what} '{name}'; there are {', '.join(known)}")
    return names


def parse(arguments, cases):
    parser = argparse.ArgumentParser(prog="gpu-check.sh run", formatter_class=argparse.RawDescriptionHelpFormatter,
                                     description=__doc__)
    parser.add_argument("folder", metavar="FOLDER", help="what 'build' made")
    parser.add_argument("--device", default="0", metavar="N|sim",
                        help="the GPU, by its number (default 0); sim: a dry run with a simulated one, of few steps")
    parser.add_argument("--results", metavar="FILE.md", help="the page of results (default: FOLDER/results.md)")
    parser.add_argument("--golden", metavar="DIR",
                        help="where the GPU's results of single instructions go (default: FOLDER/golden)")
    parser.add_argument("--cases", metavar="A,B", help="of " + ", ".join(case.name for case in cases))
    parser.add_argument("--checks", metavar="A,B", help="of " + ", ".join([*CHECKS, INSTRUCTIONS]))
    parser.add_argument("--steps", type=int, metavar="N", help=f"of a training (default {STEPS}; dry {DRY_STEPS})")
    parser.add_argument("--arch", choices=["sm_80", "sm_90a"],
                        help="programs to run (default: sm_90a on capability 9.0, else sm_80)")
    parser.add_argument("--limit", type=int, default=300, metavar="S", help="seconds a program may take (default 300)")
    options = parser.parse_args(arguments)
    if options.device != "sim" and not options.device.isdecimal():
        parser.error(f"--device: '{options.device}' is no GPU: give its number, from 0 on, or sim")
    if options.steps is not None and options.steps < 1 or options.limit < 1:
        parser.error("--steps and --limit are at least 1")
    options.case_names = choose(options.cases, [case.name for case in cases], "case", parser)
    options.check_names = choose(options.checks, [*CHECKS, INSTRUCTIONS], "check", parser)
    return options


def make_report(folder, options, gpu):
    about = (folder / "about.txt").read_text().splitlines()
    command = shlex.join(["gpu-check.sh", "run", folder.name, *options.given])
    kind = ("A dry run: the GPU is simulated, and its speed is not said",) if gpu.is_simulated else ()
    facts = [*kind, f"date: {datetime.datetime.now(datetime.timezone.utc):%Y-%m-%dT%H:%M:%SZ}",
             f"GPU: {gpu.describe()}", f"programs: {options.arch}", f"CPU: {find_processor()}", *about,
             f"command: `{command}`"]
    print("\n".join(facts), flush=True)
    return Report(pathlib.Path(options.results or folder / "results.md").absolute(),
                  "Programs for GPUs, " + ("a dry run" if gpu.is_simulated else f"on {gpu.name}"), facts)


def run(folder, cases, options, gpu, work):
    report = make_report(folder, options, gpu)
    checker = Checker(folder, work, gpu, options, report)
    wanted = [case for case in cases if case.name in options.case_names]
    of_cases = [check for check in options.check_names if check != INSTRUCTIONS]
    for case in wanted:
        if of_cases and gpu.is_simulated and not options.cases and not case.is_small:
            report.add("not run", case.name, "all", "a dry run takes the smallest models only, if none is named")
            continue
        for check in of_cases:
            checker.check(case, check)
    if INSTRUCTIONS in options.check_names:
        InstructionChecker(checker).check()
    if gpu.is_simulated:
        report.add("not run", "-", "hardware", "no real GPU ran these kernels: its compiler, its memory, its driver")
    report.finish()
    return 1 if report.count("FAILED") or not report.count("ok") else 0


def main():
    folder = pathlib.Path(__file__).resolve().parent
    cases = [Case(line) for line in (folder / "cases.txt").read_text().splitlines()]
    options = parse(sys.argv[1:], cases)
    options.given = sys.argv[2:]
    try:
        gpu = SimulatedGpu() if options.device == "sim" else Gpu(int(options.device))
    except NoGpu as reason:
        print(f"gpu-check: {reason}; --device sim makes a dry run without one", file=sys.stderr)
        return 3
    options.arch = options.arch or gpu.get_arch()
    options.steps = options.steps or (DRY_STEPS if gpu.is_simulated else STEPS)
    work = pathlib.Path(tempfile.mkdtemp(prefix="gpu-check-"))
    status = 1
    try:
        status = run(folder, cases, options, gpu, work)
    except OSError as error:
        print(f"gpu-check: {error}", file=sys.stderr)
        status = 3
    except KeyboardInterrupt:
        status = 130
    finally:
        if status == 1:
            print(f"gpu-check: logs and dumps of this run are in {work}", file=sys.stderr)
        else:
            shutil.rmtree(work, ignore_errors=True)
    return status


if __name__ == "__main__":
    sys.exit(main())
