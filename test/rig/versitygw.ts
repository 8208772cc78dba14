import { type Found, findGoProgram } from './go.ts';

/** The S3 server of the tests. */
export function findVersitygw(): Promise<Found> {
  return findGoProgram({ path: 'github.com/versity/versitygw/cmd/versitygw', version: '1.8.0', minor: 25 });
}
