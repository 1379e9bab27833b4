"""Compares every example with PyTorch: experts, losses, gradients, and whole training runs.

    python3 bench/reference/verify.py build/bin/hashc TEXT [--output FILE] [--only hash_lm,dense_lm]

For each example and precision: a batch with fresh weights; the training steps of training.py;
a batch with the trained weights, read from the run's folder. hash_lm also with one expert. TEXT
is any text of some 100 KB; models with a BPE vocabulary train on its words as token ids, so
that no tokenizer stands between the two sides, and all with a short warm-up, so that the cosine
is reached.
"""

import argparse
import collections
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

from compare import compare
from machine import describe, save
from training import compare_training, run

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
EXAMPLES = ["hash_lm", "dense_lm", "tiny", "bigram", "my_router"]


def write_words(text, vocab, path):
    """The text's words as uint16 ids: by falling frequency, 0 for the rare ones."""
    words = re.findall(r"\w+|[^\w\s]", text)
    common = {word: i + 1 for i, (word, _) in enumerate(collections.Counter(words).most_common(vocab - 1))}
    np.array([common.get(word, 0) for word in words], np.uint16).tofile(path)


def prepare(name, text, folder):
    """A copy of an example that trains on what PyTorch can read; gives its path and the data's."""
    with open(os.path.join(ROOT, "examples", name + ".hash")) as file:
        spec = file.read()
    spec = re.sub(r"warmup = \d+", "warmup = 5", spec)
    vocab = re.search(r"tokenizer = bpe\((\d+)\)", spec)
    data = text
    if vocab:
        spec = re.sub(r"text\(data, tokenizer = bpe\(\d+\), valid = 5%\)", "tokens(data, valid = 5%)", spec)
        data = os.path.join(folder, f"words-{vocab.group(1)}.u16")
        with open(text, encoding="utf-8") as file:
            write_words(file.read(), int(vocab.group(1)), data)
    path = os.path.join(folder, name + ".hash")
    with open(path, "w") as file:
        file.write(spec)
    return path, data


def has_param(spec, define):
    with open(spec) as file:
        return re.search(rf"^param {define.partition('=')[0]}\b", file.read(), re.MULTILINE)


def verify(hashc, name, precision, defines, text, steps):
    """The results of one example."""
    label = " ".join([name, precision, *defines])
    print(f"== {label}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        spec, data = prepare(name, text, folder)
        executable = os.path.join(folder, name)
        options = [f"precision={precision}", *(define for define in defines if has_param(spec, define))]
        subprocess.run([hashc, spec, "-o", executable, *(word for o in options for word in ("-D", o))], check=True)
        dump = os.path.join(folder, "batch.safetensors")
        results = {"example": label}
        run(executable, "check", "--dump", dump)
        results["fresh"] = compare(dump, None, verbose=False)
        results["training"] = compare_training(executable, data, steps, 3, folder)
        trained = os.path.join(folder, "end")
        run(executable, "check", "--dump", dump, "--ckpt", trained, "--seed", 7)
        results["trained"] = compare(dump, trained, verbose=False)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("hashc")
    parser.add_argument("text")
    parser.add_argument("--only", default=",".join(EXAMPLES), help="examples, with commas between")
    parser.add_argument("--precision", default="f64,f32")
    parser.add_argument("--define", action="append", default=[], metavar="NAME=VALUE",
                        help="for every example with that param, as hashc -D; batch=2 takes an eighth of the time")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--output", metavar="FILE", help="write all differences to FILE")
    args = parser.parse_args()
    results = []
    for name in args.only.split(","):
        for defines in [[], ["experts=1"]] if name == "hash_lm" else [[]]:
            for precision in args.precision.split(","):
                results.append(verify(args.hashc, name, precision, [*args.define, *defines],
                                      os.path.abspath(args.text), args.steps))
    parts = [result[kind] for result in results for kind in ("fresh", "training", "trained")]
    failed = sum(not part["passed"] for part in parts)
    print(f"{len(parts)} comparisons, {failed} failed")
    if args.output:
        save({**describe(), "failed": failed, "verify": results}, args.output)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
