"""Where and with what a measurement was made: date, processor, versions, command."""

import datetime
import json
import os
import platform
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
# What decides which instructions a kernel may use.
FEATURES = re.compile(r"^(avx|fma|f16c|amx|sse4)")


def read_processor():
    with open("/proc/cpuinfo") as file:
        pairs = dict(line.split(":", 1) for line in file if ":" in line)
    values = {key.strip(): value.strip() for key, value in pairs.items()}
    return values.get("model name", platform.machine()), values.get("flags", "")


def read_caches():
    caches, folder = {}, "/sys/devices/system/cpu/cpu0/cache"
    for index in sorted(os.listdir(folder)) if os.path.isdir(folder) else []:
        read = lambda name: open(os.path.join(folder, index, name)).read().strip()
        if index.startswith("index"):
            caches[f"L{read('level')} {read('type').lower()}"] = read("size")
    return caches


def git(*arguments):
    done = subprocess.run(["git", "-C", ROOT, *arguments], capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def describe():
    model, flags = read_processor()
    result = {
        "date": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "cpu": model,
        "cpu_features": [flag for flag in flags.split() if FEATURES.match(flag)],
        "caches": read_caches(),
        "cores": len(os.sched_getaffinity(0)),
        "load": os.getloadavg()[0],
        "commit": git("rev-parse", "HEAD"),
        "commit_changed": bool(git("status", "--porcelain", "--untracked-files=no")),
        # A script that runs several programs says itself how it was called.
        "command": os.environ.get("HASHC_BENCH_COMMAND")
                   or " ".join([os.path.relpath(sys.argv[0], ROOT), *sys.argv[1:]]),
        "python": platform.python_version(),
    }
    if "torch" in sys.modules:
        torch = sys.modules["torch"]
        result["torch"] = torch.__version__
        result["torch_threads"] = torch.get_num_threads()
    return result


def save(result, path):
    with open(path, "w") as file:
        json.dump(result, file, indent=1)
        file.write("\n")


if __name__ == "__main__":
    print(json.dumps(describe(), indent=1))
