/** Where the Registries of the mesh are known to keep their list, the commonest first. */
const KNOWN_PATHS = [
  "/droplets",
  "/registry/droplets",
  "/registry/discover",
  "/registry/list",
  "/getAll",
  "/registry",
];

/**
 * The paths to ask for the list, in order. A `configured` path (REGISTRY_PATH) is the only one; else
 * the `remembered` one, which worked the last time, comes first.
 */
export function registryPaths({
  configured,
  remembered,
}: {
  configured: string | null;
  remembered: string | null;
}): string[] {
  if (configured !== null) return [configured];
  // What was remembered under an earlier configuration is not one of ours, and is forgotten.
  if (remembered === null || !KNOWN_PATHS.includes(remembered)) return [...KNOWN_PATHS];
  return [remembered, ...KNOWN_PATHS.filter((path) => path !== remembered)];
}
