/** The generated parts of docs/faults.md. */

const DOCUMENT = new URL("../../docs/faults.md", import.meta.url);

/** What stands between the marks of `part`; undefined if there are none. */
export function documentPart(part: string): string | undefined {
  return bounds(Deno.readTextFileSync(DOCUMENT), part)?.content;
}

/** Puts `content` between the marks of `part`. */
export function writeDocumentPart(part: string, content: string): void {
  const text = Deno.readTextFileSync(DOCUMENT);
  const found = bounds(text, part);
  if (!found) throw new Error(`docs/faults.md has no marks of "${part}"`);
  Deno.writeTextFileSync(DOCUMENT, text.slice(0, found.from) + content + text.slice(found.to));
}

function bounds(text: string, part: string) {
  const start = `<!-- generated: ${part} -->\n\n<!-- deno-fmt-ignore-start -->\n\n`;
  const from = text.indexOf(start) + start.length;
  const to = text.indexOf(`\n\n<!-- deno-fmt-ignore-end -->\n\n<!-- end: ${part} -->`, from);
  if (from < start.length || to < 0) return undefined;
  return { from, to, content: text.slice(from, to) };
}
