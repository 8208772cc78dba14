import childProcess from 'node:child_process';
import { syncBuiltinESMExports } from 'node:module';

// Runs before each file of the project `unit`, so that a test that starts a program fails there.
const refuse = (program: unknown) => {
  throw new Error(
    `a unit test does not start programs (${program}): take its file out of UNIT, in test/rig/run/projects.ts`,
  );
};
const names = ['spawn', 'spawnSync', 'exec', 'execSync', 'execFile', 'execFileSync', 'fork'];
Object.assign(childProcess, Object.fromEntries(names.map((name) => [name, refuse])));
syncBuiltinESMExports();
