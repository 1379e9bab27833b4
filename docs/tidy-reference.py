#!/usr/bin/env python3
"""Makes a page of the reference out of what mlir-tblgen writes.

    docs/tidy-reference.py 'TITLE' 'INTRODUCTION' RAW.md PAGE.md [BASE.td]

Gives the page a title, an introduction and a list of its entries with their summaries; moves
headings up so that entries are on the second or third level; leaves out sections without text.
Interfaces that BASE.td gives short names are called by their own, and are links.
"""

import re
import sys


def split_sections(lines):
    """[(level, heading, body lines)], the first one without a heading."""
    sections, fenced = [(0, "", [])], False
    for line in lines:
        fenced ^= line.startswith("```")
        heading = None if fenced else re.match(r"(#+) (.*?):?$", line)
        if heading:
            sections.append((len(heading[1]), heading[2], []))
        elif line != "[TOC]" and not line.startswith("<!--"):
            sections[-1][2].append(line)
    return sections


def has_text(sections, index):
    """True if the section, or one below it, says something."""
    level = sections[index][0]
    if any(sections[index][2]):
        return True
    below = index + 1
    while below < len(sections) and sections[below][0] > level:
        if any(sections[below][2]):
            return True
        below += 1
    return False


def get_summary(lines):
    """mlir-tblgen writes an entry's summary as one line in italics, in front of the rest."""
    first = next(filter(None, lines), "")
    return first.strip("_") if first.startswith("_") and first.endswith("_") else ""


def make_anchor(heading):
    kept = re.sub(r"[^\w\- ]", "", heading.lower())
    return kept.replace(" ", "-")


def name_interfaces(raw, base):
    """`Hash_Tied` is ODS's name; readers know the interface."""
    own = {name: f"[`{name}`](interfaces.md#{name.lower()})" for name in re.findall(r"Hash_(\w+OpInterface)", base)}
    short = dict(re.findall(r"def (\w+)\s*:\s*DeclareOpInterfaceMethods<Hash_(\w+OpInterface)", base))

    def rename(line):
        names = [short.get(name, name) for name in re.findall(r"`([^`]+)`", line[0])]
        return "Interfaces: " + ", ".join(own.get(name, f"`{name}`") for name in dict.fromkeys(names))

    return re.sub(r"^Interfaces: .*$", rename, raw, flags=re.MULTILINE)


def tidy(title, introduction, raw):
    sections = split_sections(raw.splitlines())
    if len(sections) > 1 and sections[1][0] == 1:  # the generator's own title
        sections[0][2].extend(sections.pop(1)[2])
    sections = sections[:1] + [s for i, s in enumerate(sections) if i and has_text(sections, i)]
    up = min(level for level, heading, _ in sections if heading) - 2
    entry_level = next((level for level, _, lines in sections if level and get_summary(lines)), up + 2)
    preamble, body, index = sections[0][2], [], []
    for level, heading, lines in sections[1:]:
        # `hash.map` (::hashc::hash::MapOp) -> `hash.map`
        heading = re.sub(r"(`[^`]+`|\w+) \(.*\)$", r"\1", heading)
        body += ["", "#" * (level - up) + " " + heading, "", *lines]
        if level == entry_level:
            summary = get_summary(lines)
            index.append(f"- [{heading}](#{make_anchor(heading)})" + (f": {summary}" if summary else ""))
    generated = "<!-- Generated from the sources: ninja -C build update-reference -->"
    page = [generated, "", f"# {title}", "", introduction, "", *preamble, "", *index, "", *body]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(page)).strip() + "\n"


def main():
    if len(sys.argv) not in (5, 6):
        print(__doc__, file=sys.stderr)
        return 2
    title, introduction, raw, page, *base = sys.argv[1:]
    with open(raw, encoding="utf-8") as source:
        text = source.read()
    if base:
        with open(base[0], encoding="utf-8") as source:
            text = name_interfaces(text, source.read())
    text = tidy(title, introduction, text)
    with open(page, "w", encoding="utf-8") as target:
        target.write(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
