"""Fails for every link of a Markdown page that leads nowhere: check-links.py ROOT

Links within the repository are followed, to the file and to the heading (with GitHub's rules for
anchors); links to the web are not.
"""

import pathlib
import re
import subprocess
import sys
import urllib.parse

FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`+[^`\n]*`+")
INLINE = re.compile(r"!?\[(?:[^\[\]]|\[[^\]]*\])*\]\(<?([^()\s>]*(?:\([^()\s]*\))?)>?(?:\s+\"[^\"]*\")?\)")
DEFINITION = re.compile(r"^\[[^\]]+\]:\s*(\S+)", re.MULTILINE)
ATTRIBUTE = re.compile(r"<(?:a|img)\b[^>]*?(?:href|src)=\"([^\"]*)\"")
HEADING = re.compile(r"^#{1,6} +(.*?)(?: +#+)?$", re.MULTILINE)
ANCHOR = re.compile(r"<a\b[^>]*?(?:id|name)=\"([^\"]*)\"")


def list_pages(root):
    git = ["git", "-c", "safe.directory=*", "-C", root, "ls-files", "-z", "-co", "--exclude-standard", "*.md"]
    names = subprocess.run(git, check=True, capture_output=True, text=True).stdout.split("\0")
    return [root / name for name in names if name and (root / name).exists()]


def list_anchors(text):
    anchors, seen = set(ANCHOR.findall(text)), {}
    for heading in HEADING.findall(FENCE.sub("", text)):
        heading = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        anchors.add(f"{slug}-{count}" if count else slug)
    return anchors


def find_links(text):
    prose = CODE.sub(lambda code: "`" * len(code[0]), FENCE.sub("", text))
    for pattern in (INLINE, DEFINITION, ATTRIBUTE):
        yield from pattern.findall(prose)


def explain(root, page, link):
    """None for a good link, else what is wrong with it."""
    if re.match(r"[a-z][a-z0-9+.-]*:", link):
        return None if link.startswith(("https://", "mailto:")) else "neither https nor a file"
    path, _, anchor = urllib.parse.unquote(link).partition("#")
    target = (page.parent / path).resolve() if path else page
    if root not in target.parents and target != root:
        return "leaves the repository"
    if not target.exists():
        return "there is no such file"
    if anchor and target.suffix == ".md" and anchor not in list_anchors(target.read_text()):
        return "there is no such heading"
    return None


def main():
    root = pathlib.Path(sys.argv[1]).resolve()
    pages, links, dead = list_pages(root), 0, 0
    for page in pages:
        for link in find_links(page.read_text()):
            links += 1
            reason = explain(root, page, link)
            if reason:
                dead += 1
                print(f"{page.relative_to(root)}: {link}: {reason}")
    print(f"{len(pages)} pages, {links} links, {dead} dead")
    return 1 if dead or not links else 0


if __name__ == "__main__":
    sys.exit(main())
