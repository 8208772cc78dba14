import { enableCompileCache, flushCompileCache } from 'node:module';

// The entry of the image process. Stripping types and compiling is half of the cost of its start. The process is killed in the
// end, so the compiled code is written to the cache at once. This file is JavaScript, since Node would have to load its type
// stripper for it alone.
enableCompileCache();
await import('./child.ts');
flushCompileCache();
