"""Compiles, trains and evaluates the runs of an experiment, each once."""

import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import time


class RunError(Exception):
    """A run that ended with an error; its message is what it printed."""


class Stopped(Exception):
    """Ctrl-C, or a SIGTERM."""


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


def checksum(path):
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            digest.update(block)
    return digest.hexdigest()


def call(command, **options):
    """What the command printed; RunError with what it said of its failure."""
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=die_with_parent, **options)
    if done.returncode in (130, 143, -signal.SIGINT, -signal.SIGTERM):
        raise Stopped
    if done.returncode != 0:
        raise RunError(done.stderr.strip() or f"{command[0]} ended with status {done.returncode}")
    return done.stdout


def read_json(path):
    try:
        with open(path) as file:
            return json.load(file)
    except (OSError, ValueError):
        return None


def write_json(path, value):
    with open(path + ".tmp", "w") as file:
        json.dump(value, file, indent=1)
        file.write("\n")
    os.replace(path + ".tmp", path)


class Text:
    """A text that is trained on, with its validation text if that is a file of its own."""

    def __init__(self, path, valid):
        self.path, self.valid = path, valid
        self.checksum = checksum(path)
        self.valid_checksum = checksum(valid) if valid else ""

    def get_arguments(self):
        return ["--data", self.path] + (["--valid", self.valid] if self.valid else [])

    def describe(self):
        names = [self.path, self.valid] if self.valid else [self.path]
        return [{"name": os.path.basename(name), "bytes": os.path.getsize(name), "sha256": digest}
                for name, digest in zip(names, (self.checksum, self.valid_checksum))]


def strip_locations(module):
    """What is computed, how it begins and how it is trained; not where the spec says it."""
    lines = [line for line in module.split("\n") if not line.startswith("#loc")]
    return re.sub(r" loc\([^\n]*?\)(?=[\s,)]|$)|hash\.spec(_hash)? = \"[^\"]*\",? ?", "", "\n".join(lines))


def format_value(value):
    return str(value).lower() if isinstance(value, bool) else str(value)


class Runner:
    def __init__(self, plan, hashc, texts, out, progress, threads=0, steps=0, keep=False):
        self.plan, self.hashc, self.texts, self.out = plan, hashc, texts, out
        self.progress, self.threads, self.steps, self.keep = progress, threads, steps, keep
        self.compiler = checksum(hashc)
        os.makedirs(out, exist_ok=True)

    def get_steps(self, row):
        return self.steps or row.steps or self.plan.steps

    def get_folder(self, row, seed):
        return os.path.join(self.out, "runs", f"{row.get_slug()}-{seed}")

    def get_model(self, row, seed):
        """The folder of checkpoints."""
        return os.path.join(self.get_folder(row, seed), "run")

    def is_needed(self, row):
        return any(row.name in other.get_needed() for other in self.plan.rows)

    def find_weights(self, name, seed):
        """The file with the weights of a row's run."""
        model = self.get_model(self.plan.find(name), seed)
        try:
            with open(os.path.join(model, "latest")) as file:
                return os.path.abspath(os.path.join(model, file.read().strip(), "model.safetensors"))
        except OSError:
            raise RunError(f"'{name}' has no weights to begin with") from None

    def resolve(self, value, seed):
        """A value of a param: "@ROW" is the file of that row's weights."""
        return self.find_weights(value[1:], seed) if str(value).startswith("@") else value

    def compile(self, row, seed):
        """The executable, and what it says of itself."""
        spec = os.path.join(os.path.dirname(self.plan.path), row.spec or self.plan.spec)
        if not os.path.exists(spec):
            raise RunError(f"there is no spec '{spec}'")
        with open(spec) as file:
            text = file.read()
        define = {name: self.resolve(value, seed) for name, value in row.define.items()}
        if re.search(r"^param tables\b", text, re.M):
            define.setdefault("tables", seed)
        arguments = [f"-D{name}={format_value(value)}" for name, value in sorted(define.items())]
        key = hashlib.sha256("\0".join([self.compiler, text, *arguments]).encode()).hexdigest()[:16]
        folder = os.path.join(self.out, "bin")
        os.makedirs(folder, exist_ok=True)
        path = os.path.join(folder, f"{row.get_slug()}-{key}")
        if not os.path.exists(path):
            self.progress.show(f"{row.name}: compiling")
            module = strip_locations(call([self.hashc, spec, "--emit=hash", *arguments]))
            write_json(path + ".json", {"module": hashlib.sha256(module.encode()).hexdigest()})
            call([self.hashc, spec, "-o", path, *arguments])
        info = json.loads(call([path, "info", "--json"]))
        return path, info | read_json(path + ".json")

    def get_key(self, row, seed, info):
        """What a run's numbers follow from."""
        text = self.texts[row.data]
        key = {"module": info["module"], "steps": self.get_steps(row), "seed": seed, "text": text.checksum,
               "valid": text.valid_checksum}
        for name in row.get_needed():
            before = read_json(os.path.join(self.get_folder(self.plan.find(name), seed), "done.json")) or {}
            key.setdefault("after", []).append(before.get("key"))
        return key

    def run(self, row, seed):
        """The run's record, from an earlier call or from now."""
        folder = self.get_folder(row, seed)
        try:
            path, info = self.compile(row, seed)
            key = self.get_key(row, seed, info)
            done = read_json(os.path.join(folder, "done.json"))
            if done and done["key"] == key and "eval" in done:
                return done
            record = {"row": row.name, "seed": seed, "key": key, "info": self.describe(info)}
            record.update(self.train(row, seed, path, {**key, "spec": info["spec_hash"]}))
        except RunError as error:
            os.makedirs(folder, exist_ok=True)
            record = {"row": row.name, "seed": seed, "key": None, "error": str(error)}
        write_json(os.path.join(folder, "done.json"), record)
        return record

    @staticmethod
    def describe(info):
        names = ("spec_hash", "model_hash", "total_parameters", "active_parameters", "flops_per_token", "train",
                 "precision", "vocab", "context")
        return {name: info[name] for name in names}

    def measure_speed(self, rows, seed, rounds=3, steps=3):
        """Milliseconds of a training step of each row, on random tokens; rows take turns."""
        times = {}
        for turn in range(rounds):
            for row in rows:
                self.progress.show(f"{row.name}: timing, round {turn + 1} of {rounds}")
                try:
                    path, _ = self.compile(row, seed)
                    threads = ["--threads", str(self.threads)] if self.threads else []
                    result = json.loads(call([path, "bench", "--json", "--steps", str(steps), *threads]))
                    times.setdefault(row.name, []).append(result["step_ms"])
                except RunError:
                    pass  # its runs have failed already, and say why
        return {name: statistics.median(values) for name, values in times.items()}

    def train(self, row, seed, path, key):
        folder, model = self.get_folder(row, seed), self.get_model(row, seed)
        log = os.path.join(folder, "log.jsonl")
        if read_json(os.path.join(folder, "key.json")) != key:
            shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder, exist_ok=True)
        write_json(os.path.join(folder, "key.json"), key)
        steps = self.get_steps(row)
        command = [path, "train", "--quiet", "--out", model, "--log", log, "--steps", str(steps),
                   "--save-every", str(max(50, steps // 3)), "--cache", os.path.join(self.out, "cache", row.data),
                   *self.texts[row.data].get_arguments(), *(["--threads", str(self.threads)] if self.threads else [])]
        if os.path.exists(os.path.join(model, "latest")):
            command += ["--resume", model]
        else:
            command += ["--init-seed", str(seed), "--data-seed", str(1000 + seed), *self.get_init(row, seed)]
        self.wait(row, seed, command, log, steps)
        self.progress.show(f"{row.name}, seed {seed}: evaluating")
        text = self.texts[row.data]
        data = [text.valid, "--whole"] if text.valid else [text.path]
        result = json.loads(call([path, "eval", "--json", "--ckpt", model, "--data", *data]))
        record = {"eval": result, **read_log(log)}
        if not self.keep and not self.is_needed(row):
            shutil.rmtree(model)
        return record

    def get_init(self, row, seed):
        return ["--init", self.find_weights(row.after, seed)] if row.after else []

    def wait(self, row, seed, command, log, steps):
        """Trains, and shows how far it is."""
        os.makedirs(os.path.join(self.out, "cache", row.data), exist_ok=True)
        with open(log + ".err", "w") as errors:
            process = subprocess.Popen(command, stdout=errors, stderr=errors, preexec_fn=die_with_parent)
        try:
            while process.poll() is None:
                time.sleep(0.2)
                entry = read_last(log)
                if entry:
                    self.progress.show_step(f"{row.name}, seed {seed}", entry.get("step", 0), steps, entry.get("loss"))
        except (KeyboardInterrupt, Stopped):
            process.send_signal(signal.SIGTERM)
            process.wait()
            raise Stopped from None
        if process.returncode in (130, 143):
            raise Stopped
        if process.returncode != 0:
            with open(log + ".err") as file:
                raise RunError(file.read().strip() or f"training ended with status {process.returncode}")


def read_last(log):
    """The newest whole object of a log that is being written."""
    try:
        with open(log, "rb") as file:
            file.seek(max(0, os.path.getsize(log) - 4096))
            lines = file.read().split(b"\n")[:-1]
        return json.loads(lines[-1]) if lines else None
    except (OSError, ValueError):
        return None


def read_log(path):
    """The curve, and what the log says of the last step beside its loss."""
    tokens, curve, last = 0, [], {}
    with open(path) as file:
        for entry in map(json.loads, file):
            if "loss" in entry:
                tokens = entry["tokens"]
                last = {key: value for key, value in entry.items() if key not in ("step", "lr", "tokens", "tokens_per_s")}
            if "valid_loss" in entry:
                curve.append({"step": entry["step"], "tokens": tokens, "loss": entry["valid_loss"]})
    return {"curve": curve, "tokens": tokens, "last_step": last}


class Progress:
    """One line that is written over on a terminal; elsewhere a line for each run that ended."""

    def __init__(self, total):
        self.total, self.ended, self.fresh = total, 0, 0
        self.begin = time.monotonic()
        self.terminal = sys.stderr.isatty()

    def show(self, text, end=""):
        if self.terminal:
            columns = shutil.get_terminal_size().columns
            print("\r\x1b[K" + f"[{self.ended}/{self.total}] {text}"[:columns - 1], end=end, file=sys.stderr, flush=True)

    def show_step(self, name, step, steps, loss):
        loss = f" loss {loss:.4f}" if loss is not None else ""
        self.show(f"{name}: step {step}/{steps}{loss}  {self.get_eta(step / steps)}")

    def get_eta(self, part):
        if self.fresh + part < 0.05:
            return ""
        left = (time.monotonic() - self.begin) / (self.fresh + part) * (self.total - self.ended - part)
        return f"ETA {int(left) // 3600}:{int(left) // 60 % 60:02d}:{int(left) % 60:02d}"

    def finish(self, record, is_new):
        self.ended += 1
        self.fresh += is_new
        result = (f"valid loss {record['eval']['loss']:.4f}" if "eval" in record
                  else "failed: " + record["error"].split("\n")[0])
        if self.terminal:
            print("\r\x1b[K", end="", file=sys.stderr)
        print(f"[{self.ended}/{self.total}] {record['row']}, seed {record['seed']}: {result}"
              + ("" if is_new else " (from before)") + (f"  {self.get_eta(0)}" if is_new and not self.terminal else ""),
              file=sys.stderr, flush=True)
