import assert from "node:assert/strict";
import { generateReferences, MAX_GENERATED } from "../../../manifests/kerchunk/generator.ts";
import { parseTemplate } from "../../../manifests/kerchunk/template.ts";
import { TemplateSet } from "../../../manifests/kerchunk/template_set.ts";
import { IndexError } from "../../../src/errors.ts";
import type { Json } from "../../../src/json.ts";

function render(text: string, variables: Record<string, bigint | string> = {}): string {
  return parseTemplate(text).render({
    budget: { left: 1000 },
    value: (name) => variables[name],
    call: (name, args) =>
      name === "join" ? [...args].map(([k, v]) => `${k}=${v}`).join("&") : undefined,
  });
}

Deno.test("expressions are calculated as Python does", () => {
  const cases: Array<[template: string, text: string]> = [
    ["plain", "plain"],
    ["{single} }} text", "{single} }} text"],
    ["{{ 1 + 2 * 3 }}", "7"],
    ["{{(1+2)*3}}", "9"],
    ["{{ 7 // 2 }},{{ -7 // 2 }},{{ 7 // -2 }}", "3,-4,-4"],
    ["{{ 7 % 3 }},{{ -7 % 3 }},{{ 7 % -3 }}", "1,2,-2"],
    ["{{ 8 / 2 }}", "4.0"],
    ["{{ (8 / 2) // 1 }}", "4"],
    ["{{ 10 - 3 - 2 }}", "5"],
    ["{{ 2 * -3 }}", "-6"],
    ["{{ --5 }}", "5"],
    ["{{ 9007199254740993 * 3 }}", "27021597764222979"],
    ["{{i}}_{{ i * 1000 }}", "3_3000"],
    ["{{'te}}xt'}}", "te}}xt"],
    ['{{ "a" }}{{ name }}', "aworld"],
    ["{{join(a='x', b=i + 1)}}", "a=x&b=4"],
    ["{{ join() }}", ""],
  ];
  for (const [template, text] of cases) {
    assert.equal(render(template, { i: 3n, name: "world" }), text, template);
  }
});

Deno.test("nothing but names, literals, arithmetic and calls is understood", () => {
  const cases = [
    "{{",
    "{{}}",
    "{{ 1",
    "{{ 1 }",
    "{{ 1 + }}",
    "{{ (1 }}",
    "{{ 1) }}",
    "{{ 1 2 }}",
    "{{ a b }}",
    "{{ missing }}",
    "{{ missing() }}",
    "{{ join(1) }}",
    "{{ join(a=1 }}",
    "{{ join(a=) }}",
    "{{ i.real }}",
    "{{ i[0] }}",
    "{{ i | abs }}",
    "{{ i ** 2 }}",
    "{{ i ~ i }}",
    "{{ i == 3 }}",
    "{{ name + 1 }}",
    "{{ -name }}",
    "{{ 1 // 0 }}",
    "{{ 1 % 0 }}",
    "{{ 1 / 2 }}",
    "{{ 1.5 }}",
    "{{ 1e3 }}",
    "{{ ''.__class__.__mro__ }}",
    "{{ self.__init__.__globals__ }}",
    "{{ import('os') }}",
    "{{ 99999999999999999999 }}",
    "{{ 9999999999 * 9999999999 }}",
    "{{ 'un\\'quoted' }}",
    "{% if 1 %}x{% endif %}",
    `{{ ${"(".repeat(10_000)}1${")".repeat(10_000)} }}`,
    `{{ ${"-".repeat(10_000)}1 }}`,
    `${"{{name}}".repeat(20_000)}`,
  ];
  for (const template of cases) {
    assert.throws(
      () => render(template, { i: 3n, name: "world" }),
      IndexError,
      template.slice(0, 60),
    );
  }
});

Deno.test("a callable template sees its arguments and nothing else", () => {
  const set = new TemplateSet({
    u: "text",
    f: "{{a}}-{{b * 2}}",
    loop: "{{loop(a=1)}}",
    sees: "{{u}}",
  });
  assert.equal(set.render("{{u}} {{f(a='x', b=4)}}"), "text x-8");
  for (const text of ["{{f(a='x')}}", "{{loop(a=1)}}", "{{sees()}}", "{{f}}", "{{u()}}"]) {
    assert.throws(() => set.render(text), IndexError, text);
  }
  assert.throws(() => new TemplateSet([]), IndexError);
  assert.throws(() => new TemplateSet({ a: 5 }), IndexError);
});

Deno.test("gen makes the product of its dimensions, the last fastest", () => {
  const made = [...generateReferences([
    {
      key: "a/{{i}}.{{j}}",
      url: "s3://b/{{i}}{{name}}",
      offset: "{{ j * 10 }}",
      length: 7,
      dimensions: { i: { start: 4, stop: 0, step: -2 }, j: { stop: 2 }, name: ["x"] },
    },
    { key: "b", url: "u", dimensions: {} },
    { key: "c", url: "u", dimensions: { i: { stop: 0 } } },
  ], new TemplateSet(undefined))];
  assert.deepEqual(made, [
    { key: "a/4.0", url: "s3://b/4x", offset: 0, length: 7 },
    { key: "a/4.1", url: "s3://b/4x", offset: 10, length: 7 },
    { key: "a/2.0", url: "s3://b/2x", offset: 0, length: 7 },
    { key: "a/2.1", url: "s3://b/2x", offset: 10, length: 7 },
    { key: "b", url: "u", offset: undefined, length: undefined },
  ]);
});

Deno.test("a malformed or endless gen is refused", () => {
  const entry = { key: "k{{i}}", url: "u", dimensions: { i: { stop: 1 } } };
  const cases: Json[] = [
    {},
    [5],
    [{ ...entry, dimensions: [] }],
    [{ key: "k", url: "u" }],
    [{ ...entry, offset: "1" }],
    [{ ...entry, length: "1" }],
    [{ ...entry, key: 5 }],
    [{ ...entry, dimensions: { i: 5 } }],
    [{ ...entry, dimensions: { i: { stop: 5, step: 0 } } }],
    [{ ...entry, dimensions: { i: { start: 0 } } }],
    [{ ...entry, dimensions: { i: { stop: 1.5 } } }],
    [{ ...entry, dimensions: { i: [{}] } }],
    [{ ...entry, offset: "-1", length: "1" }],
    [{ ...entry, offset: "x", length: "1" }],
    [{ ...entry, offset: "{{9007199254740993}}", length: "1" }],
    [{ ...entry, url: "{{nope}}" }],
    [{ ...entry, dimensions: { i: { stop: MAX_GENERATED + 1 } } }],
    [{ ...entry, dimensions: { i: { stop: MAX_GENERATED } } }, entry],
    [{ ...entry, dimensions: { i: { stop: 2 ** 52 }, j: { stop: 2 ** 52 } } }],
  ];
  for (const gen of cases) {
    assert.throws(
      () => [...generateReferences(gen, new TemplateSet(undefined))],
      IndexError,
      JSON.stringify(gen),
    );
  }
});

Deno.test("what a template may evaluate has a limit, those that it calls included", () => {
  const many = "{{x}}".repeat(200).replaceAll("x", "1");
  const set = new TemplateSet({ g: many, f: `{{g2(a=1)}}${many}` });
  const text = `{{f0(${Array.from({ length: 400 }, (_, i) => `a${i}=g()`).join(",")})}}`;
  assert.throws(() => set.render(text), { code: "index-too-large", message: /10000/ });
  assert.throws(() => parseTemplate("{{a}}".repeat(20_000)), { code: "index-too-large" });
  assert.equal(set.render("{{g()}}").length, 200);
});

Deno.test("gen makes no text that is longer than a URL", () => {
  const templates = new TemplateSet({ long: "x".repeat(9000) });
  const gen = [{ key: "a/{{i}}", url: "s3://b/{{long}}", dimensions: { i: { stop: 1000 } } }];
  assert.throws(() => [...generateReferences(gen, templates)], { code: "index-too-large" });
});
