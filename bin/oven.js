#!/usr/bin/env node
import { enableCompileCache } from 'node:module';

// Node keeps compiled code and stripped types between runs, which halves the time of a start. This file is JavaScript, because Node
// would load its type stripper for it alone.
enableCompileCache();
const { run } = await import('./program.ts');
await run(process.argv);
