import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { Settings, SpacesKeys } from './config.ts';

export interface StorageArgs {
  readonly settings: Settings;
  /** Names of buckets that exist already. */
  readonly adopt: ReadonlySet<string>;
}

/** The two Spaces, and keys that can do with them what the service does and nothing else. */
export class Storage extends pulumi.ComponentResource {
  readonly art: digitalocean.SpacesBucket;
  readonly blobs: digitalocean.SpacesBucket;
  readonly artKeys: SpacesKeys;
  readonly blobsKeys: SpacesKeys;

  constructor(name: string, { settings, adopt }: StorageArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:storage:Storage', name, {}, options);
    const { region, artBucket, blobsBucket, dropletName } = settings;
    const keep = (bucket: string) => kept(this, adopt.has(bucket) ? `${region},${bucket}` : undefined);

    // The recorder's bucket is other programs' too: whatever it is like, Oven leaves it so.
    const art = { name: artBucket, region, acl: 'private' };
    const untouched = ['acl', 'corsRules', 'forceDestroy', 'lifecycleRules', 'versioning'];
    this.art = new digitalocean.SpacesBucket('art', art, { ...keep(artBucket), ignoreChanges: untouched });

    const blobs = { name: blobsBucket, region, acl: 'private', lifecycleRules: [dropLeftovers()] };
    this.blobs = new digitalocean.SpacesBucket('blobs', blobs, {
      ...keep(blobsBucket),
      ignoreChanges: ['acl'],
    });
    new digitalocean.SpacesBucketCorsConfiguration(
      'blobs',
      { bucket: this.blobs.name, region, corsRules: [anyoneMayRead()] },
      { parent: this, retainOnDelete: true },
    );

    this.artKeys = settings.artKeys ?? makeKeys(this, 'art', dropletName, this.art, 'read');
    this.blobsKeys = settings.blobsKeys ?? makeKeys(this, 'blobs', dropletName, this.blobs, 'readwrite');
    this.registerOutputs({ art: this.art.name, blobs: this.blobs.name });
  }
}

/** A bucket outlives its stack with every object, and is never made anew for a change of its options. */
function kept(parent: pulumi.Resource, importId: string | undefined): pulumi.CustomResourceOptions {
  return { parent, retainOnDelete: true, ...(importId === undefined ? {} : { import: importId }) };
}

/** Parts of uploads that were never finished cost money and can't be seen in a listing. */
function dropLeftovers(): digitalocean.types.input.SpacesBucketLifecycleRule {
  return { id: 'leftovers', enabled: true, abortIncompleteMultipartUploadDays: 1 };
}

/** Pages of any origin play the videos and read them, as an editor or a share button does. */
function anyoneMayRead(): digitalocean.types.input.SpacesBucketCorsConfigurationCorsRule {
  return {
    allowedOrigins: ['*'],
    allowedMethods: ['GET', 'HEAD'],
    allowedHeaders: ['*'],
    maxAgeSeconds: 3600,
  };
}

function makeKeys(
  parent: pulumi.Resource,
  use: 'art' | 'blobs',
  dropletName: string,
  bucket: digitalocean.SpacesBucket,
  permission: 'read' | 'readwrite',
): SpacesKeys {
  const key = new digitalocean.SpacesKey(
    use,
    { name: `${dropletName}-${use}`, grants: [{ bucket: bucket.name, permission }] },
    { parent },
  );
  return { key: pulumi.secret(key.accessKey), secret: pulumi.secret(key.secretKey) };
}
