import assert from "node:assert/strict";
import { zmetadata } from "../../../../src/zarr/v2/documents.ts";

Deno.test("zmetadata() has the documents of every node, as they are written", () => {
  const zarray = '{"zarr_format": 2, "shape": []}';
  const zattrs = '{"b":NaN, "c": 1.0}';
  assert.equal(
    [...zmetadata([
      ["", { ".zgroup": '{"zarr_format":2}' }],
      ["g", { ".zgroup": '{"zarr_format": 2}' }],
      ["g/a", { ".zarray": zarray, ".zattrs": zattrs }],
    ])].join(""),
    '{"zarr_consolidated_format":1,"metadata":{".zgroup":{"zarr_format":2},".zattrs":{},' +
      '"g/.zgroup":{"zarr_format": 2},"g/.zattrs":{},' +
      '"g/a/.zarray":{"zarr_format": 2, "shape": []},"g/a/.zattrs":{"b":NaN, "c": 1.0}}}',
  );
});
