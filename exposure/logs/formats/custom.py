"""The text of nginx's `log_format` or Apache's `LogFormat` -> a layout that reads such lines. Pure.

The text is cut into literals and variables; every variable becomes a pattern that stops where the text goes on. Two patterns
are made of it: a strict one, in which fields end at their delimiter, and a lenient one for lines in which a field holds its own
delimiter (a quote that the server did not escape, a user name with a space). Variables that say nothing of use are skipped.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import polars as pl

from exposure.errors import ExposureError
from exposure.incident import LogSource
from exposure.logs.formats.layouts import (
    CLF,
    CLIENT,
    QUOTED,
    SAID,
    SIZE,
    STATUS,
    cookie,
    cookie_name,
    read_layout,
    zone_of,
)
from exposure.logs.formats.records import LINES, Parsed
from exposure.logs.formats.times import localise, parse_clf, parse_time

_NGINX = re.compile(r"\$(?:\{(\w+)\}|(\w+))")
_APACHE = re.compile(r"%(?:(%)|[<!0-9,]*(>?)[<!0-9,]*(?:\{([^}]*)\})?[<!0-9,]*(\^t[io]|[a-zA-Z]))")
_STRFTIME = re.compile(r"%[-_0^#]?([a-zA-Z%])")
_PASTED_NGINX = re.compile(r"\s*log_format\s+\S+\s+(?:escape=\w+\s+)?")
_PASTED_APACHE = re.compile(r'\s*LogFormat\s+"((?:[^"\\]|\\.)*)"')
_PIECE = re.compile(r"'((?:[^'\\]|\\.)*)'|\"((?:[^\"\\]|\\.)*)\"")
_SPECIAL = re.compile(r"([\\.+*?()|\[\]{}^$#&~-])")

_SAME = {
    "query_string": "args",
    "document_uri": "uri",
    "proxy_add_x_forwarded_for": "http_x_forwarded_for",
}
_DIRECTIVES = {
    "h": "remote_addr", "a": "remote_addr", "u": "remote_user", "r": "request", "m": "request_method", "U": "uri", "q": "query",
    "b": "body_bytes_sent", "B": "body_bytes_sent", "O": "bytes_sent", "v": "server_name", "V": "host",
}  # fmt: skip
_HEADERS = {"i": "http_", "o": "sent_http_", "C": "cookie_", "e": "env_", "n": "note_"}

# Of these the form is known, so that nothing else is taken for them.
_TYPED = {
    "status": f"(?:{STATUS})",
    "status_first": f"(?:{STATUS})",
    "body_bytes_sent": f"(?:{SIZE})",
    "bytes_sent": f"(?:{SIZE})",
    "time_local": CLF,
    "time_iso8601": "[0-9T:+Z.-]{19,35}",
    "msec": r"[0-9]{1,12}\.[0-9]{3}",
    "time_epoch": "[0-9]{1,19}",
    "is_args": r"\??",
    "query": r'(?:\?[^ "]*)?',
}
# Free text: unquoted at the end of a line, it takes what is left.
_FREE = {"request", "request_uri", "uri", "args", "http_user_agent", "http_referer", "http_cookie", "request_body"}
# Of these most values have spaces. Without quotes around them, the line must end where its format does.
_SPACED = {"request", "http_user_agent", "http_cookie", "request_body"}
# Columns that are made of variables, so that none may bear their names.
_OURS = {*LINES, "time", "session", "method", "target"}
# Lists have spaces where no field ends.
_LISTS = re.compile(r"http_x_forwarded_for$|upstream_")
_LIST = r'[^ ,"]*(?:(?:, ?| : )[^ ,"]+)*'
_TAIL = r"(?:[ \t,;|].*)?$"

_DAYS = {"a": "[A-Za-z]+", "A": "[A-Za-z]+", "b": "[A-Za-z]+", "B": "[A-Za-z]+", "h": "[A-Za-z]+", "p": "[APMapm]{2}"}
_NUMBERS = dict.fromkeys("YmdHMSyjICeklu", " ?[0-9]{1,4}")
_STAMPS = {
    "z": "[+-][0-9]{2}:?[0-9]{2}", "T": "[0-9:]{8}", "R": "[0-9:]{5}", "F": "[0-9-]{10}", "D": "[0-9/]{8}", "s": "[0-9]{1,12}",
    "Z": "[A-Za-z]+", "%": "%", **_DAYS, **_NUMBERS,
}  # fmt: skip
# Spelled otherwise by the library that reads them
_CHRONO = {"h": "%b", "k": "%H", "l": "%I"}

_NGINX_TIMES = "$time_local, $time_iso8601 or $msec"


@dataclass(frozen=True, slots=True)
class Variable:
    """A variable of a format by nginx's name; `stamp` is the strftime format of a time."""

    name: str
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Layout:
    """A compiled format: patterns to try in turn, how the time is read, and which fields there are."""

    patterns: tuple[str, str]
    time: Callable[[str | None], pl.Expr]
    names: frozenset[str]
    zoned: bool

    def says(self, column: str) -> bool:
        """Tell whether lines hold what a column of RECORD is made of."""
        return bool(self.names & set(SAID[column]))

    def session(self, asked: str | None) -> pl.Expr | None:
        """Give what says `session` of [[logs]]; None where no field does."""
        variable, name = _session_variable(asked, self.names), cookie_name(asked)
        if variable is None:
            return None
        said = pl.col(_group(variable))
        return cookie(said, name) if name and variable == "http_cookie" else said


def parse_custom(lines: pl.DataFrame, log: LogSource) -> Parsed:
    """Read lines (LINES) in the `log_format` of their [[logs]] entry. No lines give no records."""
    layout = compile_layout(log.log_format or "", log.session)
    return read_layout(lines, layout.patterns, layout.time(zone_of(log)), layout.session(log.session))


@lru_cache(maxsize=64)
def compile_layout(text: str, session: str | None = None) -> Layout:
    """Compile a format once. Raises ExposureError where it can say neither when nor who, or is written as JSON."""
    if re.search(r"\bescape=json\b", text):
        raise _fault(
            "it writes JSON (escape=json)",
            'take log_format out, and write format = "nginx_json": keys are read by their names',
        )
    tokens = _tokens(_without_directive(text))
    names = frozenset(token.name for token in tokens if isinstance(token, Variable))
    stamps = [token for token in tokens if isinstance(token, Variable) and token.stamp]
    times = names & {"time_local", "time_iso8601", "msec", "time_epoch"}
    if not stamps and not times:
        raise _fault("it names no time", f"add {_NGINX_TIMES} (nginx), or %t (Apache), if the lines hold it")
    if not names & set(CLIENT):
        raise _fault("it names no client", "add $remote_addr (nginx), or %h or %a (Apache), if the lines hold it")
    kept = {name for groups in SAID.values() for name in groups} | {"request", "uri", "args", "query"} | times
    kept = (kept - _OURS) | {stamp.name for stamp in stamps} | {_session_variable(session, names) or ""}
    bare = any(_is_bare(token, before) for before, token in zip(["", *tokens], tokens, strict=False))
    patterns = (_pattern(tokens, kept, strict=True, tail="$" if bare else _TAIL), _pattern(tokens, kept, strict=False))
    zoned = bool(times) or any(re.search("%[sz]", stamp.stamp) for stamp in stamps)
    return Layout(patterns, _reader(times, stamps), names, zoned)


def _fault(why: str, fix: str) -> ExposureError:
    return ExposureError("log_format under [[logs]] cannot be used", why, fix)


def _session_variable(session: str | None, names: frozenset[str]) -> str | None:
    """Find the variable that gives `session`: a cookie of its own, the header of all cookies, or a field or header by name."""
    if session is None:
        return None
    name = cookie_name(session)
    bare = session.removeprefix("$")
    asked = [f"cookie_{name}", "http_cookie"] if name else [bare, f"http_{bare.lower().replace('-', '_')}"]
    return next((known for known in asked if known in names), None)


def _without_directive(text: str) -> str:
    """Give the format itself where the whole directive was pasted from the server's configuration."""
    if pasted := _PASTED_APACHE.match(text):
        return pasted[1]
    pasted = _PASTED_NGINX.match(text)
    rest = text[pasted.end() :] if pasted else text
    if pasted or (rest.lstrip().startswith("'") and rest.rstrip().rstrip(";").endswith("'")):
        return "".join(first or second for first, second in _PIECE.findall(rest))
    return text


def _tokens(text: str) -> list[str | Variable]:
    """Cut a format into literals and variables; no two literals follow each other."""
    read = _nginx_tokens if _NGINX.search(text) else _apache_tokens
    tokens: list[str | Variable] = []
    for token in read(text.strip()):
        if isinstance(token, str) and tokens and isinstance(tokens[-1], str):
            tokens[-1] += token
        elif token:
            tokens.append(token)
    return tokens


def _nginx_tokens(text: str) -> Iterator[str | Variable]:
    end = 0
    for match in _NGINX.finditer(text):
        yield _literal(text[end : match.start()])
        name = match[1] or match[2]
        yield Variable(_SAME.get(name, name))
        end = match.end()
    yield _literal(text[end:])


def _apache_tokens(text: str) -> Iterator[str | Variable]:
    end = 0
    for number, match in enumerate(_APACHE.finditer(text)):
        yield _literal(text[end : match.start()])
        percent, last, argument, directive = match.groups()
        yield from ("%",) if percent else _directive(directive, argument, number, last=bool(last))
        end = match.end()
    yield _literal(text[end:])


def _directive(letter: str, argument: str | None, number: int, *, last: bool) -> Iterator[str | Variable]:
    """Read one of Apache's directives."""
    if letter == "t" and argument is None:
        yield from ("[", Variable("time_local"), "]")
    elif letter == "t":
        yield _time(re.sub("^(?:begin|end):", "", argument or ""), number)
    elif letter == "s":
        yield Variable("status" if last else "status_first")
    elif argument and letter in _HEADERS:
        plain = argument if letter == "C" else argument.lower().replace("-", "_")
        yield Variable("request_id" if (letter, argument) == ("e", "UNIQUE_ID") else _HEADERS[letter] + plain)
    elif letter == "a" and argument == "c":
        yield Variable("peer_addr")
    else:
        yield Variable(_DIRECTIVES.get(letter, f"other_{letter}"))


def _time(stamp: str, number: int) -> Variable:
    """Read the argument of %{…}t."""
    if stamp in ("sec", "msec", "usec"):
        return Variable("time_epoch")
    if stamp in ("msec_frac", "usec_frac"):
        return Variable("fraction")
    unknown = [letter for letter in _STRFTIME.findall(stamp) if letter not in _STAMPS]
    if unknown or not stamp:
        raise _fault(f"its time %{{{stamp}}}t cannot be read", "write it of %Y %m %d %b %H %M %S %T %F %z, or use %t")
    return Variable(f"stamp_{number}", stamp)


def _literal(text: str) -> str:
    """Undo what configuration files escape."""
    return re.sub(r"\\([\"'\\tn])", lambda match: {"t": "\t", "n": ""}.get(match[1], match[1]), text)


def _is_bare(token: str | Variable, before: str | Variable) -> bool:
    """Tell a field that has spaces and no quotes around it: nothing but the rest of the line says where it ends."""
    return isinstance(token, Variable) and token.name in _SPACED and not str(before).endswith('"')


def _pattern(tokens: Sequence[str | Variable], kept: set[str], *, strict: bool, tail: str = _TAIL) -> str:
    """Write the pattern of a line; only what is kept is a group, and of a field that is named twice the first."""
    parts = []
    seen: set[str] = set()
    for number, token in enumerate(tokens):
        if isinstance(token, str):
            parts.append(_SPECIAL.sub(r"\\\1", token))
            continue
        before = tokens[number - 1] if number else ""
        after = tokens[number + 1] if number + 1 < len(tokens) else None
        body = _field(token, before, after, strict=strict)
        if token.name in kept and token.name not in seen:
            seen.add(token.name)
            body = f"(?<{_group(token.name)}>{body})"
        parts.append(body)
    return f"(?s)^{''.join(parts)}{tail}"


def _group(name: str) -> str:
    """Name the group of a variable: that of a cookie may hold anything, and our own columns are no variables."""
    plain = re.sub(r"\W", "_", name)
    return f"its_{plain}" if plain in _OURS else plain


def _field(variable: Variable, before: str | Variable, after: str | Variable | None, *, strict: bool) -> str:
    """Write the pattern of one field by what stands around it."""
    name = variable.name
    if variable.stamp:
        return _stamp_pattern(variable.stamp)
    if name in _TYPED:
        return _TYPED[name]
    if name == "fraction":
        return "[0-9]{1,6}"
    if isinstance(after, str) and after[0] == '"' and isinstance(before, str) and before[-1:] == '"':
        return QUOTED[0 if strict else 1]
    if _LISTS.match(name):
        return _LIST if strict else f"(?:{_LIST}|.*?)"
    if after is None:
        return ".*" if name in _FREE else "[^ ]*"
    if isinstance(after, Variable):
        return _before_variable(after.name)
    stop = _SPECIAL.sub(r"\\\1", after[0])
    return f"[^{stop}]*" if strict and not _is_bare(variable, before) else ".*?"


def _before_variable(after: str) -> str:
    """Write the pattern of a field that another follows at once, as in $host$request_uri or $uri$is_args$args."""
    if after in ("uri", "request_uri"):
        return '[^/ "]*'
    return r'[^? "]*' if after in ("is_args", "query") else r"\S*?"


def _stamp_pattern(stamp: str) -> str:
    pieces = _STRFTIME.split(stamp)
    literals, letters = pieces[::2], pieces[1::2]
    spelled = [_STAMPS[letter] for letter in letters]
    return "".join(
        _SPECIAL.sub(r"\\\1", literal) + pattern for literal, pattern in zip(literals, [*spelled, ""], strict=True)
    )


def _reader(times: frozenset[str], stamps: Sequence[Variable]) -> Callable[[str | None], pl.Expr]:
    """Give the way from the fields of time to UTC: whole stamps first, since parts may be of another clock."""

    def read(zone: str | None) -> pl.Expr:
        found = [parse_time(pl.col(name)) for name in ("time_epoch", "msec", "time_iso8601") if name in times]
        if "time_local" in times:
            found.append(parse_clf(pl.col("time_local"), zone))
        if stamps:
            found.append(_parse_stamps(stamps, zone))
        return pl.coalesce(found)

    return read


def _parse_stamps(stamps: Sequence[Variable], zone: str | None) -> pl.Expr:
    """Read the pieces of a time together: `%{%d/%b/%Y:%T}t %{%z}t` is one."""
    text = pl.concat_str([pl.col(stamp.name) for stamp in stamps], separator=" ")
    layout = " ".join(_STRFTIME.sub(lambda match: _CHRONO.get(match[1], match[0]), stamp.stamp) for stamp in stamps)
    if layout == "%s":
        return parse_time(text)
    if "%z" in layout or "%s" in layout:
        return text.str.to_datetime(layout, strict=False, time_zone="UTC", time_unit="us")
    return localise(text.str.to_datetime(layout, strict=False, time_unit="us"), zone)
