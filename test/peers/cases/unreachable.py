"""References that lead nowhere: a client must hear of it, and never read the fill instead."""

import numpy as np

from .case import Case
from .codecs import V2

FAULTS = {
    "no_file": ["lost.bin", 0, 60],
    "beyond_the_end": ["data.bin", 10_000_000, 60],
    "over_the_end": ["data.bin", 0, 10_000_000],
    "outside": ["file:///etc/hostname", 0, 4],
    "not_zlib": ["data.bin", 0, 11],
}


def write(out):
    """One array a fault and tier: its first chunk is good, its second is not."""
    v2 = V2(Case(out, "unreachable"))
    values = np.arange(60, dtype="<i2").reshape(6, 10)
    for tier, compressor in (("pass", None), ("frame", {"id": "zlib", "level": 1}), ("transcode", {"id": "bz2", "level": 1})):
        for fault, reference in FAULTS.items():
            if fault == "not_zlib" and tier != "transcode":
                continue  # bytes that the gateway does not look into: the client's own decoder refuses them
            name = "%s_%s" % (tier, fault)
            v2.add(name, values, (3, 10), compressor=compressor, fill=7, dims=["row", "column"])
            v2.case.arrays.pop()
            v2.refs[name + "/1.0"] = list(reference)
            v2.case.faults.append({"path": name, "good": [0, 3], "bad": [3, 6], "values": values[:3].tolist()})
    for axis, length in zip(("row", "column"), values.shape):
        v2.add(axis, np.arange(length) * 0.5, (length,), dims=[axis])
    return [v2.close()]
