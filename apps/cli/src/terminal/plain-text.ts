/**
 * Text of others for a terminal: a droplet's error message must not move the cursor, colour the screen or fake
 * a line of ours. Control characters are shown as what they are.
 */
export function plainText(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    character === "\t" ? " " : `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** The same on one line of a table. */
export function shortText(text: string, lengthMax: number): string {
  const plain = plainText(text);
  return plain.length > lengthMax ? `${plain.slice(0, lengthMax - 1)}…` : plain;
}
