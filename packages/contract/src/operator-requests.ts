import { z } from "zod";

/** PUT /droplets/{name}/limits: over all workers together. What is left out stays; null lifts a limit, back to the default. */
export const LimitsRequest = z
  .object({
    concurrency: z.number().int().min(1).max(100_000).nullable().optional(),
    rate: z
      .object({
        max: z.number().int().min(1).max(1_000_000),
        per_ms: z.number().int().min(1).max(3_600_000),
      })
      .nullable()
      .optional(),
  })
  .refine(({ concurrency, rate }) => concurrency !== undefined || rate !== undefined, {
    message: "name at least one of concurrency, rate",
  });
export type LimitsRequest = z.infer<typeof LimitsRequest>;

/** POST /droplets/{name}/circuit: forced open or closed until it is `auto` again. */
export const CircuitRequest = z.object({ state: z.enum(["open", "closed", "auto"]) });
export type CircuitRequest = z.infer<typeof CircuitRequest>;
