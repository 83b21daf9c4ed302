/** Deeper JSON is neither taken nor kept: writing it again would exhaust the stack. */
export const JSON_DEPTH_MAX = 256;

/** How deep brackets nest outside strings in JSON text: linear, and without parsing it. */
export function jsonDepth(text: string): number {
  let depth = 0;
  let deepest = 0;
  let isString = false;
  for (let index = 0; index < text.length; index++) {
    const char = text[index];
    if (isString) {
      if (char === "\\") index++;
      else if (char === '"') isString = false;
    } else if (char === '"') isString = true;
    else if (char === "[" || char === "{") deepest = Math.max(deepest, ++depth);
    else if (char === "]" || char === "}") depth--;
  }
  return deepest;
}
