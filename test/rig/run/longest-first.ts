import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** The files that take longest on two cores, in seconds; a whole run prints them at its end. */
export const SECONDS: Readonly<Record<string, number>> = {
  'test/deploy/host.test.ts': 300,
  'test/twin/host/host.test.ts': 120,
};

/** Files of one project stay together: those of `unit` share their workers only then. */
const PROJECTS = ['host', 'service', 'unit'];

/** What takes longest comes first, so that no worker goes on long after the others ended; the rest by project. */
export function inOrder<T extends { readonly project: string; readonly file: string }>(
  files: readonly T[],
): T[] {
  const seconds = ({ file }: T) => SECONDS[file] ?? 0;
  const project = (one: T) => PROJECTS.indexOf(one.project);
  return [...files].sort((a, b) => seconds(b) - seconds(a) || project(a) - project(b));
}

/** The order in which vitest runs files. */
export class LongestFirst extends BaseSequencer {
  override async sort(specs: TestSpecification[]): Promise<TestSpecification[]> {
    const { root } = this.ctx.config;
    const files = specs.map((spec) => ({
      spec,
      project: spec.project.name,
      file: relative(root, spec.moduleId),
    }));
    return inOrder(files).map(({ spec }) => spec);
  }
}
