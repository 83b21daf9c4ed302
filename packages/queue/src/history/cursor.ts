/** Where a page ended: the last task's creation time (ms) and id. Opaque and URL-safe on the wire. */
export interface Cursor {
  createdAt: number;
  id: string;
}

export function encodeCursor(cursor: Cursor): string {
  return Buffer.from(`${cursor.createdAt}|${cursor.id}`).toString("base64url");
}

/** Null for anything we did not give out. */
export function decodeCursor(text: string): Cursor | null {
  const match = /^(\d{1,15})\|(.{1,64})$/.exec(Buffer.from(text, "base64url").toString());
  return match?.[1] && match[2] ? { createdAt: Number(match[1]), id: match[2] } : null;
}
