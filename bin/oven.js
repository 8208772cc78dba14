#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Compiled code and stripped types are kept between runs: half of what a start costs. This file is JavaScript, since Node would
// have to load its type stripper for it alone.
enableCompileCache();
const { run } = await import('./program.ts');
await run(process.argv);
