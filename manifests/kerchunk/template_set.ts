/** The `templates` of a kerchunk reference set. */

import { IndexError } from "../../src/errors.ts";
import { isObject, type Json } from "../../src/json.ts";
import {
  MAX_EXPRESSIONS,
  parseTemplate,
  type Template,
  type TemplateScope,
  type TemplateValue,
} from "./template.ts";

/** Named texts, and named templates that are called with arguments. */
export class TemplateSet {
  readonly #texts = new Map<string, string>();
  readonly #callables = new Map<string, Template>();

  /**
   * Parses every template.
   *
   * @param templates the member `templates`: name → text.
   * @throws IndexError
   */
  constructor(templates: Json | undefined) {
    if (templates === undefined || templates === null) return;
    if (!isObject(templates)) throw new IndexError('"templates" is not a JSON object');
    for (const [name, text] of Object.entries(templates)) {
      if (typeof text !== "string") throw new IndexError(`The template "${name}" is not text`);
      if (text.includes("{{")) this.#callables.set(name, parseTemplate(text));
      else this.#texts.set(name, text);
    }
  }

  /** True if there is nothing that a text could refer to. */
  get isEmpty(): boolean {
    return this.#texts.size + this.#callables.size === 0;
  }

  /** The text with its templates filled in. @throws IndexError */
  render(text: string): string {
    return parseTemplate(text).render(this.scope());
  }

  /** The names of this set and of `variables`, which come first. */
  scope(variables?: ReadonlyMap<string, TemplateValue>): TemplateScope {
    const budget = { left: MAX_EXPRESSIONS };
    return {
      budget,
      value: (name) => variables?.get(name) ?? this.#texts.get(name),
      // Only the arguments are seen inside: a callable cannot call another, so nothing recurses.
      call: (name, args) =>
        this.#callables.get(name)?.render({
          budget,
          value: (arg) => args.get(arg),
          call: () => undefined,
        }),
    };
  }
}
