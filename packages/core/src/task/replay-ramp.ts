/** A droplet that just recovered gets this many replayed tasks in the first second … */
const FIRST_SECOND = 5;

/** … half as many more each second … */
const GROWTH = 1.5;

/** … up to this many. */
const PER_SECOND_MAX = 100;

/**
 * When the task at each position of a bulk replay starts, in ms from now: slowly at first, so that the replay
 * does not knock over again what has just come back.
 */
export function replayDelaysMs(count: number): number[] {
  const delays: number[] = [];
  let perSecond = FIRST_SECOND;
  for (let second = 0; delays.length < count; second++) {
    const batch = Math.min(perSecond, count - delays.length);
    for (let i = 0; i < batch; i++) delays.push(second * 1000 + Math.floor((i * 1000) / perSecond));
    perSecond = Math.min(Math.ceil(perSecond * GROWTH), PER_SECOND_MAX);
  }
  return delays;
}
