/** What is needed of a request: `node:http`'s, and so Express's, has it. */
export interface IncomingCall {
  headers: Record<string, string | string[] | undefined>;
}

/** What is needed of a response: `node:http`'s, and so Express's, has it. */
export interface OutgoingAnswer {
  statusCode: number;
  readonly headersSent: boolean;
  readonly writableFinished: boolean;
  getHeaders(): Record<string, string | string[] | number | undefined>;
  setHeader(name: string, value: string | string[]): unknown;
  write(...chunk: unknown[]): boolean;
  end(...chunk: unknown[]): unknown;
  on(event: "close" | "finish", listener: () => void): unknown;
}

export type NextHandler = (error?: unknown) => void;
