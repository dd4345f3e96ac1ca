"""Facts of a request as the log keeps them: what rules can read, but no texts of content. `recalled.py` next door reads
them again, `unknown.py` says what they leave open.

`record` runs once for each request, after its answer, and is measured by `tests/bench/test_replay_speed.py`.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from app.common.headers import is_credential
from app.common.sanitizer import has_secret
from app.rules import content
from app.rules.context import Facts
from app.rules.members import split_members
from app.rules.outlines import OUTLINES, plain_messages
from app.rules.recalled import NOTHING, Recorded

VALUE_LENGTH: Final = 128
"""Bytes of a header's value, or of a member of the body in JSON, that are kept whole."""
NAME_LENGTH: Final = 64
OUTLINE_BYTES: Final = 8 * 1024
"""Lists of messages and of tools up to this size are decoded for their outline."""
MOST_BYTES: Final = 2048
"""Of the headers, and as much again of the body."""
MOST_CUT: Final = 32
"""Names of what is left out; when there are more, all of its kind counts as left out."""

Told = tuple[bytes, tuple[str, ...]]
"""Headers in JSON, and the paths of those that were cut."""

LEFT_OUT: Final = frozenset(
    b"accept accept-encoding connection content-length content-type host traceparent tracestate".split()
)
"""Headers on every request that say nothing of where it should go. Those of `LEFT_OUT_PREFIX` are the same."""
LEFT_OUT_PREFIX: Final = b"x-stainless-"
NEVER_KEPT: Final = ("last_user_text", "system_text")

_TELLING: Final = tuple(
    b"token secret password auth session cookie signature credential api-key apikey".split()
)
_SPECIAL: Final = frozenset(
    (
        *("model", "messages", "input", "prompt", "system", "instructions", "suffix", "prediction"),
        *("tools", "functions"),
    )
)
"""The model, which has a column, and members that hold texts: kept as an outline or not at all, however short."""

_KNOWN: Final = 2048
"""Headers remembered with what becomes of them: most come again and again."""
_KNOWN_TEXTS: Final = 512
"""Sets of headers, bodies as they are recorded, and whole records that are remembered too."""
_KNOWN_BYTES: Final = 1024
"""Of one of them; of a record what it was made of, and as much again of itself."""
_START: Final = 24
"""Bytes of the messages by which they are found in their body."""
_MESSAGES_NEXT: Final = (b'"messages":', b'"messages": ')
_encode: Final = msgspec.json.Encoder().encode
_unseen: Final = b"?"
_passed_over: Final[set[bytes]] = set()
_pieces: Final[dict[tuple[bytes, bytes], bytes | None]] = {}
_header_texts: Final[dict[tuple[tuple[bytes, bytes], ...], Told]] = {}
_harmless: Final[set[bytes]] = set()
_records: Final[dict[tuple[Told, str, bytes, bytes, bytes], bytes]] = {}
_names: Final[dict[str, bytes]] = {}


def record(facts: Facts, told: Told | None = None) -> bytes:
    """The facts as JSON. No value in it is one that `sanitizer.redact` would change. Never raises.

    Of bodies with plain messages only the messages are new as a rule, and those only in their texts. So what comes
    before and after them is looked up together with their outline.

    :param told: what `tell_headers` made of the same headers, where it is known.
    """
    if told is None:
        told = tell_headers(facts)
    split = split_members(facts.raw_body) if facts.members is None else facts.members
    raw = split.get("messages")
    plain = None
    if raw is not None and len(raw) <= OUTLINE_BYTES:
        plain = plain_messages(raw)
        text, whole = bytes(raw), facts.raw_body
        at = whole.find(text[:_START])  # `partition` prepares for looking for all of it
        if plain is not None and facts.input_tokens is None and whole.startswith(text, at):
            before, after = whole[:at], whole[at + len(text) :]
            key = (told, facts.endpoint, plain, before, after)
            found = _records.get(key)
            if found is None:
                found = _record(facts, told, split, plain)
                if _is_reusable(before, after, plain, found):
                    if len(_records) >= _KNOWN_TEXTS:
                        _records.clear()
                    _records[key] = found
            return found
    return _record(facts, told, split, plain)


def _is_reusable(before: bytes, after: bytes, plain: bytes, found: bytes) -> bool:
    """Whether a record is right for all bodies with plain messages of this outline between `before` and `after`.

    They must stand where a value does: the same is read before and after whatever value stands there. A quote without
    a backslash in front of it begins or ends a string, so that what ends like a name and its colon is just that.
    """
    return (
        len(before) + len(after) + len(plain) <= _KNOWN_BYTES
        and len(found) <= _KNOWN_BYTES
        and before.endswith(_MESSAGES_NEXT)
        and b"\\" not in before
    )


def _record(facts: Facts, told: Told, split: Mapping[str, Raw], plain: bytes | None) -> bytes:
    """:param plain: the outline of messages that are all plain text."""
    headers, cut = told
    body = _body(facts, split, [*cut], plain)
    if body not in _harmless and not _may_stay(body):
        body = _body(facts, split, [*cut], plain, is_careful=True)
        if not _is_harmless(body):  # what harms lies across members
            return _encode(Recorded(facts.endpoint, cut=NOTHING))
    return b'{"endpoint":%b,"headers":{%b},%b}' % (_name(facts.endpoint)[:-1], headers, body)


def _is_harmless(text: bytes) -> bool:
    return not has_secret(text) and b"\0" not in text


def _name(text: str) -> bytes:
    """A name in JSON, and its colon."""
    found = _names.get(text)
    if found is None:
        found = _encode(text) + b":"
        if len(_names) < _KNOWN and len(text) <= NAME_LENGTH:
            _names[text] = found
    return found


def _may_stay(body: bytes) -> bool:
    """Whether a body as it is recorded is fit to be stored. Of those that are, some are remembered."""
    if len(body) > MOST_BYTES or not _is_harmless(body):
        return False
    if len(body) <= _KNOWN_BYTES:
        if len(_harmless) >= _KNOWN_TEXTS:
            _harmless.clear()
        _harmless.add(body)
    return True


def tell_headers(facts: Facts) -> Told:
    """What is recorded of the headers. Whatever the content-length, it is the same."""
    lines = tuple([line for line in facts.header_lines if line[0] not in _passed_over])
    known = _header_texts.get(lines)
    if known is not None:
        return known
    if len({name for name, _ in lines}) < len(lines):
        told = _tell(line for line in facts.headers.items() if line[0] not in _passed_over)
    else:
        told = _tell(lines)
    if sum(len(name) + len(value) for name, value in lines) <= _KNOWN_BYTES:
        if len(_header_texts) >= _KNOWN_TEXTS:
            _header_texts.clear()
        _header_texts[lines] = told
    return told


def _tell(lines: Iterable[tuple[bytes, bytes]]) -> Told:
    kept: list[bytes] = []
    cut: list[str] = []
    size = 0
    for pair in lines:
        piece = _pieces.get(pair, _unseen)
        if piece is _unseen:
            if is_passed_over(pair[0]):
                continue
            piece = _header(*pair)
        if piece is not None:
            size += len(piece)
            if size <= MOST_BYTES:
                kept.append(piece)
                continue
        _cut(cut, "headers", pair[0].decode("latin-1"))
    return b",".join(kept), tuple(cut)


def is_passed_over(name: bytes) -> bool:
    """Whether a header of this name, in lower case, is none of the facts."""
    if not (is_credential(name) or name in LEFT_OUT or name.startswith(LEFT_OUT_PREFIX)):
        return False
    if len(_passed_over) < _KNOWN and len(name) <= NAME_LENGTH:
        _passed_over.add(name)
    return True


def _header(name: bytes, value: bytes) -> bytes | None:
    """A header in JSON; None where it can't be stored."""
    piece: bytes | None = None
    short = len(name) <= NAME_LENGTH and len(value) <= VALUE_LENGTH
    if short and not any(word in name.replace(b"_", b"-") for word in _TELLING):
        try:
            piece = _encode(name.decode()) + b":" + _encode(value.decode())
        except UnicodeDecodeError:
            piece = None
        if piece is not None and not _is_harmless(piece):
            piece = None
    if len(_pieces) >= _KNOWN:
        _pieces.clear()
    if short:
        _pieces[name, value] = piece
    return piece


def _cut(cut: list[str], kind: str, name: str) -> None:
    """Note that a header or member is left out."""
    if (
        len(cut) < MOST_CUT
        and len(name) <= NAME_LENGTH
        and name.isascii()
        and name.isprintable()
        and not has_secret(name.encode())
    ):
        cut.append(f"{kind}.{name}")
    elif kind not in cut:
        cut.append(kind)


def _body(
    facts: Facts, split: Mapping[str, Raw], cut: list[str], plain: bytes | None, *, is_careful: bool = False
) -> bytes:
    """Members in JSON, and what `Recorded` has besides.

    :param plain: the outline of messages that are all plain text.
    :param is_careful: leave out members that may not be stored, and what is too much; there seem to be some.
    """
    kept: list[bytes] = []
    outlined: list[str] = []
    size = 0
    for name, raw in split.items():
        found: Any = None  # bytes, or `Raw`, which is none of them, whatever its annotation says
        if name in _SPECIAL:
            if name == "model":
                continue
            if name == "messages" and plain is not None:
                found = plain
            elif name in OUTLINES and len(raw) <= OUTLINE_BYTES:
                found = OUTLINES[name](_member(facts)(name))
        elif len(raw) <= VALUE_LENGTH:
            found = raw
        if found is not None:
            piece = (_names.get(name) or _name(name)) + found
            if is_careful:
                size += len(piece)
            if not is_careful or (size <= MOST_BYTES and _is_harmless(piece)):
                kept.append(piece)
                if found is not raw:
                    outlined.append(name)
                continue
        _cut(cut, "body", name)
    text = b'"body":{%b}' % b",".join(kept)
    if outlined:
        text += b',"outlined":["%b"]' % '","'.join(outlined).encode()
    text += _derived(facts, split, outlined, cut, plain is not None)
    if cut:
        text += b',"cut":' + _encode(cut)
    return text


def _member(facts: Facts) -> Callable[[str], Any]:
    """`facts.body.get`, not called here: the compiler takes a call for one of `dict`'s own, which decodes nothing."""
    return facts.body.get


def _derived(
    facts: Facts, split: Mapping[str, Raw], outlined: list[str], cut: list[str], is_plain: bool
) -> bytes:
    """What the body as it is stored does not tell, where it can be known without decoding a large one.

    :param is_plain: the member `messages` is a list of plain texts.
    """
    found = b""
    listed = content.MESSAGES.get(facts.endpoint, "")
    if listed in split:
        small = len(split[listed]) <= OUTLINE_BYTES
        if listed not in outlined:
            count = facts.message_count if small else _filled(facts, "message_count")
            if type(count) is int:
                found = b',"message_count":%d' % count
            elif not small:
                cut.append("message_count")
        images: bool | None = False
        if is_plain and listed == "messages":
            pass
        else:
            images = _shows(facts, split[listed]) if small else _filled(facts, "has_images")
        if images is None:
            cut.append("has_images")
        else:
            found += b',"has_images":true' if images else b',"has_images":false'
    if "tools" in split or "functions" in split:
        found += b',"has_tools":true' if _has_tools(facts, split) else b',"has_tools":false'
    if facts.input_tokens is not None:
        found += b',"input_tokens":%d' % facts.input_tokens
    return found


def _shows(facts: Facts, messages: Raw) -> bool:
    """Whether there are images; surely not where no type of a part can have the word in it."""
    text = bytes(messages)
    return (b"image" in text or b"\\u00" in text) and facts.has_images


def _has_tools(facts: Facts, split: Mapping[str, Raw]) -> bool:
    """Of long lists it is only seen that they are some."""
    for name in ("tools", "functions"):
        raw = split.get(name)
        if raw is not None:
            if len(raw) > OUTLINE_BYTES:
                if memoryview(raw)[0] == ord("["):
                    return True
            elif isinstance(found := _member(facts)(name), list) and found:
                return True
    return False


def _filled(facts: Facts, name: str) -> Any:
    """A lazy fact that a rule has asked for; None where none has."""
    try:
        return object.__getattribute__(facts, name)
    except AttributeError:
        return None
