import { expect, test } from "vitest";
import { DropletLabels, OTHER_DROPLETS } from "./droplet-labels.ts";

test("names that differ only by case are one label", () => {
  const labels = new DropletLabels();
  expect(labels.of("Billing")).toBe("billing");
  expect(labels.of("BILLING")).toBe("billing");
});

test("a mesh whose droplets come and go makes 2,000 labels and one more", () => {
  const labels = new DropletLabels();
  const given = new Set(Array.from({ length: 5000 }, (_, n) => labels.of(`droplet-${n}`)));
  expect(given.size).toBe(2001);
  expect(given).toContain(OTHER_DROPLETS);
  // Those that were there first keep their own.
  expect(labels.of("droplet-7")).toBe("droplet-7");
});
