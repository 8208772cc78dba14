import { findVersitygw } from './versitygw.ts';

// Run by test/run: builds what many files would wait for, while programs are installed.
const found = await findVersitygw();
if ('gap' in found) console.error(`setup: the tests that need an S3 server are skipped: ${found.gap}`);
