/** Whether a host or an address may be called, and if not, why. */
export type TargetDecision = { allowed: true } | { allowed: false; reason: string };
