const WINDOW_MS = 5_000;

export interface ProcessUsage {
  /** CPU time over the last full window of 5 s (since start, before the first); 100 is one core kept busy. */
  readonly cpuPercent: number;
  /** Resident memory of the whole process, in MB of 1,048,576 bytes. */
  readonly memoryMb: number;
  readonly uptimeSeconds: number;
}

export interface ProcessUsageWatch extends Disposable {
  read(): ProcessUsage;
}

/** Samples in windows rather than from reading to reading, so that readers do not disturb each other. */
export function watchProcessUsage(): ProcessUsageWatch {
  let windowStart = sample();
  let lastPercent: number | undefined;

  const rollover = setInterval(() => {
    const now = sample();
    lastPercent = busyPercent(windowStart, now);
    windowStart = now;
  }, WINDOW_MS).unref();

  return {
    read: () => ({
      cpuPercent: roundToTenth(lastPercent ?? busyPercent(windowStart, sample())),
      memoryMb: roundToTenth(process.memoryUsage.rss() / 1024 ** 2),
      uptimeSeconds: roundToTenth(process.uptime()),
    }),
    [Symbol.dispose]: () => clearInterval(rollover),
  };
}

interface Sample {
  readonly atMs: number;
  readonly cpuMs: number;
}

function sample(): Sample {
  const { user, system } = process.cpuUsage();
  return { atMs: performance.now(), cpuMs: (user + system) / 1_000 };
}

function busyPercent(from: Sample, to: Sample): number {
  const elapsedMs = to.atMs - from.atMs;
  return elapsedMs > 0 ? (100 * (to.cpuMs - from.cpuMs)) / elapsedMs : 0;
}

function roundToTenth(value: number): number {
  return Math.round(value * 10) / 10;
}
