import { expect, it } from 'vitest';
import { classifyS3Error, type S3Fault } from '../../service/storage/s3.ts';

const answered = (httpStatusCode: number, name = 'UnknownError') => ({ name, $metadata: { httpStatusCode } });

it.each<[object, S3Fault | undefined]>([
  [answered(404, 'NoSuchKey'), 'not-found'],
  [answered(404, 'NotFound'), 'not-found'], // a HEAD has no body to say more
  [answered(404, 'NoSuchBucket'), 'misconfigured'],
  [answered(404), 'misconfigured'],
  [answered(404, 'NoSuchUpload'), 'conflict'],
  [answered(412, 'PreconditionFailed'), 'conflict'],
  [answered(409, 'ConditionalRequestConflict'), 'conflict'],
  [answered(403, 'AccessDenied'), 'misconfigured'],
  [answered(403, 'InvalidAccessKeyId'), 'misconfigured'],
  [answered(403, 'SignatureDoesNotMatch'), 'misconfigured'],
  [answered(401), 'misconfigured'],
  [answered(301, 'PermanentRedirect'), 'misconfigured'],
  [answered(400, 'InvalidRequest'), 'refused'],
  [answered(400, 'AuthorizationHeaderMalformed'), 'misconfigured'],
  [answered(400, 'RequestTimeout'), 'unreachable'],
  [answered(429), 'unreachable'],
  [answered(500, 'InternalError'), 'unreachable'],
  [answered(501, 'NotImplemented'), 'unsupported'],
  [answered(503, 'SlowDown'), 'unreachable'],
  [{ name: 'SyntaxError', $response: { statusCode: 502 } }, 'unreachable'], // a page of a proxy
  [{ name: 'Error', code: 'ECONNREFUSED', $metadata: { attempts: 4 } }, 'unreachable'],
  [{ name: 'Error', code: 'ENOTFOUND' }, 'unreachable'],
  [{ name: 'TimeoutError', code: 'ECONNRESET' }, 'unreachable'], // as the client calls it
  [{ name: 'TimeoutError', code: 'ETIMEDOUT' }, 'timeout'],
  [{ name: 'TimeoutError' }, 'timeout'],
  [new TypeError('a bug'), undefined],
  [new RangeError('a bug'), undefined],
])('The error %o of S3 means %s', (error, fault) => {
  expect(classifyS3Error(error)).toBe(fault);
});
