import { randomBytes } from 'node:crypto';
import type { Grant, SpacesAccess } from '../api/hardware.ts';
import type { SpacesServer } from './spaces.ts';

/** Spaces keys that open the buckets of an account of the S3 server, as far as they were granted. */
export function openSpacesAccess(spaces: SpacesServer, owner: string): SpacesAccess {
  const grants = new Map<string, readonly Grant[]>();
  const grant = () =>
    spaces.grant(
      owner,
      [...grants].map(([key, of]) => ({ key, grants: of })),
    );
  return {
    create: async (_name, of) => {
      const accessKey = `DO00${randomBytes(8).toString('hex').toUpperCase()}`;
      const secretKey = randomBytes(24).toString('base64url');
      await spaces.addAccount(accessKey, secretKey, false);
      grants.set(accessKey, of);
      await grant();
      return { accessKey, secretKey };
    },
    update: async (accessKey, of) => {
      grants.set(accessKey, of);
      await grant();
    },
    remove: async (accessKey) => {
      grants.delete(accessKey);
      await grant();
      await spaces.removeAccount(accessKey);
    },
    hasBucket: (name) => spaces.hasBucket(name),
  };
}
