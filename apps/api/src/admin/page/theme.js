// Before anything is painted: what was chosen last time, else what the system prefers.
try {
  const chosen = localStorage.getItem("orchestrator-theme");
  if (chosen === "light" || chosen === "dark") document.documentElement.dataset["theme"] = chosen;
} catch {
  // A browser that keeps nothing follows the system.
}
