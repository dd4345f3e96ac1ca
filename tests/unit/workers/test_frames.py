"""Frames survive any division of the bytes."""

from app.workers.frames import Frame, FrameReader, Kind, State, pack_states, unpack_states

FRAMES = [
    Frame(Kind.GO),
    Frame(Kind.QUESTION, 2, 4_000_000_000, b"\x01revision"),
    Frame(Kind.KEEP, content=bytes(range(256)) * 3),
]


def test_frames_are_found_wherever_the_bytes_are_divided() -> None:
    encoded = b"".join(frame.encode() for frame in FRAMES)
    for size in (1, 2, 3, 7, 50, len(encoded)):
        reader = FrameReader()
        found = [
            frame for at in range(0, len(encoded), size) for frame in reader.feed(encoded[at : at + size])
        ]
        assert found == FRAMES


def test_states_come_back_as_they_were() -> None:
    states = [State(1, True, b"abc"), State(2, False, b""), State(3, True, b"\0" * 1000)]
    assert unpack_states(pack_states(states)) == states
