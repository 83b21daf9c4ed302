import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { childTraceparent, parseTraceparent, toTraceparent, traceIdOf } from "./trace-context.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const SPAN = "00f067aa0ba902b7";
const UUID = "550e8400-e29b-41d4-a716-446655440000";

function hexOf(digits: number) {
  return fc.stringMatching(new RegExp(`^[0-9a-f]{${digits - 1}}[1-9a-f]$`));
}

describe("a traceparent", () => {
  it.each([
    [`00-${TRACE}-${SPAN}-01`, 1],
    [`00-${TRACE}-${SPAN}-00`, 0],
    [`00-${TRACE}-${SPAN}-ff`, 255],
    [`01-${TRACE}-${SPAN}-03`, 3],
    [`cc-${TRACE}-${SPAN}-01-what-the-future-brings`, 1],
  ])("%s is well formed", (header, flags) => {
    expect(parseTraceparent(header)).toEqual({ traceId: TRACE, spanId: SPAN, flags });
  });

  it.each([
    undefined,
    "",
    "garbage",
    `ff-${TRACE}-${SPAN}-01`,
    `00-${TRACE}-${SPAN}-01-more`,
    `00-${TRACE}-${SPAN}-01-`,
    `01-${TRACE}-${SPAN}-01more`,
    `00-${TRACE.toUpperCase()}-${SPAN}-01`,
    `00-${"0".repeat(32)}-${SPAN}-01`,
    `00-${TRACE}-${"0".repeat(16)}-01`,
    `00-${TRACE}-${SPAN}`,
    `00-${TRACE}-${SPAN}-1`,
    ` 00-${TRACE}-${SPAN}-01`,
  ])("%j is malformed", (header) => {
    expect(parseTraceparent(header)).toBeNull();
  });

  it("is carried on as version 00 with the flags that version knows", () => {
    expect(childTraceparent(TRACE, SPAN, 0xff)).toBe(`00-${TRACE}-${SPAN}-03`);
    expect(childTraceparent(TRACE, SPAN, 0)).toBe(`00-${TRACE}-${SPAN}-00`);
  });

  it("that we make is one that we accept", () => {
    fc.assert(
      fc.property(hexOf(32), hexOf(16), fc.nat(3), (traceId, spanId, flags) => {
        const header = childTraceparent(traceId, spanId, flags);
        expect(parseTraceparent(header)).toEqual({ traceId, spanId, flags });
      }),
    );
  });
});

describe("the trace id of a request", () => {
  it("is taken from the first well-formed header", () => {
    const traceparent = `00-${TRACE}-${SPAN}-01`;
    expect(traceIdOf({ traceparent, xTraceId: "a", xRequestId: "b" })).toBe(TRACE);
    expect(traceIdOf({ traceparent: "no", xTraceId: "a", xRequestId: "b" })).toBe("a");
    expect(traceIdOf({ xTraceId: "not ok", xRequestId: "b:1._-" })).toBe("b:1._-");
  });

  it("is null when no header is well formed", () => {
    expect(traceIdOf({})).toBeNull();
    expect(traceIdOf({ xTraceId: "", xRequestId: "x".repeat(129) })).toBeNull();
    expect(traceIdOf({ xTraceId: "a\nb", xRequestId: "é" })).toBeNull();
  });
});

describe("a trace without a traceparent", () => {
  const sources = { randomHex: () => SPAN, hashHex: () => `${TRACE}ffff` };

  it.each([
    [UUID, UUID.replaceAll("-", "")],
    [UUID.toUpperCase(), UUID.replaceAll("-", "")],
    ["A".repeat(32), "a".repeat(32)],
    ["request-17", TRACE],
    ["0".repeat(32), TRACE],
    ["00000000-0000-0000-0000-000000000000", TRACE],
  ])("gets one from its id %s", (id, traceId) => {
    expect(toTraceparent(id, sources)).toBe(`00-${traceId}-${SPAN}-01`);
  });

  it("gets a well-formed one from any id", () => {
    fc.assert(
      fc.property(fc.string(), (id) => {
        expect(parseTraceparent(toTraceparent(id, sources))).not.toBeNull();
      }),
    );
  });
});
