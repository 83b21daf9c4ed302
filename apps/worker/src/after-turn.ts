/** What is to be done is kept in order, and done together: an immediate of its own for each would cost as much as the work. */
let works: (() => void)[] = [];

/** Does something when what this turn of the event loop has begun is on its way. */
export function afterTurn(work: () => void): void {
  works.push(work);
  if (works.length === 1) setImmediate(() => setImmediate(doAll));
}

function doAll(): void {
  const due = works;
  works = [];
  for (const work of due) work();
}
