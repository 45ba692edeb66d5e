"""Makes expected values of golden cases by cantools, which is by others: the same DBC, the same frames, every signal.

Run by hand, with cantools 45.1.0 from PyPI: python3 test/golden/can/make.py test/golden/can/signals. Frames are random but for
the selectors, which are drawn so that every branch of the multiplexing comes; the seed is fixed. Writes frames.json: frames as
candump has them, each with what cantools reads of it (raw value by signal, and text where it has a table), and what cantools
encodes of values.
"""

import json
import random
import sys
from pathlib import Path

import cantools

FRAMES = 40


def selectors(message, data, draw):
    """Sets each selector to a value that one of its signals wants."""
    tree = message.signal_tree
    whole = int.from_bytes(data, "little")
    for node in tree:
        if isinstance(node, dict):
            whole = select(message, node, whole, draw)
    return whole.to_bytes(len(data), "little")


def select(message, node, whole, draw):
    for name, branches in node.items():
        signal = message.get_signal_by_name(name)
        value = draw.choice(list(branches))
        mask = (1 << signal.length) - 1
        whole = (whole & ~(mask << signal.start)) | (value << signal.start)
        for inner in branches[value]:
            if isinstance(inner, dict):
                whole = select(message, inner, whole, draw)
    return whole


def number(value):
    """As text, so that 64 bits survive JSON."""
    return repr(float(value)) if isinstance(value, float) else str(value)


def main(folder):
    draw = random.Random(20260722)
    db = cantools.database.load_file(folder / "bus.dbc", strict=False)
    cases = []
    for message in db.messages:
        for _ in range(FRAMES):
            data = selectors(message, draw.randbytes(message.length), draw)
            raw = message.decode(data, decode_choices=False, scaling=False)
            text = message.decode(data, decode_choices=True, scaling=False)
            again = message.encode(raw, scaling=False, strict=False)
            cases.append(
                {
                    "message": message.name,
                    "frame": f"{message.frame_id:0{8 if message.is_extended_frame else 3}X}#{data.hex().upper()}",
                    "raw": {name: number(value) for name, value in raw.items()},
                    "text": {n: str(v) for n, v in text.items() if not isinstance(v, (int, float))},
                    "encoded": again.hex().upper(),
                }
            )
    (folder / "frames.json").write_text(json.dumps(cases, indent=1) + "\n")


main(Path(sys.argv[1]))
