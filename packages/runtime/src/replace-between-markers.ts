/**
 * Replaces what stands between `<!-- begin generated: marker -->` and `<!-- end generated: marker -->` in a markdown
 * document. Both markers stay, so that generating twice gives the same document.
 *
 * @throws {Error} unless both markers are there exactly once, in order
 */
export function replaceBetweenMarkers(document: string, marker: string, text: string): string {
  const begin = `<!-- begin generated: ${marker} -->`;
  const end = `<!-- end generated: ${marker} -->`;
  const [before = "", afterBegin, ...moreBegins] = document.split(begin);
  const [, after, ...moreEnds] = (afterBegin ?? "").split(end);
  const isWhole = after !== undefined && moreBegins.length + moreEnds.length === 0;
  if (!isWhole || before.includes(end)) {
    throw new Error(`The document must hold "${begin}" and then "${end}", once each`);
  }
  return `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`;
}
