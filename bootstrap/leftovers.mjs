import { signalGroup } from "./child-process.mjs";
import { step } from "./progress.mjs";
import { recordProcess, runningProcesses } from "./run-record.mjs";
import { SetupFailure } from "./setup-failure.mjs";
import { waitUntil } from "./wait-until.mjs";

const OURSELVES = "npm-start";
const GRACE_MS = 10_000;

/**
 * Clears up after an earlier `npm start` of this folder that was killed without a chance to stop its children. They
 * are stopped, not taken over: nobody knows what state they are in, and a stopped Redis has its data on disk, where a
 * second one on the same folder would spoil it. Refuses to run beside an `npm start` that is still alive.
 */
export async function stopLeftovers(runFolder) {
  const running = await runningProcesses(runFolder);
  const other = running.find(({ name }) => name === OURSELVES);
  if (other && other.pid !== process.pid) {
    throw new SetupFailure(
      `npm start is running here already (pid ${other.pid}). Stop it first: press Ctrl-C there, or run: kill ${other.pid}`,
    );
  }
  await recordProcess(runFolder, OURSELVES, process.pid);
  const leftovers = running.filter(({ name }) => name !== OURSELVES);
  if (leftovers.length === 0) return;

  const names = leftovers.map(({ name, pid }) => `${name} (pid ${pid})`).join(", ");
  await step(`Stopping what an earlier npm start left behind: ${names}`, async () => {
    // As in an orderly stop: Redis last, so that the others can still finish and write.
    await stopAll(runFolder, (name) => name !== "redis");
    await stopAll(runFolder, (name) => name === "redis");
  });
}

async function stopAll(runFolder, isMeant) {
  const meant = async () =>
    (await runningProcesses(runFolder)).filter(({ name }) => name !== OURSELVES && isMeant(name));
  for (const { pid } of await meant()) signalGroup(pid, "SIGTERM");
  const whoIsLeft = async () => {
    const left = await meant();
    return left.length === 0 ? null : left.map(({ name }) => name).join(", ");
  };
  try {
    await waitUntil(whoIsLeft, { what: "The end of all leftovers", timeoutMs: GRACE_MS });
  } catch {
    for (const { pid } of await meant()) signalGroup(pid, "SIGKILL");
    await waitUntil(whoIsLeft, { what: "The end of all leftovers", timeoutMs: GRACE_MS });
  }
}
