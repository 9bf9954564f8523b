/** Decoding a large chunk lets others have their turn: turns are counted, not milliseconds. */

import assert from "node:assert/strict";
import * as zlib from "node:zlib";
import { deliver } from "../../../src/chunk/delivery.ts";
import { planArray } from "../../../src/chunk/plan.ts";
import { type Pace, Turns } from "../../../src/codecs/pace.ts";
import { arrayMetadata } from "./vectors.ts";

const MIB = 2 ** 20;
const BYTES = 8 * MIB;

const little = { name: "bytes", configuration: { endian: "little" } };
const big = { name: "bytes", configuration: { endian: "big" } };
const named = (id: string, configuration = {}) => ({ name: `numcodecs.${id}`, configuration });
const RAW = new Uint8Array(Int32Array.from({ length: BYTES / 4 }, (_, i) => i % 977).buffer);
const zeros = new Uint8Array(BYTES);

/** Codecs, elements, and a stored chunk that decodes to 8 MiB. */
const CASES: Array<
  [title: string, codecs: unknown[], dataType: string, shape: number[], Uint8Array]
> = [
  ["delta", [named("delta", { dtype: "<i4" }), little], "int32", [BYTES / 4], RAW],
  ["delta of wide integers", [named("delta", { dtype: "<i8" }), little], "int64", [BYTES / 8], RAW],
  ["delta of big-endian ones", [named("delta", { dtype: ">i4" }), big], "int32", [BYTES / 4], RAW],
  [
    "fixedscaleoffset",
    [named("fixedscaleoffset", { dtype: "<f4", astype: "<i2", scale: 10, offset: 1 }), little],
    "float32",
    [BYTES / 4],
    RAW.subarray(0, BYTES / 2),
  ],
  [
    "astype",
    [named("astype", { encode_dtype: "<i4", decode_dtype: "<f4" }), little],
    "float32",
    [BYTES / 4],
    RAW,
  ],
  ["shuffle", [little, named("shuffle", { elementsize: 4 })], "int32", [BYTES / 4], RAW],
  [
    "transpose",
    [{ name: "transpose", configuration: { order: [1, 2, 0] } }, little],
    "int32",
    [128, 128, 128],
    RAW,
  ],
  [
    "zlib",
    [little, named("zlib"), named("zlib")],
    "int32",
    [BYTES / 4],
    zlib.deflateSync(zlib.deflateSync(RAW)),
  ],
  [
    "zeros in zlib, a thousand bytes for one",
    [little, named("zlib"), named("crc32")],
    "int32",
    [BYTES / 4],
    withSum(zlib.deflateSync(zeros)),
  ],
  [
    "zstd",
    [little, named("shuffle", { elementsize: 4 }), named("zstd"), named("crc32")],
    "int32",
    [BYTES / 4],
    withSum(zlib.zstdCompressSync(RAW)),
  ],
  ...[2, 3].map((predictor): (typeof CASES)[number] => [
    `TIFF's predictor ${predictor}`,
    [little, {
      name: "tiff.predictor",
      configuration: { predictor, width: 512, samples: 1, item_bytes: 4, endian: "little" },
    }],
    "int32",
    [BYTES / 4],
    RAW,
  ]),
  [
    "TIFF's bits",
    [little, { name: "tiff.bits", configuration: { bits: 12, row_items: 512 } }],
    "uint16",
    [BYTES / 2],
    RAW.subarray(0, BYTES / 16 * 12),
  ],
];

function withSum(bytes: Uint8Array): Uint8Array {
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, zlib.crc32(bytes), true);
  return Uint8Array.of(...sum, ...bytes);
}

/** Counts the turns of who always thinks that it is time. */
class Counting implements Pace {
  turns = 0;
  due(): boolean {
    return true;
  }
  turn(): Promise<void> {
    this.turns++;
    return Promise.resolve();
  }
}

Deno.test("decoding a chunk of 8 MiB, and writing it as zstd, takes turns all along", async (t) => {
  for (const [title, codecs, dataType, shape, encoded] of CASES) {
    await t.step(title, async () => {
      const plan = planArray(arrayMetadata(codecs, dataType, shape));
      assert(plan.tier === "transcode");
      const delivery = deliver(plan, encoded.length);
      assert(delivery.kind === "convert");
      const encoding = new Counting();
      await plan.encode.encode(zeros, encoding);
      assert.ok(encoding.turns >= BYTES / MIB, `${encoding.turns} turns of encoding`);
      const both = new Counting();
      const paced = await delivery.convert(encoded, both);
      const decoding = both.turns - encoding.turns;
      // A compressor is fed 16 KiB at a time, and may make a thousand times as much of it.
      const least = title.startsWith("zeros") ? 1 : BYTES / MIB;
      assert.ok(decoding >= least, `${decoding} turns of decoding`);
      assert.deepEqual(paced, await delivery.convert(encoded), "the same bytes at once");
    });
  }
});

Deno.test("those who take turns go on in the order of asking, each in a task of its own", async () => {
  const turns = new Turns();
  const order: string[] = [];
  let tasks = 0;
  const ticking = setInterval(() => tasks++, 0);
  const work = async (name: string) => {
    for (let i = 0; i < 5; i++) {
      await turns.turn();
      order.push(name);
    }
  };
  await Promise.all([work("a"), work("b"), work("c")]);
  clearInterval(ticking);
  assert.equal(order.join(""), "abcabcabcabcabc");
  assert.ok(tasks >= 5, `${tasks} others had their turn`);
});
