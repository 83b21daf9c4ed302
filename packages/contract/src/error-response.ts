import { z } from "zod";
import { ERROR_CODES } from "./error-codes.ts";

/** The one shape of every refusal, whatever the endpoint. */
export const ErrorResponse = z.object({
  status: z.literal("error"),
  error: z.object({
    code: z.enum(ERROR_CODES),
    message: z.string(),
    details: z.record(z.string(), z.unknown()),
  }),
  trace_id: z.string(),
  timestamp: z.iso.datetime(),
});
export type ErrorResponse = z.infer<typeof ErrorResponse>;

/** One field that was wrong, as listed in `details.issues` of INVALID_REQUEST. */
export interface FieldIssue {
  path: string;
  message: string;
}

/** zod's complaint as the contract shows it: dotted path, plain message. */
export function fieldIssues(error: z.ZodError): FieldIssue[] {
  return error.issues.map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
}
