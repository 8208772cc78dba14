import { relative } from 'node:path';
import type { Reporter, TestModule, Vitest } from 'vitest/node';

const COUNT = 20;

/** Prints the slowest files at the end of a run of many, and how much of their time was imports. */
export class SlowestFiles implements Reporter {
  #root = '';

  onInit(vitest: Vitest): void {
    this.#root = vitest.config.root;
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    if (modules.length <= COUNT) return;
    const rows = modules.map((module) => {
      const { duration, collectDuration, setupDuration } = module.diagnostic();
      return {
        file: relative(this.#root, module.moduleId),
        total: duration + collectDuration + setupDuration,
        imports: collectDuration,
      };
    });
    console.log(renderSlowest(rows));
  }
}

export interface Timed {
  readonly file: string;
  /** Milliseconds with imports. */
  readonly total: number;
  /** Milliseconds until vitest knew its tests. */
  readonly imports: number;
}

/** The files that took longest, and the sums over all; in seconds. */
export function renderSlowest(rows: readonly Timed[]): string {
  const seconds = (ms: number) => (ms / 1000).toFixed(1).padStart(7);
  const sum = (key: 'total' | 'imports') => rows.reduce((all, row) => all + row[key], 0);
  const line = ({ total, imports }: Omit<Timed, 'file'>, name: string) =>
    `${seconds(total)} ${seconds(imports)}  ${name}`;
  const slowest = [...rows].sort((a, b) => b.total - a.total).slice(0, COUNT);
  return [
    `The slowest ${slowest.length} files (s, of it imports):`,
    ...slowest.map((row) => line(row, row.file)),
    line({ total: sum('total'), imports: sum('imports') }, `all ${rows.length} files`),
  ].join('\n');
}
