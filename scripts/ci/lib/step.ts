import { randomUUID } from 'node:crypto';
import { appendFile } from 'node:fs/promises';

/** Sets an output for later steps and jobs. The delimiter is random, so a value can't contain it. */
export async function setOutput(name: string, value: string, environment = process.env): Promise<void> {
  const delimiter = randomUUID();
  const file = environment.GITHUB_OUTPUT;
  if (file) await appendFile(file, `${name}<<${delimiter}\n${value}\n${delimiter}\n`);
}

/** Adds a text to the summary of the run. */
export async function summarize(markdown: string, environment = process.env): Promise<void> {
  const file = environment.GITHUB_STEP_SUMMARY;
  if (file) await appendFile(file, `${markdown}\n`);
}

/** A required variable. Throws with its name when it is missing. */
export function requireVariable(name: string, environment = process.env): string {
  const value = environment[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

/** The page of this run. */
export function runPage(environment = process.env): string {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = environment;
  return `${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`;
}
