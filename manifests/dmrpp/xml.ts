/** XML of any length, element by element, in short turns: nothing of it is kept. */

import { type SaxesAttributeNS, SaxesParser } from "saxes";
import { IndexError } from "../../src/errors.ts";
import { overLimit } from "../node_tree.ts";
import { Turn } from "../slices.ts";

/** An element's start. */
export interface XmlStart {
  /** Without a namespace's prefix. */
  readonly name: string;
  /** The namespace's URI. */
  readonly uri: string;
  /** By their names without prefixes. */
  readonly attributes: ReadonlyMap<string, string>;
}

/** What takes an element. */
export interface ElementReader {
  /** Takes an element directly within this one; undefined: it is passed over, with all that is in it. */
  child?(start: XmlStart): ElementReader | undefined;
  /** Its end. @param text what stands behind the last tag within it */
  end?(text: string): void;
}

/** Elements within each other. */
const MAX_DEPTH = 256;
/** Characters that are parsed at a time. */
const SLICE = 16_384;
/** Bytes in which an XML declaration tells the encoding. */
const DECLARATION_BYTES = 256;

/**
 * Reads a document.
 *
 * @param maxText characters that may stand between two tags
 * @throws IndexError for what is no well-formed XML, and what `document` throws
 */
export async function readXml(
  content: AsyncIterable<Uint8Array>,
  maxText: number,
  document: ElementReader,
): Promise<void> {
  const open: Array<ElementReader | undefined> = [document];
  let [fault, text, sinceTag] = ["", "", 0];
  const parser = new SaxesParser({ xmlns: true });
  parser.on("error", ({ message }) => {
    fault ||= message;
  });
  parser.on("opentag", ({ local, uri, attributes }) => {
    if (open.length > MAX_DEPTH) throw overLimit("Elements within each other", MAX_DEPTH);
    [text, sinceTag] = ["", 0];
    const above = open.at(-1);
    if (!above?.child) return void open.push(undefined);
    const own = Object.values(attributes as Record<string, SaxesAttributeNS>)
      .filter(({ prefix, name }) => prefix !== "xmlns" && name !== "xmlns");
    open.push(
      above.child({
        name: local,
        uri,
        attributes: new Map(own.map(({ local, value }) => [local, repaired(value)])),
      }),
    );
  });
  parser.on("text", (part) => void (text += part));
  parser.on("cdata", (part) => void (text += part));
  parser.on("closetag", () => {
    open.pop()?.end?.(repaired(text));
    [text, sinceTag] = ["", 0];
  });
  const turn = new Turn();
  for await (const part of decoded(content)) {
    if (turn.isOver) await turn.pass();
    sinceTag += part.length;
    parser.write(part);
    if (fault) break;
    if (sinceTag > maxText) throw overLimit("The text of an element", maxText);
  }
  if (!fault) parser.close();
  if (fault) throw new IndexError(`The index is no well-formed XML: ${fault.split("\n")[0]}`);
}

async function* decoded(content: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let head = new Uint8Array(0);
  let decode: ((part: Uint8Array) => string) | undefined;
  const slices = function* (part: Uint8Array) {
    for (let at = 0; at < part.length; at += SLICE) {
      yield decode!(part.subarray(at, at + SLICE));
    }
  };
  for await (const part of content) {
    if (decode) {
      yield* slices(part);
      continue;
    }
    const both = new Uint8Array(head.length + part.length);
    both.set(head);
    both.set(part, head.length);
    head = both;
    if (head.length < DECLARATION_BYTES) continue;
    decode = decoderOf(head);
    yield* slices(head);
  }
  if (decode) return;
  decode = decoderOf(head);
  yield* slices(head);
}

function decoderOf(head: Uint8Array): (part: Uint8Array) => string {
  const start = String.fromCharCode(...head.subarray(0, DECLARATION_BYTES));
  const name = /^(?:\xef\xbb\xbf)?<\?xml[^>]*encoding\s*=\s*["']([\w.-]+)["']/i.exec(start)?.[1] ??
    "utf-8";
  if (/^(?:iso-8859-1|latin-?1|us-ascii)$/i.test(name)) {
    return (part) => String.fromCharCode(...part);
  }
  if (!/^utf-?8$/i.test(name)) throw new IndexError(`The index is XML in ${name}, not in UTF-8`);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return (part) => {
    try {
      return decoder.decode(part, { stream: true });
    } catch (cause) {
      throw new IndexError("The index is not UTF-8 text", {}, cause);
    }
  };
}

/** Servers declare ISO-8859-1, and copy what the data file has, which is UTF-8. */
function repaired(text: string): string {
  // deno-lint-ignore no-control-regex -- all that are no ASCII
  if (!/[^\x00-\x7f]/.test(text) || /[^\x00-\xff]/.test(text)) return text;
  try {
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    return text;
  }
}
