/** W3C's Trace Context: the header traceparent, by which a request is followed through several services. */
import { randomBytes } from 'node:crypto';

const TRACEPARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/;

/** The trace of a request, in the form of version 00; undefined without a valid header: then there is no trace. */
export function readTraceparent(header: string | undefined): string | undefined {
  const [, version, trace, span, flags, more] = TRACEPARENT.exec(header?.trim() ?? '') ?? [];
  // A later version may have more fields.
  if (version === undefined || (version === '00' && more !== undefined)) return undefined;
  return `00-${trace}-${span}-${flags}`;
}

/** The id of a trace, by which the log is searched. */
export function traceIdOf(traceparent: string | undefined): string | undefined {
  return traceparent?.split('-')[1];
}

/** The header for a request of ours: the same trace, and a span of its own. */
export function childOf(traceparent: string): string {
  const [version, trace, , flags] = traceparent.split('-');
  return [version, trace, randomBytes(8).toString('hex'), flags].join('-');
}
