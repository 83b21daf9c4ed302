/** What of this process is being closed right now, for the last line of one that does not get done with it. */
const closing = new Map<symbol, string>();

/** Names something while it is being closed. @returns to be called when it has, or was given up on */
export function noteClosing(what: string): () => void {
  const id = Symbol(what);
  closing.set(id, what);
  return () => void closing.delete(id);
}

/** By the names they were noted under, the one that began first at the front. */
export function stillClosing(): string[] {
  return [...closing.values()];
}
