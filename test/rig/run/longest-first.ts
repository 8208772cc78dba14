import { relative } from 'node:path';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/**
 * The files that take longest, longest first, and before them those that build what others use: twin/host makes the root filesystem on which
 * deploy/host boots. A whole run prints its slowest files at its end.
 */
export const LONGEST: readonly string[] = [
  'test/twin/host/host.test.ts',
  'test/release/build.test.ts',
  'test/ci/workflows.test.ts',
  'test/demo/demo.test.ts',
  'test/release/take-over.test.ts',
  'test/release/activate.test.ts',
  'test/encoders/encoders.test.ts',
  'test/deploy/host.test.ts',
  'test/netlify/end-to-end.test.ts',
  'test/dashboard/page.test.ts',
  'test/crash/crash.test.ts',
  'test/worker/outside-calls.test.ts',
  'test/failures/failures.test.ts',
  'test/worker/clock.test.ts',
  'test/soak/soak.test.ts',
  'test/bench/service/service.test.ts',
  'test/http/rotation.test.ts',
  'test/alerts/service.test.ts',
  'test/dashboard/operator.test.ts',
  'test/http/end.test.ts',
  'test/netlify/kinds/nuke.test.ts',
  'test/queue/list.test.ts',
  'test/cli/bake.test.ts',
  'test/netlify/functions.test.ts',
  'test/cli/service.test.ts',
  'test/bake/bake.test.ts',
];

/** Files of one project stay together: those of `unit` share their workers only then. */
const PROJECTS = ['host', 'service', 'unit'];

/** The longest files first, so that no worker goes on long after the others; then the others, project by project. */
export function inOrder<T extends { readonly project: string; readonly file: string }>(
  files: readonly T[],
): T[] {
  const place = ({ file, project }: T) => {
    const among = LONGEST.indexOf(file);
    return among >= 0 ? among : LONGEST.length + PROJECTS.indexOf(project);
  };
  return [...files].sort((a, b) => place(a) - place(b));
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
