/**
 * Reads the codecs of a Zarr v3 array: each found in the registry, its configuration complete, in its
 * place (array → array, array → bytes, bytes → bytes); those that decode to what they were given left
 * out.
 */

import { isObject, type Json } from "../json.ts";
import type { CodecSpec, Elements, Stage } from "./codec.ts";
import { findCodec } from "./registry.ts";

export interface Stages {
  readonly arrayToArray: readonly Stage[];
  /** What writes elements as bytes. */
  readonly arrayToBytes: Stage;
  readonly bytesToBytes: readonly Stage[];
}

/** Sorts the `codecs` of an array of `elements`, or says why they cannot be. Never throws. */
export function readStages(
  codecs: Json | undefined,
  elements: Elements,
): Stages | { readonly reason: string } {
  if (!Array.isArray(codecs)) return { reason: "it declares no codecs" };
  const stages: Stage[] = [];
  for (const item of codecs as readonly Json[]) {
    // The specification allows a codec without configuration to be its bare name.
    const source = (typeof item === "string" ? { name: item } : item) as unknown as CodecSpec;
    if (typeof source?.name !== "string") return { reason: "a codec has no name" };
    const codec = findCodec(source.name);
    if (!codec || codec.undecodable) {
      return { reason: `codec ${source.name} ${codec?.undecodable ?? "is not known here"}` };
    }
    const declared = isObject(source.configuration) ? source.configuration : {};
    const configuration = codec.complete?.(declared, elements) ?? declared;
    const stage: Stage = { codec, configuration, source, elements };
    if (!codec.isIdentity?.(stage)) stages.push(stage);
    elements = { ...elements, ...codec.stored?.(configuration, elements) };
  }
  const split = stages.findIndex(({ codec }) => codec.kind === "array→bytes");
  if (split < 0) return { reason: "no codec turns the array into bytes" };
  const arrayToArray = stages.slice(0, split);
  const bytesToBytes = stages.slice(split + 1);
  const misplaced = arrayToArray.find(({ codec }) => codec.kind !== "array→array") ??
    bytesToBytes.find(({ codec }) => codec.kind !== "bytes→bytes");
  if (misplaced) return { reason: `codec ${misplaced.source.name} is out of order` };
  return { arrayToArray, arrayToBytes: stages[split], bytesToBytes };
}

/** The portable codecs that read what `stages` wrote; undefined if one of them has none. */
export function portableStages(stages: readonly Stage[]): CodecSpec[] | undefined {
  const codecs = stages.map((stage) => stage.codec.portable?.(stage, portableCodecs));
  return codecs.every((codec) => codec !== undefined) ? codecs : undefined;
}

/** The portable form of a whole pipeline. */
function portableCodecs(codecs: Json | undefined, elements: Elements): CodecSpec[] | undefined {
  const stages = readStages(codecs, elements);
  // Not all clients undo two transpositions.
  if ("reason" in stages || stages.arrayToArray.length > 1) return undefined;
  return portableStages([...stages.arrayToArray, stages.arrayToBytes, ...stages.bytesToBytes]);
}
