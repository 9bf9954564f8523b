/** The `gen` of a kerchunk reference set: references written as loops. Source: kerchunk `spec.rst`. */

import { IndexError } from "../../src/errors.ts";
import { isObject, type Json, type JsonObject, toNumber } from "../../src/json.ts";
import { parseTemplate, type Template, type TemplateValue } from "./template.ts";
import type { TemplateSet } from "./template_set.ts";

/** One generated reference. Without `offset` and `length` it is the whole file. */
export interface GeneratedReference {
  /** What the reference is listed under, e.g. `temp/0.1`. */
  readonly key: string;
  /** The text of its URL, with all templates filled in. */
  readonly url: string;
  /** Bytes. */
  readonly offset?: number;
  /** Bytes. */
  readonly length?: number;
}

/** References that all entries of one `gen` may make together. */
export const MAX_GENERATED = 1_000_000;

/** UTF-16 units of a generated key or URL at most. */
const MAX_TEXT = 8192;

interface Dimension {
  readonly name: string;
  readonly size: number;
  at(index: number): TemplateValue;
}

/**
 * Expands every entry: the Cartesian product of its dimensions, the last one fastest.
 *
 * @throws IndexError for malformed entries, and before anything is made where the entries ask for more
 * than {@link MAX_GENERATED} references
 */
export function* generateReferences(
  gen: Json | undefined,
  templates: TemplateSet,
): Generator<GeneratedReference> {
  if (gen === undefined || gen === null) return;
  if (!Array.isArray(gen)) throw new IndexError('"gen" is not a JSON array');
  const entries = gen.map((entry: Json, i) => parseEntry(entry, i));
  const total = entries.reduce((sum, { count }) => sum + count, 0);
  if (total > MAX_GENERATED) {
    throw new IndexError(
      `"gen" asks for ${total} references; at most ${MAX_GENERATED} are made. ` +
        "Write them out as kerchunk Parquet",
      { limit: MAX_GENERATED },
      undefined,
      "index-too-large",
    );
  }
  for (const entry of entries) yield* expand(entry, templates);
}

interface Entry {
  readonly dimensions: readonly Dimension[];
  readonly count: number;
  readonly key: Template;
  readonly url: Template;
  readonly offset?: Template;
  readonly length?: Template;
}

function* expand(entry: Entry, templates: TemplateSet): Generator<GeneratedReference> {
  const { dimensions, key, url, offset, length } = entry;
  const index = dimensions.map(() => 0);
  const variables = new Map<string, TemplateValue>();
  for (let made = 0; made < entry.count; made++) {
    const scope = templates.scope(variables);
    dimensions.forEach(({ name, at }, i) => variables.set(name, at(index[i])));
    const [rendered, renderedUrl] = [key.render(scope), url.render(scope)];
    if (Math.max(rendered.length, renderedUrl.length) > MAX_TEXT) {
      throw new IndexError(
        `"gen" makes a key or a URL of more than ${MAX_TEXT} characters`,
        { key: rendered.slice(0, 200) },
        undefined,
        "index-too-large",
      );
    }
    yield {
      key: rendered,
      url: renderedUrl,
      offset: offset && figure(offset.render(scope), rendered),
      length: length && figure(length.render(scope), rendered),
    };
    for (let i = index.length - 1; i >= 0 && ++index[i] === dimensions[i].size; i--) index[i] = 0;
  }
}

function parseEntry(entry: Json, position: number): Entry {
  const where = `"gen" entry ${position}`;
  if (!isObject(entry)) throw new IndexError(`${where} is not a JSON object`);
  if (!isObject(entry.dimensions)) throw new IndexError(`${where} has no "dimensions"`);
  const dimensions = Object.entries(entry.dimensions).map(([name, value]) =>
    parseDimension(name, value, where)
  );
  if ((entry.offset === undefined) !== (entry.length === undefined)) {
    throw new IndexError(`${where} has only one of "offset" and "length"`);
  }
  return {
    dimensions,
    count: dimensions.reduce((product, { size }) => product * size, 1),
    key: template(entry, "key", where),
    url: template(entry, "url", where),
    ...entry.offset !== undefined && {
      offset: template(entry, "offset", where),
      length: template(entry, "length", where),
    },
  };
}

function template(entry: JsonObject, member: string, where: string): Template {
  const text = entry[member];
  if (typeof text === "string") return parseTemplate(text);
  const number = member === "offset" || member === "length" ? toNumber(text) : undefined;
  if (number === undefined) throw new IndexError(`${where} has no "${member}"`);
  return parseTemplate(String(number));
}

function parseDimension(name: string, value: Json, where: string): Dimension {
  if (Array.isArray(value)) {
    const items = value.map((item: Json) => {
      if (typeof item === "string") return item;
      const number = toNumber(item);
      if (number === undefined || !Number.isSafeInteger(number)) {
        throw new IndexError(
          `${where}: dimension "${name}" holds what is neither text nor integer`,
        );
      }
      return BigInt(number);
    });
    return { name, size: items.length, at: (i) => items[i] };
  }
  if (!isObject(value)) throw new IndexError(`${where}: dimension "${name}" is not a range`);
  const [start, stop, step] = [value.start ?? 0, value.stop, value.step ?? 1].map(toNumber);
  if (
    start === undefined || stop === undefined || step === undefined || step === 0 ||
    ![start, stop, step].every(Number.isSafeInteger)
  ) {
    throw new IndexError(`${where}: dimension "${name}" has no integer start, stop and step`);
  }
  return {
    name,
    size: Math.max(0, Math.ceil((stop - start) / step)),
    at: (i) => BigInt(start) + BigInt(i) * BigInt(step),
  };
}

/** Bytes from a rendered template. */
function figure(text: string, key: string): number {
  const value = /^\s*\d{1,16}(?:\.0)?\s*$/.test(text) ? Number(text) : NaN;
  if (Number.isSafeInteger(value)) return value;
  throw new IndexError(`"gen" makes "${text.slice(0, 40)}" where a figure of bytes belongs`, {
    key,
  });
}
