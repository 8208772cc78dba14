import type { Grant } from '../api/hardware.ts';

/** A Spaces key and all that it may do. */
export interface KeyHolder {
  readonly key: string;
  readonly grants: readonly Grant[];
}

const READ = ['s3:GetObject', 's3:GetObjectAcl', 's3:ListBucket', 's3:GetBucketLocation'];
const WRITE = [
  's3:PutObject',
  's3:PutObjectAcl',
  's3:DeleteObject',
  's3:AbortMultipartUpload',
  's3:ListMultipartUploadParts',
  's3:ListBucketMultipartUploads',
];

/**
 * Bucket policies with each key's grants, by bucket. The owner gets everything, because a policy would otherwise exclude it. A bucket
 * without grants has no policy.
 */
export function renderPolicies(holders: readonly KeyHolder[], owner: string): ReadonlyMap<string, string> {
  const statements = new Map<string, object[]>();
  for (const { key, grants } of holders) {
    for (const { bucket, permission } of grants) {
      const list = statements.get(bucket) ?? [statement(owner, bucket, ['s3:*'])];
      const actions =
        permission === 'read' ? READ : permission === 'readwrite' ? [...READ, ...WRITE] : ['s3:*'];
      statements.set(bucket, [...list, statement(key, bucket, actions)]);
    }
  }
  const render = (list: object[]) => JSON.stringify({ Version: '2012-10-17', Statement: list });
  return new Map([...statements].map(([bucket, list]) => [bucket, render(list)]));
}

function statement(key: string, bucket: string, Action: readonly string[]): object {
  const Resource = [`arn:aws:s3:::${bucket}`, `arn:aws:s3:::${bucket}/*`];
  return { Effect: 'Allow', Principal: { AWS: [key] }, Action, Resource };
}
