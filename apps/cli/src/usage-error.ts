/** The command line is wrong: said with a hint, and without a stack. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
