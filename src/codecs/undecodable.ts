/** Codecs of numcodecs whose place is known, so that the others of a pipeline keep theirs, and no more. */

import type { Codec, CodecKind } from "./codec.ts";

export const UNDECODABLE: readonly Codec[] = [
  row("pcodec", "array→bytes"),
  row("zfpy", "array→bytes"),
  { ...row("categorize", "array→bytes"), objects: true },
  { ...row("json2", "array→bytes"), objects: true },
  { ...row("msgpack2", "array→bytes"), objects: true },
  { ...row("pickle", "array→bytes"), objects: true },
  { ...row("vlen-array", "array→bytes"), objects: true },
  row("base64", "bytes→bytes"),
  row("jenkins_lookup3", "bytes→bytes", "has a checksum that is not computed here"),
  row("lzma", "bytes→bytes", "needs an LZMA decoder, and none runs here"),
];

function row(id: string, kind: CodecKind, undecodable = "is not known here"): Codec {
  return { name: `numcodecs.${id}`, aliases: [id], kind, undecodable };
}
