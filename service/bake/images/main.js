import { enableCompileCache, flushCompileCache } from 'node:module';

// The process for pictures. Stripping types and compiling is half of what its start costs, and it is killed in the end: so what
// was compiled is kept at once. This file is JavaScript, since Node would have to load its type stripper for it alone.
enableCompileCache();
await import('./serve.ts');
flushCompileCache();
