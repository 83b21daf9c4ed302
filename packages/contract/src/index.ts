export * from "./error-codes.ts";
export * from "./error-response.ts";
export * from "./replay-filter.ts";
export * from "./task-headers.ts";
export * from "./task-list-query.ts";
export * from "./task-record.ts";
export * from "./task-request.ts";
export * from "./task-status.ts";
