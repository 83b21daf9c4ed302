import { expect, test } from "vitest";
import { isOperatorPassword } from "./operator-password.ts";

const operator = { user: "operator", password: "s3cret" };
const basic = (text: string) => `Basic ${Buffer.from(text).toString("base64")}`;

test("the operators' user and password are let in", () => {
  expect(isOperatorPassword(basic("operator:s3cret"), operator)).toBe(true);
  const lowerCase = basic("operator:s3cret").replace("Basic", "basic");
  expect(isOperatorPassword(lowerCase, operator)).toBe(true);
});

test("a password may hold colons and any character", () => {
  const odd = { user: "operator", password: "a:b:ü €" };
  expect(isOperatorPassword(basic("operator:a:b:ü €"), odd)).toBe(true);
  expect(isOperatorPassword(basic("operator:a"), odd)).toBe(false);
});

test.each([
  undefined,
  "",
  "Basic",
  "Basic ",
  basic(""),
  basic("operator"),
  basic("operator:"),
  basic(":s3cret"),
  basic("Operator:s3cret"),
  basic("operator:S3cret"),
  basic("operator:s3cret "),
  basic("operator:s3cret:"),
  `${basic("operator:s3cret")} x`,
  `x ${basic("operator:s3cret")}`,
  basic("operator:s3cret").replace("Basic", "Bearer"),
  "Basic operator:s3cret",
  "Basic !!!!",
])("%j is nobody's sign-in", (header) => {
  expect(isOperatorPassword(header, operator)).toBe(false);
});

test("where no password is set, none fits: not even an empty one", () => {
  const open = { user: "operator", password: undefined };
  for (const text of ["operator:", "operator:undefined", "operator:null"]) {
    expect(isOperatorPassword(basic(text), open)).toBe(false);
  }
});
