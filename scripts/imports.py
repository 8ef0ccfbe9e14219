"""Which file of a tree imports which: the eyes of scripts/directions.

- Rust: every path in `use`, in code and in serde's attributes that leads to another file, followed through re-exports
  to the file that defines the item: `super::X` is an import of the parent where the parent defines X, and of a sibling
  where it only hands X out. `mod child;` is none, and what stands under `#[cfg(test)]` is left out.
- C: `#include "…"`, and the use of a function or variable that another file defines. The descriptor of an nginx module
  is none: it is the key by which every file of the module finds its configuration.
"""

import re
from pathlib import Path

TOKEN = re.compile(
    r"""(?P<blank> \s+ | //[^\n]* | /\*.*?\*/ )
      | (?P<string> [bc]?r(?P<hashes>\#*)".*?"(?P=hashes) | [bc]?"(?:\\.|[^"\\])*" | b?'(?:\\.[^']*|[^'\\])' )
      | (?P<word> \w+ ) | (?P<sign> :: | . )""",
    re.X | re.S,
)
DEFINES = {"fn", "struct", "enum", "union", "trait", "type", "const", "static", "mod", "macro_rules"}


class Module:
    """A Rust module: the file it is written in, what it defines, and which paths it names."""

    def __init__(self, file, folder, parent):
        self.file, self.folder, self.parent = file, folder, parent
        self.children, self.defined, self.aliases, self.globs, self.paths = {}, set(), {}, [], []

    def locate(self, path, inside=False, seen=()):
        """The module whose code a path leads to; None where it leads out of the tree, or to a room and no item."""
        if not path:
            return None if self.children else self
        name, rest = path[0], path[1:]
        if name in ("crate", "self", "super"):
            return {"crate": self.root(), "self": self, "super": self.parent or self}[name].locate(rest, True, seen)
        if name in self.children:
            return self.children[name].locate(rest, True, seen)
        if name in self.defined:
            return self
        if (self, name) in seen:
            return None
        seen += ((self, name),)
        if name in self.aliases:
            return self.locate(self.aliases[name] + rest, False, seen)
        for glob in self.globs:
            room = self.room(glob)
            if room and (found := room.locate(path, False, seen)):
                return found
        return self if inside else None  # of a macro's making, where the path says that it is here

    def room(self, path):
        """The module that a path names, or None."""
        at = self
        for name in path:
            at = {"crate": self.root(), "self": at, "super": at.parent}.get(name) or at.children.get(name)
            if at is None:
                return None
        return at

    def root(self):
        return self.parent.root() if self.parent else self


def rust_imports(src):
    """Files of a crate, tests left out, and its imports."""
    modules = []
    read_rust(src, Path("lib.rs"), Path("."), None, modules)
    imports = {}
    for module in modules:
        for path, line in module.paths:
            found = module.locate(path)
            if found and found.file != module.file:
                imports.setdefault((module.file, found.file), (line, "::".join(path)))
    return sorted({module.file for module in modules}), imports


def read_rust(src, file, folder, parent, modules):
    """Reads a file and those that it declares."""
    text = (src / file).read_text()
    tokens, line = [], 1
    for match in TOKEN.finditer(text):
        if match["string"] and re.fullmatch(r'"crate(::\w+)+"', match["string"]):  # of an attribute: serde's try_from
            tokens += [(word, line) for word in re.findall(r"\w+|::", match["string"])]
        elif match["word"] or match["sign"]:
            tokens.append((match[0], line))
        line += match[0].count("\n")
    module = Module(file.as_posix(), folder, parent)
    modules.append(module)
    read_module(src, module, tokens, modules)
    return module


def read_module(src, module, tokens, modules):
    """Reads what is written between a module's braces."""
    at, depth = 0, 0
    word = lambda n: tokens[n][0] if 0 <= n < len(tokens) else ""
    while at < len(tokens):
        text, line = tokens[at]
        if text == "#" and word(at + 1) == "[":
            end = closing(tokens, at + 1)
            words = [each for each, _ in tokens[at:end]]
            if words[2] == "cfg" and "test" in words and "not" not in words:
                at = item_end(tokens, end)
                continue
        elif text == "pub" and word(at + 1) == "(":
            at = closing(tokens, at + 1)
            continue
        elif text == "use":
            end = next(n for n in range(at, len(tokens)) if word(n) == ";")
            for path, alias in use_tree(tokens[at + 1 : end]):
                if alias == "*":
                    path = path[:-1]
                    module.globs.append(path)
                else:
                    module.aliases[alias] = path
                module.paths.append((path, line))
            at = end
            continue
        elif text in DEFINES and depth == 0:
            name = word(at + 2) if word(at + 1) in ("mut", "!") else word(at + 1)
            if text == "mod" and word(at + 2) == "{":
                end = closing(tokens, at + 2)
                child = Module(module.file, module.folder / name, module)
                module.children[name] = child
                modules.append(child)
                read_module(src, child, tokens[at + 3 : end - 1], modules)
                at = end
                continue
            if text == "mod" and word(at + 2) == ";":
                beside, below = module.folder / f"{name}.rs", module.folder / name / "mod.rs"
                file = beside if (src / beside).exists() else below
                module.children[name] = read_rust(src, file, module.folder / name, module, modules)
            else:
                module.defined.add(name)
        elif word(at + 1) == "::" and re.match(r"\w", text) and word(at - 1) != "::":
            path = [text]
            while word(at + 1) == "::" and re.match(r"\w", word(at + 2)):
                path.append(word(at + 2))
                at += 2
            module.paths.append((path, line))
        depth += {"{": 1, "}": -1}.get(text, 0)
        at += 1


def use_tree(tokens, prefix=()):
    """The paths of a `use`, each with the name that it gets."""
    words, at = list(prefix), 0
    while at < len(tokens):
        text = tokens[at][0]
        if text == "{":
            inner, part, depth = tokens[at + 1 : closing(tokens, at) - 1], [], 0
            for token in inner + [(",", 0)]:
                depth += {"{": 1, "}": -1}.get(token[0], 0)
                if token[0] == "," and depth == 0:
                    if part:
                        yield from use_tree(part, words)
                    part = []
                else:
                    part.append(token)
            return
        if text == "as":
            yield words, tokens[at + 1][0]
            return
        if text != "::" and not (text == "self" and words):
            words.append(text)
        at += 1
    yield words, words[-1]


def closing(tokens, at):
    """The place behind the bracket that closes the one at a place."""
    depth = 0
    for n in range(at, len(tokens)):
        depth += {"(": 1, "[": 1, "{": 1, ")": -1, "]": -1, "}": -1}.get(tokens[n][0], 0)
        if depth == 0:
            return n + 1
    return len(tokens)


def item_end(tokens, at):
    """The place behind the item that begins at a place, with attributes of its own."""
    is_use = False
    while at < len(tokens):
        text = tokens[at][0]
        if text == ";":
            return at + 1
        if text == "{" and not is_use:
            return closing(tokens, at)
        is_use = is_use or text == "use"
        at = closing(tokens, at) if text in "([{" else at + 1
    return at


def c_imports(src):
    """Files of a tree, and its imports: by name, of headers and of what other files define."""
    texts = {}
    for path in sorted([*src.glob("*.c"), *src.glob("*.h")]):
        blank = lambda match: "\n" * match[0].count("\n")
        texts[path.name] = re.sub(r"/\*.*?\*/", blank, path.read_text(), flags=re.S)
    defined = {}
    for file, text in texts.items():
        # A function's name begins its line, below its type; a variable's follows its type.
        definition = r"^(?!static|typedef|extern)(\w[\w *]*)(?:\n(\w+)\(|[ *](\w+)(?:\[\])? = )"
        for match in re.finditer(definition, text, re.M):
            if file.endswith(".c") and not match[1].startswith("ngx_module_t"):
                defined[match[2] or match[3]] = file
    imports = {}
    for file, text in texts.items():
        for number, line in enumerate(text.split("\n"), 1):
            if match := re.match(r'#include "(.*)"', line):
                if match[1] in texts:
                    imports.setdefault((file, match[1]), (number, "the declarations"))
                continue
            if file.endswith(".h"):
                continue
            for name in re.findall(r"\w+", re.sub(r'"(?:\\.|[^"\\])*"', "", line)):
                if defined.get(name, file) != file:
                    imports.setdefault((file, defined[name]), (number, name))
    return sorted(texts), imports
