import type { Grant } from '../api/hardware.ts';

/** A Spaces key and all that it may do. */
export interface KeyHolder {
  readonly key: string;
  readonly grants: readonly Grant[];
}

const READ = ['s3:GetObject', 's3:GetObjectAcl', 's3:ListBucket', 's3:GetBucketLocation'];
const WRITE = [
  ...['s3:PutObject', 's3:PutObjectAcl', 's3:DeleteObject', 's3:AbortMultipartUpload'],
  ...['s3:ListMultipartUploadParts', 's3:ListBucketMultipartUploads'],
];

/** Bucket policies that give keys what they were granted, by bucket; a bucket that nobody has a grant for any more is not in it. */
export function renderPolicies(holders: readonly KeyHolder[]): ReadonlyMap<string, string> {
  const statements = new Map<string, object[]>();
  for (const { key, grants } of holders) {
    for (const { bucket, permission } of grants) {
      const Action =
        permission === 'read' ? READ : permission === 'readwrite' ? [...READ, ...WRITE] : ['s3:*'];
      const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
      const list = statements.get(bucket) ?? [];
      statements.set(bucket, [...list, { Effect: 'Allow', Principal: { AWS: [key] }, Action, Resource }]);
    }
  }
  const render = (list: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: list });
  return new Map([...statements].map(([bucket, list]) => [bucket, render(list)]));
}
