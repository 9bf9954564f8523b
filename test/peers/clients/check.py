"""What the Python clients share: the datasets that are served, what they must read as, one line a check."""

import json
import os
import sys
import warnings

import numpy as np

warnings.filterwarnings("ignore")


class Checks:
    """Prints one line a check; `finish` exits with a status that says whether all held."""

    def __init__(self, client):
        self.client = client
        self.passed = self.failed = 0

    def that(self, name, problem):
        """A check named `name`; `problem` says what is wrong, or is empty."""
        if problem:
            self.failed += 1
        else:
            self.passed += 1
        print("%s - %s%s" % ("FAIL" if problem else "ok", name, ": " + str(problem) if problem else ""), flush=True)

    def attempt(self, name, check):
        """Runs `check`, which returns a problem; what it raises is one too."""
        try:
            problem = check()
        except Exception as error:
            problem = "%s: %s" % (type(error).__name__, str(error).replace("\n", " ")[:500])
        self.that(name, problem)

    def refuses(self, name, read):
        """Checks that `read` raises, rather than return numbers for bytes that cannot be had."""
        try:
            values = read()
        except Exception:
            self.that(name, "")
        else:
            self.that(name, "read %s where it had to fail" % np.asarray(values).ravel()[:4])

    def finish(self):
        """The totals, and the exit."""
        print("%s: %d passed, %d failed" % (self.client, self.passed, self.failed))
        sys.exit(1 if self.failed or not self.passed else 0)


def served(client):
    """
    The served datasets as (id, url, case, folder) and their arrays for `client`, from the command
    line: CASES_FOLDER GATEWAY_URL.
    """
    folder, gateway = sys.argv[1:3]
    with open(os.path.join(folder, "cases.json")) as file:
        cases = {case["name"]: case for case in json.load(file)}
    with open(os.path.join(folder, "served.json")) as file:
        for entry in json.load(file):
            case = dict(cases[entry["case"]])
            case["kind"] = entry["kind"]
            case["arrays"] = [array for array in case["arrays"]
                              if client not in array["skip"] and client in array.get("only", [client])]
            yield entry["id"], gateway + "/" + entry["id"], case, os.path.join(folder, case["name"])


def expected(folder, array):
    """The values that an array must have; strings as an object array."""
    path = os.path.join(folder, array["expected"])
    if path.endswith(".json"):
        with open(path) as file:
            return np.array(json.load(file), object).reshape(array["shape"])
    return np.fromfile(path, array["dtype"]).reshape(array["shape"])


def text(item):
    """A string cell as the expected values have it."""
    return item.decode("latin-1") if isinstance(item, bytes) else "" if item is None else str(item)


def difference(want, got):
    """What differs, bit for bit, the byte order in memory aside; empty if nothing does."""
    got = np.asarray(got)
    if got.shape != want.shape:
        return "shape %s, not %s" % (got.shape, want.shape)
    if want.dtype == object:
        pairs = [(w, text(g)) for w, g in zip(want.ravel().tolist(), got.ravel().tolist())]
        wrong = [pair for pair in pairs if pair[0] != pair[1]]
        return "%d of %d differ, first %r, not %r" % (len(wrong), len(pairs), wrong[0][1], wrong[0][0]) if wrong else ""
    if got.dtype.newbyteorder("<") != want.dtype.newbyteorder("<"):
        return "dtype %s, not %s" % (got.dtype, want.dtype)
    want = np.ascontiguousarray(want, want.dtype.newbyteorder("<"))
    got = np.ascontiguousarray(got, got.dtype.newbyteorder("<"))
    if want.tobytes() == got.tobytes():
        return ""
    size = want.dtype.itemsize
    wrong = np.flatnonzero((np.frombuffer(want.tobytes(), "u1").reshape(-1, size)
                            != np.frombuffer(got.tobytes(), "u1").reshape(-1, size)).any(1))
    first = int(wrong[0])
    where = tuple(int(i) for i in np.unravel_index(first, want.shape))
    return "%d of %d cells differ, first at %s: %r, not %r" % (
        len(wrong), want.size, where, got.ravel()[first], want.ravel()[first])
