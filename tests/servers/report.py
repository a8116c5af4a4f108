"""Collects what the suite finds, one row per cell of the grid, and writes it into docs/servers.md."""

import re

from tests import stack

PAGE = stack.ROOT / "docs" / "servers.md"
MERGED = {"Application servers"}  # the listeners of a server
CHANNELS = "Channels"
BARE = "Attacks on the bare stack"
_STACK = ("server", "listener", "proxy")


class Row:
    """One row of a table; `position` is its place among the rows, `cells` all but the result."""

    def __init__(self, position, cells):
        self.position = position
        self.cells = cells
        self.answer = "own address"
        self.refused = set()
        self.notes = set()

    def refuse(self, refused):
        """Remember forms that were refused: status or None by the form's name.

        A proxy says 502 where the server closed the connection.
        """
        self.refused |= {(None if s == 502 else s, name) for name, s in refused.items()}

    def note(self, sentence):
        """Add what the reader of the row should know."""
        self.notes.add(sentence)

    def result(self):
        """Return the last cell: every form that is not named had the sender's own address."""
        by_status = {}
        for status, name in sorted(self.refused, key=str):
            by_status.setdefault(status, []).append(name)
        found = [
            f"{'closed' if status is None else status} for {', '.join(names)}"
            for status, names in by_status.items()
        ]
        return "; ".join([self.answer, *found, *sorted(self.notes)])


class Report:
    """The tables of the page, by the heading under which they stand."""

    def __init__(self):
        self.rows = {}
        self.channels = {}

    def channel(self, name, server, listener, proxy):
        """Return the cell of a stack in a column of the channels; its `answer` and `notes` count.

        A module of tests has a column of its own. A run that reports a column replaces all of it,
        and leaves the others as they are on the page.
        """
        column = self.channels.setdefault(name, {})
        return column.setdefault((server, listener, proxy), Row(len(column), ()))

    def row(self, heading, position, *cells):
        """Return the row of a table, made if it is new; a cell of the grid is several tests."""
        return self.rows.setdefault((heading, cells), Row(position, cells))

    def table(self, heading):
        """Return the rows of a heading's table as Markdown, without its head.

        Rows of `MERGED` that differ in their last cell before the result alone are one row.
        """
        rows = [row for (found, _), row in self.rows.items() if found == heading]
        rows.sort(key=lambda row: row.position)
        merged = {}
        for row in rows:
            *cells, last = row.cells
            place = 0 if heading in MERGED else row.position
            merged.setdefault((place, *cells, row.result()), []).append(last)
        return "".join(
            f"| {' | '.join([*cells, ', '.join(lasts), result])} |\n"
            for (_, *cells, result), lasts in merged.items()
        )

    def written_into(self, page):
        """Return a page with the tables of this run in place of the ones it has."""
        if self.channels:
            page = self._channels_written_into(page)
        headings = {heading for heading, _ in self.rows}
        for heading in headings:
            pattern = (
                rf"(^## {re.escape(heading)}\n(?:(?!^## )[^|].*\n|\n)*\|.*\n\|---.*\n)(?:\|.*\n)*"
            )
            page, count = re.subn(
                pattern,
                lambda found, name=heading: found[1] + self.table(name),
                page,
                flags=re.MULTILINE,
            )
            if count != 1:
                raise ValueError(f"{PAGE} has {count} tables under {heading!r}: expected one.")
        return page

    def _channels_written_into(self, page):
        before, heading, rest = page.partition(f"\n## {CHANNELS}\n")
        if not heading:
            raise ValueError(f"{PAGE} has no heading {CHANNELS!r}.")
        lines = rest.partition("\n## ")[0].splitlines(keepends=True)
        table = "".join(line for line in lines if line.startswith("|"))
        columns = columns_of(table) | {
            name: {key: cell.result() for key, cell in cells.items()}
            for name, cells in self.channels.items()
        }
        return before + heading + rest.replace(table, table_of(columns), 1)


def columns_of(table):
    """Return the columns of a table of channels: each has the text of a cell by its stack."""
    head, _, *rows = (
        [cell.strip() for cell in line[1:-1].split("|")] for line in table.split("\n")[:-1]
    )
    columns = {name: {} for name in head[len(_STACK) :]}
    for server, listener, proxies, *cells in rows:
        for proxy in proxies.split(", "):
            for name, cell in zip(columns, cells, strict=True):
                if cell:
                    columns[name][server, listener, proxy] = cell
    return columns


def table_of(columns):
    """Return the table of channels in which proxies with the same answers share a row."""
    names = sorted(columns)
    rows = {}
    stacks = {key for cells in columns.values() for key in cells}
    for server, listener, proxy in sorted(stacks, key=lambda key: [text.lower() for text in key]):
        cells = tuple(columns[name].get((server, listener, proxy), "") for name in names)
        rows.setdefault((server, listener, cells), []).append(proxy)
    head = [*_STACK, *names]
    lines = [head, ["---"] * len(head)]
    lines += [
        [server, listener, ", ".join(found), *cells]
        for (server, listener, cells), found in rows.items()
    ]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def without_versions(page):
    """Return a page whose version numbers, which are those of a day, are left out."""
    return re.sub(r"\b\d+\.\d+(\.\d+)*[\w.~+-]*", "", page)
