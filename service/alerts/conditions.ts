/** What is wrong with the service and its host, for the alerts: one reason for each code. */
import type { DiskMonitor } from '../health/disk.ts';
import type { Reason } from '../health/probes.ts';

export interface ConditionsOptions {
  /** What /health reports. */
  readonly probe: () => Promise<readonly Reason[]>;
  /** What /health/work reports; of a code that both report it says more. */
  readonly checkWork: () => Promise<readonly Reason[]>;
  readonly judgeRequests: () => readonly Reason[];
  readonly judgeEventLoop: () => readonly Reason[];
  readonly disk: Pick<DiskMonitor, 'space'>;
  /** Below it tapes are refused; below twice as much the operator is told. */
  readonly minFreeBytes: number;
}

const MIB = 1024 * 1024;

/** Never throws: a look that fails is itself a condition of /health. */
export async function findConditions(options: ConditionsOptions): Promise<readonly Reason[]> {
  const { probe, checkWork, judgeRequests, judgeEventLoop, disk, minFreeBytes } = options;
  const none = (): readonly Reason[] => [];
  const all = await Promise.all([
    probe().catch(none),
    checkWork().catch(none),
    disk.space().then(({ freeBytes }) => judgeDisk(freeBytes, minFreeBytes), none),
    judgeRequests(),
    judgeEventLoop(),
  ]);
  const byCode = new Map(all.flat().map((reason) => [reason.code, reason]));
  return [...byCode.values()];
}

function judgeDisk(freeBytes: number, minFreeBytes: number): readonly Reason[] {
  if (freeBytes >= 2 * minFreeBytes) return [];
  const [free, least] = [freeBytes, minFreeBytes].map((bytes) => Math.round(bytes / MIB));
  const message = `${free} MiB are free on the disk of TEMP_DIR; below ${least} MiB Oven refuses tapes.`;
  return [{ code: 'DISK_LOW', message }];
}
