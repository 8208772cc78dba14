#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Compiled code and stripped types are kept between runs: half of what a start costs.
enableCompileCache();
const { run } = await import('./program.ts');
await run(process.argv);
