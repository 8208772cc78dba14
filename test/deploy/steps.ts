import type { ReleaseStep, Secret } from '../../infra/release/commands.ts';
import type { TwinHost } from '../twin/host/host.ts';
import type { RunResult } from '../twin/host/ssh.ts';

/** What the steps are fed. */
export type Secrets = Readonly<Partial<Record<Secret, string>>>;

/** How a step ended. */
export interface StepResult extends RunResult {
  readonly name: string;
  readonly seconds: number;
}

/** Takes a step on a host, as @pulumi/command would: the text as it is, over SSH, with its secret as input. */
export async function take(
  host: TwinHost,
  step: ReleaseStep,
  secrets: Secrets,
  before = '',
): Promise<StepResult> {
  const begun = performance.now();
  const result = await act(host, step, secrets, before);
  return { ...result, name: step.name, seconds: (performance.now() - begun) / 1000 };
}

/** Takes steps one after the other until one fails; gives how each ended. `before` goes in front of each command's text. */
export async function takeAll(
  host: TwinHost,
  steps: readonly ReleaseStep[],
  secrets: Secrets,
  before = '',
): Promise<StepResult[]> {
  const results: StepResult[] = [];
  for (const step of steps) {
    const result = await take(host, step, secrets, before);
    results.push(result);
    if (result.exitCode !== 0) break;
  }
  return results;
}

async function act(host: TwinHost, step: ReleaseStep, secrets: Secrets, before: string): Promise<RunResult> {
  if (step.kind === 'command') {
    return host.run(
      before + step.create,
      step.stdin === undefined ? {} : { stdin: secrets[step.stdin] ?? '' },
    );
  }
  await host.copy(step.from, step.to);
  return { exitCode: 0, stdout: '', stderr: '' };
}
