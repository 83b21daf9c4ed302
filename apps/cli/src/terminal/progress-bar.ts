const WIDTH = 24;
const EVERY_MS = 100;

export interface Progress {
  done: number;
  /** Null while it is not known, as with stdin. */
  total: number | null;
  refused: number;
}

/** A line that is written over and over: on a terminal only. */
export class ProgressBar {
  readonly #write: (text: string) => void;
  readonly #startedAt = Date.now();
  #drawnAt = 0;
  #isDrawn = false;

  /** @param write to stderr; null where there is no terminal, and nothing is drawn */
  constructor(write: ((text: string) => void) | null) {
    this.#write = write ?? (() => {});
  }

  show(progress: Progress): void {
    const now = Date.now();
    const isLast = progress.done === progress.total;
    if (now - this.#drawnAt < EVERY_MS && !isLast) return;
    this.#drawnAt = now;
    this.#isDrawn = true;
    this.#write(`\r${renderProgress(progress, now - this.#startedAt)}\u001b[K`);
  }

  /** Leaves the line to what comes next. */
  clear(): void {
    if (this.#isDrawn) this.#write("\r\u001b[K");
    this.#isDrawn = false;
  }
}

export function renderProgress({ done, total, refused }: Progress, tookMs: number): string {
  const perSecond = tookMs > 0 ? (done / tookMs) * 1000 : 0;
  const counts = [
    `${done}${total === null ? "" : `/${total}`}`,
    `${perSecond.toFixed(perSecond < 10 ? 1 : 0)}/s`,
    ...(refused > 0 ? [`${refused} refused`] : []),
    ...(total !== null && perSecond > 0 && done < total
      ? [`${Math.ceil((total - done) / perSecond)} s left`]
      : []),
  ];
  if (total === null) return counts.join("  ");
  const filled = total === 0 ? WIDTH : Math.floor((done / total) * WIDTH);
  return `[${"█".repeat(filled)}${"·".repeat(WIDTH - filled)}] ${counts.join("  ")}`;
}
