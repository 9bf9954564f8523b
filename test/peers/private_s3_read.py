"""Reads the arrays of private_s3_write.py through a gateway with zarr-python, in the peers' root:

    python3 private_s3_read.py FOLDER URL [FAILING…]

Arrays named in FAILING (`all` for the dataset itself) must raise an error; the others must hold what
was written. Prints a line for each that does not, and exits non-zero then.
"""

import sys

import numpy as np
import zarr

folder, url, *failing = sys.argv[1:]
problems = []


def fails(what, read):
    try:
        read()
        problems.append(f"{what}: read without an error")
    except KeyError as error:
        problems.append(f"{what}: taken for absent: {error!r}")
    except Exception as error:  # of whatever class: the client did not get numbers
        print(f"{what}: {type(error).__name__}")


if "all" in failing:
    fails(url, lambda: zarr.open_group(url, mode="r"))
else:
    group = zarr.open_group(url, mode="r")
    for name in ["plain", "deflated", "steps"]:
        if name in failing:
            fails(name, lambda: group[name][:])
        elif not np.array_equal(group[name][:], np.load(f"{folder}/{name}.npy")):
            problems.append(f"{name}: other values than were written")

print("\n".join(problems))
sys.exit(1 if problems else 0)
