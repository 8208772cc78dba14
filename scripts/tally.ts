// Prints `N passed, N failed[, N skipped]` from vitest's JSON report (the argument); fails when anything failed or nothing ran.
import { readFileSync } from 'node:fs';

interface Report {
  readonly success: boolean;
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
  }[];
}

const file = process.argv[2];
if (file === undefined) throw new Error('usage: node scripts/tally.ts REPORT.json');

function readReport(path: string): Report | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Report;
  } catch {
    return undefined;
  }
}

const report = readReport(file);
if (report === undefined) {
  console.log('no test report: the checks before the tests failed');
  console.log('0 passed, 1 failed');
  process.exit(1);
}

// A file that can't be loaded has no tests to count, but it is a failure.
const brokenFiles = report.testResults.filter(
  (result) => result.status === 'failed' && result.message !== '',
);
const failed = Math.max(report.numFailedTests, brokenFiles.length);
const skipped = report.numPendingTests > 0 ? `, ${report.numPendingTests} skipped` : '';
console.log(`${report.numPassedTests} passed, ${failed} failed${skipped}`);
process.exit(report.success && failed === 0 && report.numPassedTests > 0 ? 0 : 1);
