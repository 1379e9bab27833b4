"""Compares the grammar of docs/language.md with hashc's parser: check-grammar.py PAGE.md HASHC COPIES SPEC...

Reads the page's EBNF, recognises each SPEC with it, and COPIES of them that were damaged at
random (always in the same way); `hashc --emit=ast` must agree about every one of them.
"""

import concurrent.futures
import os
import pathlib
import random
import re
import subprocess
import sys
import tempfile

sys.setrecursionlimit(100000)
KEYWORDS = "param fn router model train let return for in if else true false".split()
WORDS = re.compile(
    r"(?P<blank>[ \t\r]+|//[^\n]*)|(?P<line>\n)|(?P<name>[A-Za-z_]\w*)"
    r"|(?P<number>0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)"
    r"|(?P<string>\"[^\"\n\\]*\")|(?P<mark>\.\.|==|!=|<=|>=|&&|\|\||[(){}\[\],:;=<>+\-*/%!.])", re.ASCII)
PERCENT = re.compile(r"%(?=[ \t\r]*(?:[,)\]};\n]|//|$))")


class BadWord(Exception):
    pass


def cut(text):
    """[(kind, word, first of its line, stands inside parentheses of its block)] and an end."""
    words, at, first, open_marks = [], 0, True, []
    while at < len(text):
        match = WORDS.match(text, at)
        if not match:
            raise BadWord(text[at])
        kind, word, at = match.lastgroup, match[0], match.end()
        if kind in ("blank", "line"):
            first |= kind == "line"
            continue
        if kind == "name" and len(word) > 128:
            raise BadWord(word)
        if kind == "number":
            if re.match(r"\w", text[at:at + 1]):
                raise BadWord(word)
            percent = PERCENT.match(text, at)
            at = percent.end() if percent else at
        words.append((kind, word, first, bool(open_marks) and open_marks[-1] != "{"))
        if kind == "mark" and word in "([{":
            open_marks.append(word)
        elif kind == "mark" and word in ")]}" and open_marks:
            open_marks.pop()
        first = False
    return words + [("end", "", True, False)]


def read_grammar(page):
    text = re.search(r"^```ebnf\n(.*?)^```", page, re.MULTILINE | re.DOTALL)[1]
    tokens = re.findall(r'"[^"]*"|\w+|[=|{}\[\]();]', text)
    rules, at = {}, 0

    def alternatives():
        nonlocal at
        choices = [[]]
        while tokens[at] not in (";", ")", "]", "}"):
            token = tokens[at]
            at += 1
            if token == "|":
                choices.append([])
            elif token in ("(", "[", "{"):
                choices[-1].append(({"(": "group", "[": "option", "{": "repeat"}[token], alternatives()))
                at += 1
            else:
                choices[-1].append(("word", token[1:-1]) if token[0] == '"' else ("name", token))
        return choices

    while at < len(tokens):
        name = tokens[at]
        assert tokens[at + 1] == "=", tokens[at:at + 5]
        at += 2
        rules[name] = alternatives()
        at += 1
    return rules


class Recogniser:
    """All places where something that begins at a place can end; every choice is followed."""

    def __init__(self, rules, words):
        self.rules, self.words, self.known = rules, words, {}

    def accepts(self):
        return len(self.words) - 1 in self.rule("spec", 0)

    def rule(self, name, at):
        if (name, at) not in self.known:
            self.known[name, at] = self.choices(self.rules[name], at)
        return self.known[name, at]

    def choices(self, choices, at):
        return frozenset().union(*(self.sequence(sequence, at) for sequence in choices))

    def sequence(self, sequence, at):
        ends = {at}
        for item in sequence:
            ends = frozenset().union(*(self.item(item, end) for end in ends))
        return ends

    def item(self, item, at):
        kind, what = item
        if kind == "word":
            return {at + 1} if self.words[at][0] != "string" and self.words[at][1] == what else set()
        if kind == "group":
            return self.choices(what, at)
        if kind == "option":
            return self.choices(what, at) | {at}
        if kind == "repeat":
            ends, fresh = {at}, {at}
            while fresh:
                fresh = frozenset().union(*(self.choices(what, end) for end in fresh)) - ends
                ends |= fresh
            return ends
        return self.rule(what, at) if what in self.rules else self.terminal(what, at)

    def terminal(self, name, at):
        kind, word, first, inside = self.words[at]
        follows = {
            "NAME": kind == "name" and word not in KEYWORDS,
            "KEYWORD": word in KEYWORDS,
            "INTEGER": kind == "number",
            "NUMBER": kind == "number",
            "STRING": kind == "string",
            "CALL": word == "(" and (inside or not first),
        }
        if name in follows:
            return {at + 1} if follows[name] else set()
        here = {"NEWLINE": first, "END": first or word in ("}", ";")}
        return {at} if here[name] else set()


def by_grammar(rules, text):
    try:
        return Recogniser(rules, cut(text)).accepts()
    except BadWord:
        return False


def by_hashc(hashc, path):
    done = subprocess.run([hashc, path, "--emit=ast"], capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"hashc ended with {done.returncode}: {done.stderr}")
    # What the words say and how deep they nest is not the grammar's.
    beyond = "nested too deeply" in done.stderr or "does not fit" in done.stderr or "can hold" in done.stderr
    return None if beyond else done.returncode == 0


def damage(chance, text):
    """Removes, doubles, moves or replaces a few words."""
    parts = [part for part in re.split(r"(\s+|\w+|\"[^\"\n]*\"|.)", text) if part]
    for _ in range(chance.randint(1, 2)):
        at, kind = chance.randrange(len(parts)), chance.randrange(4)
        other = chance.choice(parts)
        if kind == 0:
            parts[at] = ""
        elif kind == 1:
            parts.insert(at, other)
        elif kind == 2:
            parts[at] = other
        else:
            parts[at] += chance.choice([";", "\n", ",", "(", ")", "{", "}", " if x { 1 }", ".y", "%", " = 1", "[1]", " -1", ":"])
    return "".join(parts)


def main():
    page, hashc, copies, *paths = sys.argv[1:]
    rules = read_grammar(pathlib.Path(page).read_text())
    texts = [(path, data) for path in paths for data in [pathlib.Path(path).read_bytes()]]
    texts = [(path, data.decode()) for path, data in texts if b"\0" not in data]
    chance = random.Random(1)
    whole = [text for path, text in texts if "/errors/" not in path]
    texts += [("a damaged copy", damage(chance, chance.choice(whole))) for _ in range(int(copies))]
    counts = {True: 0, False: 0}
    with tempfile.TemporaryDirectory() as folder, concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        files = [pathlib.Path(folder, f"{i}.hash") for i in range(len(texts))]
        for file, (_, text) in zip(files, texts):
            file.write_text(text)
        verdicts = list(pool.map(lambda file: by_hashc(hashc, str(file)), files))
    wrong = 0
    for (path, text), verdict in zip(texts, verdicts):
        if verdict is None:
            continue
        counts[verdict] += 1
        if by_grammar(rules, text) != verdict:
            wrong += 1
            print(f"{path}: hashc {'accepts' if verdict else 'rejects'} it, the grammar does not:\n{text}\n")
    print(f"{counts[True]} specs accepted, {counts[False]} rejected, {wrong} disagreements")
    return 1 if wrong or not all(counts.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
