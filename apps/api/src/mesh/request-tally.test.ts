import { expect, test } from "vitest";
import { RequestTally } from "./request-tally.ts";

test("requests count for a minute, errors for an hour, the total for good", () => {
  let nowS = 1000;
  const tally = new RequestTally(() => nowS);
  tally.note(200);
  tally.note(503);
  tally.note(404);
  expect(tally.read()).toEqual({ requestsTotal: 3, requestsPerMinute: 3, errorsLastHour: 1 });

  nowS += 59;
  tally.note(500);
  expect(tally.read()).toEqual({ requestsTotal: 4, requestsPerMinute: 4, errorsLastHour: 2 });

  nowS += 2;
  expect(tally.read()).toEqual({ requestsTotal: 4, requestsPerMinute: 1, errorsLastHour: 2 });

  nowS += 3500;
  expect(tally.read()).toEqual({ requestsTotal: 4, requestsPerMinute: 0, errorsLastHour: 1 });

  nowS += 3600;
  expect(tally.read()).toEqual({ requestsTotal: 4, requestsPerMinute: 0, errorsLastHour: 0 });
});

test("a slot that comes round again starts from nothing", () => {
  let nowS = 0;
  const tally = new RequestTally(() => nowS);
  for (let minute = 0; minute < 3; minute++) {
    tally.note(200);
    expect(tally.read().requestsPerMinute).toBe(1);
    nowS += 60;
  }
});
