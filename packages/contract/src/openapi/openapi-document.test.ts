import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import formatsPlugin from "ajv-formats";
import { describe, expect, test } from "vitest";
import { ERROR_CODES } from "../error-codes.ts";
import { openApiDocument } from "./openapi-document.ts";

const document = openApiDocument({ version: "2.0.0", serverUrl: "/orchestrator" });

interface Shown {
  where: string;
  schema: object;
  value: unknown;
}

/** Every example in the document with the schema it stands beside. */
function shownIn(node: unknown, where = ""): Shown[] {
  if (typeof node !== "object" || node === null) return [];
  const { schema, examples } = node as { schema?: object; examples?: Record<string, unknown> };
  const here =
    schema && examples
      ? Object.entries(examples).map(([name, example]) => ({
          where: `${where} ${name}`,
          schema,
          value: (resolve(example) as { value: unknown }).value,
        }))
      : [];
  const inside = Object.entries(node).flatMap(([key, value]) => shownIn(value, `${where}/${key}`));
  return [...here, ...inside];
}

function resolve(node: unknown): unknown {
  const reference = (node as { $ref?: string }).$ref;
  if (reference === undefined) return node;
  let found: unknown = document;
  for (const key of reference.replace("#/", "").split("/")) {
    found = (found as Record<string, unknown>)[key];
  }
  return found;
}

test("it is valid OpenAPI 3.1", async () => {
  const result = await new Validator().validate(structuredClone({ ...document }));
  expect(result.errors ?? []).toEqual([]);
  expect(result.valid).toBe(true);
  expect(document.openapi).toBe("3.1.0");
});

test("every reference leads somewhere", () => {
  const references = JSON.stringify(document).match(/(?<="\$ref":")[^"]+/g) ?? [];
  expect(references.length).toBeGreaterThan(100);
  for (const reference of new Set(references)) {
    expect(resolve({ $ref: reference }), reference).toBeDefined();
  }
});

describe("its examples", () => {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formatsPlugin.default(ajv);
  const shown = shownIn(document.paths);

  test.for(shown.map((one) => [one.where, one] as const))(
    "are of their own schema: %s",
    ([, { schema, value }], { expect: the }) => {
      const isValid = ajv.compile({ ...schema, components: document.components });
      isValid(value);
      the(isValid.errors ?? []).toEqual([]);
    },
  );

  test("show every refusal there is", () => {
    expect(Object.keys(document.components.examples).toSorted()).toEqual(ERROR_CODES.toSorted());
  });
});

test("every operation has a name of its own", () => {
  const names = Object.values(document.paths).flatMap((path) =>
    Object.values(path).map(({ operationId }) => operationId),
  );
  expect(names).toHaveLength(new Set(names).size);
});
