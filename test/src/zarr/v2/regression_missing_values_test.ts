/** Wrong masks and data types that random arrays found: each fails without its fix. */

import assert from "node:assert/strict";
import { missingValuesFromV2 } from "../../../../src/zarr/v2/missing_values.ts";

Deno.test("a _FillValue of null is none: by NaN xarray would decode scaled floats to another dtype", () => {
  for (const name of ["_FillValue", "missing_value"]) {
    const { _FillValue } = missingValuesFromV2(
      { add_offset: -5, [name]: null },
      undefined,
      "float32",
    );
    assert.equal(_FillValue, undefined, name);
  }
  const { _FillValue } = missingValuesFromV2({ _FillValue: "NaN" }, undefined, "float32");
  assert.equal(_FillValue, "AAAAAAAA+H8=");
});
