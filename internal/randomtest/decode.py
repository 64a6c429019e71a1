"""Decodes with python3-msgpack what the driver prints, and compares it with the values beside it."""

import json
import struct
import sys

import msgpack


def describe(v):
    """Says in JSON what v is, as describe in driver/sample.go does."""
    if v is None or isinstance(v, bool):
        return v
    if isinstance(v, int):
        return {"int": str(v)}
    if isinstance(v, float):
        return {"float": "nan" if v != v else struct.pack(">d", v).hex()}
    if isinstance(v, str):
        return {"str": v.encode("utf-8", "surrogateescape").hex()}
    if isinstance(v, bytes):
        return {"bin": v.hex()}
    if isinstance(v, msgpack.Timestamp):
        return {"time": [v.seconds, v.nanoseconds]}
    if isinstance(v, list):
        return [describe(x) for x in v]
    if isinstance(v, Pairs):
        return {"map": [[describe(k), describe(x)] for k, x in v.pairs]}
    raise TypeError(type(v))


class Pairs:
    """A map, with its pairs in order: a dict would make one key of 1 and True."""

    def __init__(self, pairs):
        self.pairs = pairs


def ordered(v):
    """Puts the pairs of maps, which have no order in Go, in one."""
    if isinstance(v, list):
        return [ordered(x) for x in v]
    if isinstance(v, dict) and "map" in v:
        return {"map": sorted(([ordered(k), ordered(x)] for k, x in v["map"]), key=json.dumps)}
    return v


count = wrong = 0
for line in sys.stdin:
    sample = json.loads(line)
    got = msgpack.unpackb(
        bytes.fromhex(sample["map"]),
        object_pairs_hook=Pairs,
        strict_map_key=False,
        unicode_errors="surrogateescape",
    )
    count += 1
    if ordered(describe(got)) != ordered(sample["value"]):
        wrong += 1
        print(sample["field"], sample["map"], describe(got), "want", sample["value"])
print("python3-msgpack decoded", count, "maps,", wrong, "of them wrong")
sys.exit(count == 0 or wrong > 0)
