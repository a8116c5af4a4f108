"""Costs without a clock."""

import gc
import sys


def steps(run):
    """Count the lines of Python that a call runs."""
    count = 0

    def trace(_frame, event, _argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    # What earlier tests have left would be finalized, and counted, in the middle of the call.
    gc.disable()
    sys.settrace(trace)
    try:
        run()
    finally:
        sys.settrace(before)
        gc.enable()
    return count


class Text(str):
    """A text that counts the characters that its methods read, and those of its parts."""

    __slots__ = ()
    read = 0

    def __getitem__(self, place):
        part = Text(super().__getitem__(place))
        Text.read += len(part)
        return part


def _counted(name):
    method = getattr(str, name)

    def read(self, *arguments):
        # A search is bounded by its second and third argument.
        bounds = slice(*(*arguments[1:3], None, None)[:2]) if "find" in name else slice(None)
        Text.read += len(range(len(self))[bounds])
        found = method(self, *arguments)
        if isinstance(found, str):
            return Text(found)
        return type(found)(map(Text, found)) if isinstance(found, (list, tuple)) else found

    return read


for _name in (
    *("find", "rfind", "index", "rindex", "count", "startswith", "endswith", "isdigit", "isascii"),
    *("split", "rsplit", "partition", "rpartition", "strip", "lstrip", "rstrip", "splitlines"),
    *("lower", "upper", "replace", "translate", "encode", "__contains__", "__iter__", "casefold"),
):
    setattr(Text, _name, _counted(_name))


def characters(run, text):
    """Count the characters of a text that are read where `run` is called with it."""
    Text.read = 0
    run(Text(text))
    return Text.read
