import * as digitalocean from '@pulumi/digitalocean';
import * as pulumi from '@pulumi/pulumi';
import type { Settings, SpacesKeys } from './config.ts';

export interface StorageArgs {
  readonly settings: Settings;
  /** Names of buckets that exist already. */
  readonly adopt: ReadonlySet<string>;
}

/** The two Spaces, and keys with the service's permissions only. */
export class Storage extends pulumi.ComponentResource {
  /** The name of the tape bucket. */
  readonly art: pulumi.Output<string>;
  readonly blobs: digitalocean.SpacesBucket;
  readonly artKeys: SpacesKeys;
  /** Undefined without a bucket of users' tapes. */
  readonly userKeys: SpacesKeys | undefined;
  readonly blobsKeys: SpacesKeys;
  /** Names of the buckets that the stack has as resources. */
  readonly own: readonly pulumi.Output<string>[];

  constructor(name: string, { settings, adopt }: StorageArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:storage:Storage', name, {}, options);
    const { spacesRegion: region, artBucket, userBucket, blobsBucket, dropletName } = settings;
    // Other programs use the tape bucket too. An existing one is no resource, because the provider would change it: it does not read ACLs,
    // and an imported bucket would get a new ACL with the first refresh.
    const art = adopt.has(artBucket) ? undefined : this.makeArt(artBucket, region);
    this.art = art?.name ?? pulumi.output(artBucket);

    const blobs = { name: blobsBucket, region, acl: 'private', lifecycleRules: [abortUnfinishedUploads()] };
    this.blobs = new digitalocean.SpacesBucket('blobs', blobs, {
      ...keepOnDestroy(this, adopt.has(blobsBucket) ? `${region},${blobsBucket}` : undefined),
      ignoreChanges: ['acl'],
    });
    this.own = [...(art ? [art.name] : []), this.blobs.name];
    new digitalocean.SpacesBucketCorsConfiguration(
      'blobs',
      { bucket: this.blobs.name, region, corsRules: [readFromAnyOrigin()] },
      { parent: this, retainOnDelete: true },
    );

    this.artKeys = settings.artKeys ?? makeKeys(this, 'art', dropletName, this.art, 'read');
    // The site makes and keeps this bucket: it is no resource.
    this.userKeys =
      userBucket === undefined
        ? undefined
        : (settings.userKeys ?? makeKeys(this, 'user', dropletName, pulumi.output(userBucket), 'read'));
    this.blobsKeys = settings.blobsKeys ?? makeKeys(this, 'blobs', dropletName, this.blobs.name, 'readwrite');
    this.registerOutputs({ art: this.art, blobs: this.blobs.name });
  }

  private makeArt(name: string, region: string): digitalocean.SpacesBucket {
    const ignoreChanges = ['acl', 'corsRules', 'forceDestroy', 'lifecycleRules', 'versioning'];
    const args = { name, region, acl: 'private' };
    return new digitalocean.SpacesBucket('art', args, { ...keepOnDestroy(this), ignoreChanges });
  }
}

/** Options of a bucket: a destroy keeps it with every object. */
function keepOnDestroy(parent: pulumi.Resource, importId?: string): pulumi.CustomResourceOptions {
  return { parent, retainOnDelete: true, ...(importId === undefined ? {} : { import: importId }) };
}

/** Unfinished multipart uploads cost money, and no listing shows them. */
function abortUnfinishedUploads(): digitalocean.types.input.SpacesBucketLifecycleRule {
  return { id: 'leftovers', enabled: true, abortIncompleteMultipartUploadDays: 1 };
}

/** Pages of any origin play and read the videos, for example an editor or a share button. */
function readFromAnyOrigin(): digitalocean.types.input.SpacesBucketCorsConfigurationCorsRule {
  return {
    allowedOrigins: ['*'],
    allowedMethods: ['GET', 'HEAD'],
    allowedHeaders: ['*'],
    maxAgeSeconds: 3600,
  };
}

function makeKeys(
  parent: pulumi.Resource,
  use: 'art' | 'user' | 'blobs',
  dropletName: string,
  bucket: pulumi.Output<string>,
  permission: 'read' | 'readwrite',
): SpacesKeys {
  const key = new digitalocean.SpacesKey(
    use,
    { name: `${dropletName}-${use}`, grants: [{ bucket, permission }] },
    { parent },
  );
  return { key: pulumi.secret(key.accessKey), secret: pulumi.secret(key.secretKey) };
}
