import { readFileSync } from "node:fs";

/**
 * How many tests of one vitest run passed and failed, from its JSON report. A file that could not even be loaded
 * holds no test, but counts as one that failed: nothing of it was proved. No report at all: none ran.
 */
export function readTestCounts(reportFile) {
  const report = readReport(reportFile);
  if (report === null) return { passed: 0, failed: 0, skipped: 0 };
  const brokenFiles = report.testResults.filter(
    ({ status, assertionResults }) => status === "failed" && assertionResults.length === 0,
  );
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + brokenFiles.length,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

function readReport(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return null;
  }
}
