/** Deeper JSON is neither taken nor kept: writing it again would exhaust the stack. */
export const JSON_DEPTH_MAX = 256;

/** Code units: comparing them is several times as fast as comparing characters. */
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [BRACKET, BRACKET_END] = [0x5b, 0x5d];
const [BRACE, BRACE_END] = [0x7b, 0x7d];

/** How deep brackets nest outside strings in JSON text: linear, and without parsing it. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    if (char === QUOTE) index = endOfString(text, index);
    else if (char === BRACKET || char === BRACE) {
      depth++;
      if (depth > deepest) deepest = depth;
    } else if (char === BRACKET_END || char === BRACE_END) depth--;
  }
  return deepest;
}

/** Where the string that opens at `start` is closed, or the end of the text: long strings are passed over at once. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end === -1 ? text.length : end;
}

/** By an odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charCodeAt(before) === BACKSLASH) before--;
  return (at - before) % 2 === 0;
}
