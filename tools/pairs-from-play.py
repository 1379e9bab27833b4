"""Makes dialogue of a play: python3 tools/pairs-from-play.py PLAY.txt -o PAIRS.tsv [--context N]

A play is speeches with an empty line between them: a speaker's name and a colon on one line, then what is
said. A line of the output is what was said before, a tab, and the answer, as pairs(...) of the spec language reads it.
"""

import argparse
import os
import re
import sys

SPEECH = re.compile(r"^([^\n:]{1,60}):\n(.+)\Z", re.S)


def read_speeches(text):
    """Speaker and words of every speech; None where something else stands between them."""
    for block in re.split(r"\n\s*\n", text.replace("\r", "")):
        match = SPEECH.match(block.strip())
        yield (match[1].strip(), " ".join(match[2].split())) if match else None


def make_pairs(speeches, context):
    before = []
    for speech in speeches:
        if speech is None:
            before = []
            continue
        name, words = speech
        if before:
            yield " ".join(f"{who}: {said}" for who, said in before) + f" {name}:", words
        before = (before + [speech])[-context:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("play")
    parser.add_argument("-o", "--output", required=True)
    parser.add_argument("--context", type=int, default=2, help="how many speeches come before an answer (default 2)")
    args = parser.parse_args()
    try:
        with open(args.play, encoding="utf-8") as file:
            pairs = list(make_pairs(read_speeches(file.read()), max(1, args.context)))
    except (OSError, UnicodeDecodeError) as error:
        print(f"pairs-from-play: error: {args.play}: {error}", file=sys.stderr)
        return 1
    if not pairs:
        print(f"pairs-from-play: error: {args.play} has no two speeches, one behind the other: a speech is 'NAME:' on a line, "
              "and what is said on the lines below", file=sys.stderr)
        return 1
    with open(args.output + ".tmp", "w", encoding="utf-8") as file:
        file.writelines(f"{context}\t{answer}\n" for context, answer in pairs)
    os.replace(args.output + ".tmp", args.output)
    print(f"{len(pairs)} pairs")
    return 0


if __name__ == "__main__":
    sys.exit(main())
