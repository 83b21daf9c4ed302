import {
  RefusedError,
  StillRunningError,
  UnexpectedAnswerError,
  UnreachableError,
} from "@orchestrator/client";
import { EXIT, type ExitCode } from "./exit-codes.ts";
import { plainText } from "./terminal/plain-text.ts";
import { UsageError } from "./usage-error.ts";

export interface Failure {
  exitCode: ExitCode;
  words: string;
  /** What `--json` says. */
  document: { error: { code: string; message: string; details?: unknown; trace_id?: string } };
}

/** What went wrong, for a person and for a script; null for a bug of ours. */
export function explainFailure(error: unknown): Failure | null {
  if (error instanceof UsageError) return failure(EXIT.usage, "USAGE", error.message);
  if (error instanceof RefusedError) return explainRefusal(error);
  if (error instanceof UnreachableError) {
    const reason = error.message.replace(/^no answer from \S+: /, "");
    const words = `cannot reach ${error.origin}: ${reason}; is it running? npm start, or set ORCHESTRATOR_URL`;
    return failure(EXIT.unreachable, error.code, words);
  }
  if (error instanceof UnexpectedAnswerError) {
    const words = `${error.message}; does ORCHESTRATOR_URL point to the Orchestrator?`;
    return failure(EXIT.unreachable, error.code, words);
  }
  if (error instanceof StillRunningError) {
    const words = `${error.message}; later: orchestrator get ${error.taskId} --wait`;
    return failure(EXIT.stillRunning, error.code, words, { task_id: error.taskId });
  }
  return null;
}

function explainRefusal({ code, message, details, traceId }: RefusedError): Failure {
  const lines = [`${code}: ${message}`, ...issuesOf(details), ...hintsOf(code, details)];
  const words = `${lines.map(plainText).join("\n  ")}\n  trace id ${plainText(traceId)}`;
  const document = { error: { code, message, details, trace_id: traceId } };
  return { exitCode: EXIT.refused, words, document };
}

function issuesOf({ issues }: Record<string, unknown>): string[] {
  if (!Array.isArray(issues)) return [];
  return issues.map((issue: { path?: unknown; message?: unknown }) => {
    return `${String(issue.path)}: ${String(issue.message)}`;
  });
}

function hintsOf(code: string, { available_droplets }: Record<string, unknown>): string[] {
  if (code === "UNAUTHORIZED") return ["set ORCHESTRATOR_API_KEY"];
  if (code === "FORBIDDEN") return ["the key in ORCHESTRATOR_API_KEY lacks the scope for this"];
  if (code === "DROPLET_NOT_FOUND" && Array.isArray(available_droplets)) {
    return [`there are: ${available_droplets.map(String).join(", ")}`];
  }
  return [];
}

function failure(exitCode: ExitCode, code: string, words: string, details?: unknown): Failure {
  const error = { code, message: words, ...(details !== undefined && { details }) };
  return { exitCode, words: plainText(words), document: { error } };
}
