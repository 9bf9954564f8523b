import assert from "node:assert/strict";
import {
  type BloscFrame,
  fitsFrame,
  frameCodec,
  framePrefix,
  MAX_FRAME_BYTES,
  storedFrame,
} from "../../../src/codecs/blosc_frame.ts";
import { ChunkError } from "../../../src/errors.ts";

const frame: BloscFrame = { cname: "zlib", shuffle: true, typesize: 4, nbytes: 0x01020304 };

Deno.test("framePrefix() writes the 24 bytes of a Blosc chunk of one block", () => {
  assert.equal(
    framePrefix(frame, 0x00a0b0c0).toHex(),
    "02017104" + "04030201" + "04030201" + "d8b0a000" + "14000000" + "c0b0a000",
  );
});

Deno.test("framePrefix() flags the shuffle and the inner codec", () => {
  const cases: Array<[BloscFrame["cname"], shuffle: boolean, flags: number]> = [
    ["lz4", false, 0x30],
    ["lz4", true, 0x31],
    ["zlib", false, 0x70],
    ["zlib", true, 0x71],
    ["zstd", false, 0x90],
    ["zstd", true, 0x91],
  ];
  for (const [cname, shuffle, flags] of cases) {
    assert.equal(framePrefix({ ...frame, cname, shuffle }, 100)[2], flags);
    assert.deepEqual(frameCodec({ ...frame, cname, shuffle }).configuration, {
      typesize: 4,
      cname,
      clevel: 5,
      shuffle: shuffle ? "shuffle" : "noshuffle",
      blocksize: 0,
    });
  }
});

Deno.test("fitsFrame() refuses what Blosc would misread or not take", () => {
  const cases: Array<[nbytes: number, payloadLength: number, fits: boolean]> = [
    [100, 1, true],
    [100, 99, true],
    [100, 100, false],
    [100, 101, true],
    [100, 0, false],
    [100, -4, false],
    [0, 8, false],
    [MAX_FRAME_BYTES, 8, true],
    [MAX_FRAME_BYTES + 1, 8, false],
    [100, 2 ** 31 - 1 - 24, true],
    [100, 2 ** 31 - 24, false],
  ];
  for (const [nbytes, payloadLength, fits] of cases) {
    assert.equal(
      fitsFrame({ ...frame, nbytes }, payloadLength),
      fits,
      `${payloadLength}/${nbytes}`,
    );
    if (!fits) {
      assert.throws(() => framePrefix({ ...frame, nbytes }, payloadLength), ChunkError);
    }
  }
});

Deno.test("storedFrame() puts 16 bytes in front of raw bytes", () => {
  const stored = storedFrame({ ...frame, nbytes: 4 }, Uint8Array.of(9, 8, 7, 6));
  assert.equal(stored.toHex(), "02016204" + "04000000" + "04000000" + "14000000" + "09080706");
});

Deno.test("storedFrame() refuses raw bytes of another length", () => {
  for (const length of [0, 3, 5]) {
    assert.throws(() => storedFrame({ ...frame, nbytes: 4 }, new Uint8Array(length)), ChunkError);
  }
});
