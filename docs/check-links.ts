/**
 * `npm run check` fails where a relative link of a document leads to no file, or to no heading of the document it
 * names. Links to elsewhere in the world are nobody's promise, and are not followed.
 */
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const NOT_OURS = ["**/node_modules/**", ".data/**"];

let links = 0;
for await (const file of glob("**/*.md", { cwd: ROOT, exclude: NOT_OURS })) {
  const text = withoutFences(await readFile(join(ROOT, file), "utf8"));
  for (const [, target = ""] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
    if (/^\w+:/.test(target)) continue;
    links++;
    const fault = await faultOf(file, target);
    if (fault === null) continue;
    process.stderr.write(`${file}: ${target} leads nowhere: ${fault}\n`);
    process.exitCode = 1;
  }
}
if (links === 0) throw new Error("no link found: the documents are not where they were");

/** Why a link is dead; null for one that is not. */
async function faultOf(file: string, target: string): Promise<string | null> {
  const [path = "", anchor] = target.split("#");
  const place = path === "" ? file : join(dirname(file), decodeURIComponent(path));
  if (!existsSync(join(ROOT, place))) return `there is no ${place}`;
  if (anchor === undefined || !place.endsWith(".md")) return null;
  const anchors = anchorsOf(await readFile(join(ROOT, place), "utf8"));
  return anchors.has(anchor) ? null : `${place} has no such heading`;
}

/** As GitHub makes them: a heading that is there twice gets a number. */
function anchorsOf(document: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading = ""] of withoutFences(document).matchAll(/^#{1,6} (.+)$/gm)) {
    const plain = heading.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").toLowerCase();
    const anchor = plain.replaceAll(/[^\p{L}\p{N}_\s-]/gu, "").replaceAll(" ", "-");
    let unused = anchor;
    for (let n = 1; anchors.has(unused); n++) unused = `${anchor}-${n}`;
    anchors.add(unused);
  }
  return anchors;
}

function withoutFences(document: string): string {
  return document.replaceAll(/^```[^]*?^```$/gm, "");
}
