import type { TwinHost } from '../twin/host/host.ts';
import type { RunResult } from '../twin/host/ssh.ts';
import type { Act } from './program.ts';

/** How an act ended. */
export interface ActResult extends RunResult {
  readonly name: string;
  readonly seconds: number;
}

/** Does to a host what @pulumi/command would: the text as it is, over SSH, with its secret as input. */
export async function take(host: TwinHost, act: Act, assign = async () => {}): Promise<ActResult> {
  const begun = performance.now();
  const result = await run(host, act, assign);
  return { ...result, name: act.name, seconds: (performance.now() - begun) / 1000 };
}

async function run(host: TwinHost, act: Act, assign: () => Promise<void>): Promise<RunResult> {
  if (act.kind === 'command') return host.run(act.create, { stdin: act.stdin });
  await (act.kind === 'assign' ? assign() : host.copy(act.from, act.to));
  return { exitCode: 0, stdout: '', stderr: '' };
}
