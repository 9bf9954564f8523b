/**
 * Kerchunk's templates: text with `{{expressions}}` of names, literals, integer arithmetic and calls of
 * other templates. A small parser; nothing is ever evaluated as code. Source: kerchunk `spec.rst`,
 * fsspec `ReferenceFileSystem` (which renders them with Jinja).
 */

import { IndexError } from "../../src/errors.ts";

/** An integer, a quotient (which Jinja writes with `.0`), or text. */
export type TemplateValue = bigint | number | string;

/** What the names of an expression stand for. */
export interface TemplateScope {
  /** The value of a name; undefined if there is none. */
  value(name: string): TemplateValue | undefined;
  /** Expressions that may yet be evaluated; it counts down. */
  readonly budget: { left: number };
  /** The callable template of that name, rendered with `args`; undefined if there is none. */
  call(name: string, args: ReadonlyMap<string, TemplateValue>): string | undefined;
}

type Expression =
  | { kind: "literal"; value: TemplateValue }
  | { kind: "name"; name: string }
  | { kind: "call"; name: string; args: Array<[string, Expression]> }
  | { kind: "negate"; of: Expression }
  | { kind: "operate"; operator: string; left: Expression; right: Expression };

/** A parsed template. */
export interface Template {
  /**
   * The text with each expression replaced by its value.
   *
   * @throws IndexError for unknown names, inexact division, figures beyond 64 bits, over-long text
   */
  render(scope: TemplateScope): string;
}

const MAX_RENDERED_CHARACTERS = 65_536;
const MAX_TEMPLATE_CHARACTERS = 65_536;
/** Expressions that one text may evaluate, those of the templates that it calls included. */
export const MAX_EXPRESSIONS = 10_000;
const MAX_DEPTH = 64;
const LIMIT = 2n ** 64n;

/**
 * Parses a template.
 *
 * @throws IndexError for anything but names, literals, `+ - * / // %`, parentheses and calls
 */
export function parseTemplate(text: string): Template {
  if (text.length > MAX_TEMPLATE_CHARACTERS) {
    throw tooLarge(`A template of ${text.length} characters`, MAX_TEMPLATE_CHARACTERS);
  }
  const parts: Array<string | Expression> = [];
  let end = 0;
  for (let open = text.indexOf("{{"); open >= 0; open = text.indexOf("{{", end)) {
    if (open > end) parts.push(text.slice(end, open));
    const parser = new ExpressionParser(text, open + 2);
    parts.push(parser.whole());
    end = parser.at;
  }
  if (end < text.length) parts.push(text.slice(end));
  if (/\{%|\{#/.test(parts.filter((part) => typeof part === "string").join("\0"))) {
    throw fault(text, "statements and comments are not supported");
  }
  return {
    render(scope) {
      let rendered = "";
      for (const part of parts) {
        rendered += typeof part === "string" ? part : toText(evaluate(part, scope, text));
        if (rendered.length > MAX_RENDERED_CHARACTERS) throw fault(text, "its text is too long");
      }
      return rendered;
    },
  };
}

/** A value as Python prints it. */
function toText(value: TemplateValue): string {
  return typeof value === "number" ? `${value}.0` : String(value);
}

/** Recursive descent over one `{{…}}`. */
class ExpressionParser {
  #depth = 0;

  constructor(readonly text: string, public at: number) {}

  /** The expression up to and with its `}}`. */
  whole(): Expression {
    const expression = this.#sum();
    if (this.#token() !== "}") throw this.#unexpected();
    this.at += 1;
    if (this.text[this.at] !== "}") throw this.#unexpected();
    this.at += 1;
    return expression;
  }

  #sum(): Expression {
    let left = this.#product();
    for (let operator = this.#token(); /^[+-]$/.test(operator); operator = this.#token()) {
      this.at += 1;
      left = { kind: "operate", operator, left, right: this.#product() };
    }
    return left;
  }

  #product(): Expression {
    let left = this.#unary();
    for (
      let operator = this.#token();
      /^(?:\*|\/|\/\/|%)$/.test(operator);
      operator = this.#token()
    ) {
      this.at += operator.length;
      left = { kind: "operate", operator, left, right: this.#unary() };
    }
    return left;
  }

  #unary(): Expression {
    const token = this.#token();
    if (token !== "-" && token !== "+") return this.#primary();
    this.at += 1;
    if (++this.#depth > MAX_DEPTH) throw fault(this.text, "it is nested too deeply");
    const of = this.#unary();
    this.#depth--;
    return token === "-" ? { kind: "negate", of } : of;
  }

  #primary(): Expression {
    const token = this.#token();
    if (token === "(") {
      if (++this.#depth > MAX_DEPTH) throw fault(this.text, "it is nested too deeply");
      this.at += 1;
      const inner = this.#sum();
      if (this.#token() !== ")") throw this.#unexpected();
      this.at += 1;
      this.#depth--;
      return inner;
    }
    if (/^\d/.test(token)) {
      this.at += token.length;
      return { kind: "literal", value: bounded(BigInt(token), this.text) };
    }
    if (token[0] === "'" || token[0] === '"') {
      this.at += token.length;
      return { kind: "literal", value: token.slice(1, -1) };
    }
    if (/^[A-Za-z_]/.test(token)) {
      this.at += token.length;
      return this.#token() === "(" ? this.#call(token) : { kind: "name", name: token };
    }
    throw this.#unexpected();
  }

  #call(name: string): Expression {
    if (++this.#depth > MAX_DEPTH) throw fault(this.text, "it is nested too deeply");
    const args: Array<[string, Expression]> = [];
    this.at += 1;
    while (this.#token() !== ")") {
      const key = this.#token();
      if (!/^[A-Za-z_]/.test(key)) throw this.#unexpected();
      this.at += key.length;
      if (this.#token() !== "=") throw this.#unexpected();
      this.at += 1;
      args.push([key, this.#sum()]);
      if (this.#token() === ",") this.at += 1;
      else if (this.#token() !== ")") throw this.#unexpected();
    }
    this.at += 1;
    this.#depth--;
    return { kind: "call", name, args };
  }

  /** The token at {@link at}, behind white space; not consumed. */
  #token(): string {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
    const token = /(?:\d{1,20}(?![\w.])|[A-Za-z_]\w*|'[^'\\]*'|"[^"\\]*"|\/\/|[-+*/%(),=}])/y;
    token.lastIndex = this.at;
    const found = token.exec(this.text)?.[0];
    if (found === undefined) throw this.#unexpected();
    return found;
  }

  #unexpected(): IndexError {
    return fault(this.text, `"${this.text.slice(this.at, this.at + 12)}" is not understood`);
  }
}

function evaluate(expression: Expression, scope: TemplateScope, text: string): TemplateValue {
  if (--scope.budget.left < 0) throw tooLarge("A template's expressions", MAX_EXPRESSIONS);
  switch (expression.kind) {
    case "literal":
      return expression.value;
    case "name": {
      const value = scope.value(expression.name);
      if (value === undefined) throw fault(text, `there is no template "${expression.name}"`);
      return value;
    }
    case "call": {
      const args = new Map(
        expression.args.map(([name, arg]) => [name, evaluate(arg, scope, text)]),
      );
      const rendered = scope.call(expression.name, args);
      if (rendered === undefined) {
        throw fault(text, `there is no callable template "${expression.name}"`);
      }
      return rendered;
    }
    case "negate":
      return -integer(evaluate(expression.of, scope, text), text);
    case "operate": {
      const left = integer(evaluate(expression.left, scope, text), text);
      const right = integer(evaluate(expression.right, scope, text), text);
      return operate(expression.operator, left, right, text);
    }
  }
}

function operate(operator: string, left: bigint, right: bigint, text: string): TemplateValue {
  if (operator === "+") return bounded(left + right, text);
  if (operator === "-") return bounded(left - right, text);
  if (operator === "*") return bounded(left * right, text);
  if (right === 0n) throw fault(text, "it divides by zero");
  // Python's remainder has the divisor's sign, and its quotient rounds down
  const remainder = ((left % right) + right) % right;
  if (operator === "%") return remainder;
  if (operator === "//") return (left - remainder) / right;
  if (remainder !== 0n) throw fault(text, "a division leaves a remainder");
  const quotient = Number(left / right);
  if (!Number.isSafeInteger(quotient)) throw fault(text, "a figure is too large");
  return quotient;
}

function integer(value: TemplateValue, text: string): bigint {
  if (typeof value === "string") throw fault(text, "it calculates with text");
  return BigInt(value);
}

function bounded(value: bigint, text: string): bigint {
  if (value >= LIMIT || value <= -LIMIT) throw fault(text, "a figure is too large");
  return value;
}

function tooLarge(what: string, limit: number): IndexError {
  const detail = `${what} are over the limit of ${limit}. Write the URLs out`;
  return new IndexError(detail, { limit }, undefined, "index-too-large");
}

function fault(text: string, why: string): IndexError {
  return new IndexError(`Cannot render a template: ${why}`, { template: text.slice(0, 200) });
}
