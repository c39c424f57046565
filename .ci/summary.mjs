// Ends a run of .ci/run: prints "N passed, N failed" and exits accordingly. Runs on any Node.
import { readFileSync } from "node:fs";

const [file, status] = process.argv.slice(2);
const { passed, failed } = count(readFileSync(file, "utf8"), Number(status));
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

/**
 * Counts the tests of vitest's JSON report. What vitest does not count as a failed test, such as
 * a type error before it started or a file that it could not load, counts as one failure.
 */
function count(report, exitStatus) {
  if (report === "") return { passed: 0, failed: 1 };
  const { numPassedTests, numFailedTests, numTotalTests } = JSON.parse(report);
  const skipped = numTotalTests - numPassedTests - numFailedTests;
  if (skipped > 0) console.log(`${skipped} skipped: each counts as failed`);
  const failed = numFailedTests + skipped;
  const isBroken = exitStatus !== 0 || numPassedTests === 0;
  return { passed: numPassedTests, failed: isBroken ? Math.max(failed, 1) : failed };
}
