import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { compareWithEmpty } from "./compare-with-empty.ts";
import { compareWithNaive } from "./compare-with-naive.ts";
import { measureIdle } from "./measure-idle.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    /** One scenario of the comparison with the reference, and nothing else. */
    only: { type: "string" },
  },
});
const { quick, only } = values;
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const [cpu] = cpus();
const machine = `${cpus().length} × ${cpu?.model ?? "unknown"}, ${Math.round(totalmem() / 2 ** 30)} GB, Node ${process.version}`;
const rounds = quick ? 1 : 5;
const seconds = quick ? 1 : 4;
say(machine);
say(
  `${rounds} alternating rounds of ${seconds} s; load, API, worker, Redis and droplet share the machine\n`,
);
const comparisons = await compareWithNaive({ rounds, seconds, only, say });
say("");
const whole = only === undefined;
const empty = { rounds, seconds: quick ? 0.5 : 3, backlog: quick ? 5000 : 100_000, say };
const costs = whole ? await compareWithEmpty(empty) : {};
const idle = whole ? await measureIdle(quick ? 5 : 60, say) : {};

mkdirSync("benchmarks/results", { recursive: true });
const results = { machine, rounds, seconds, comparisons, costs, idle };
writeFileSync("benchmarks/results/latest.json", `${JSON.stringify(results, null, 2)}\n`);
say("");
for (const { scenario, ours, naive, isNoisy } of comparisons) {
  const ratios = {
    throughput: ours.perS / naive.perS,
    p50: ours.p50Ms / naive.p50Ms,
    cpu: ours.cpuUsPerTask / naive.cpuUsPerTask,
  };
  for (const [figure, ratio] of Object.entries(ratios)) {
    // CPU time is spent by the task whatever else the machine does; a rate is not.
    const isDoubtful = isNoisy && figure !== "cpu";
    say(`ratio ${scenario} ${figure}: ${isDoubtful ? "too noisy" : ratio.toFixed(2)}`);
  }
}
for (const [name, ratio] of Object.entries(costs)) say(`ratio ${name}: ${ratio.toFixed(2)}`);
