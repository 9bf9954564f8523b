#!/usr/bin/env python3
"""Writes the datasets of the client tests, and what they must read as, into an empty folder.

    test/peers/run python3 make_cases.py OUT SAMPLES

Expected values come from the original file or array by the libraries that wrote it. `OUT/cases.json`
names every case, its indexes and its arrays. Seeded: two runs write the same values.
"""

import json
import os
import sys
import warnings

from cases import codecs, hdf5, netcdf, samples, stores, types, unreachable

# zarr-python warns that some data types have no final v3 specification; that is the tests' point.
warnings.filterwarnings("ignore")


def main(out, bundled):
    """Writes all cases into `out`; `bundled` is the project's samples folder."""
    os.makedirs(out, exist_ok=True)
    cases = samples.write(out, bundled)
    for module in (netcdf, hdf5, codecs, types, stores, unreachable):
        cases += module.write(out)
    with open(os.path.join(out, "cases.json"), "w") as file:
        json.dump([case.describe() for case in cases], file, indent=1)
    print("%d cases, %d arrays" % (len(cases), sum(len(case.arrays) for case in cases)))


if __name__ == "__main__":
    main(*sys.argv[1:3])
