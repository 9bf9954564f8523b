/** The XML that object stores answer: elements and their text. Attributes are of no interest. */

import { SaxesParser } from "saxes";

export interface XmlElement {
  /** Without a namespace's prefix. */
  readonly name: string;
  readonly children: readonly XmlElement[];
  /** Entities resolved. */
  readonly text: string;
}

/** Elements within each other; listings have four. */
const MAX_DEPTH = 16;
/** Characters that are parsed before the event loop has its turn: some milliseconds. */
const SLICE = 16_384;

/** The root element of `xml`; undefined for what is no well-formed XML, or is nested too deep. */
export async function parseXml(xml: string): Promise<XmlElement | undefined> {
  const top = element("");
  const open = [top];
  let malformed = false;
  const parser = new SaxesParser();
  parser.on("error", () => {
    malformed = true;
  });
  parser.on("opentag", ({ name }) => {
    const child = element(name.slice(name.indexOf(":") + 1));
    if (open.length > MAX_DEPTH) malformed = true;
    else open.at(-1)!.children.push(child);
    open.push(child);
  });
  parser.on("text", (text) => {
    open.at(-1)!.text += text;
  });
  parser.on("closetag", () => {
    open.pop();
  });
  for (let at = 0; at < xml.length; at += SLICE) {
    parser.write(xml.slice(at, at + SLICE));
    if (malformed) return undefined;
    if (at + SLICE < xml.length) await new Promise((resolve) => setTimeout(resolve, 0));
  }
  parser.close();
  return malformed ? undefined : top.children[0];
}

export function elements(parent: XmlElement | undefined, name: string): XmlElement[] {
  return parent?.children.filter((child) => child.name === name) ?? [];
}

export function elementText(parent: XmlElement | undefined, name: string): string | undefined {
  return elements(parent, name)[0]?.text;
}

function element(name: string): { name: string; children: XmlElement[]; text: string } {
  return { name, children: [], text: "" };
}
