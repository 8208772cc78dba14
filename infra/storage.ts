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
  /** The name of the recorder's bucket. */
  readonly art: pulumi.Output<string>;
  readonly blobs: digitalocean.SpacesBucket;
  readonly artKeys: SpacesKeys;
  readonly blobsKeys: SpacesKeys;
  /** Names of the buckets that the stack has as resources. */
  readonly own: readonly pulumi.Output<string>[];

  constructor(name: string, { settings, adopt }: StorageArgs, options?: pulumi.ComponentResourceOptions) {
    super('oven:storage:Storage', name, {}, options);
    const { spacesRegion: region, artBucket, blobsBucket, dropletName } = settings;
    // The recorder's bucket is other programs' too: one that is there is no resource, so that nothing lays down how it has to be. The
    // provider would: it does not read ACLs, and an imported bucket would get one with the first refresh.
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
    this.blobsKeys = settings.blobsKeys ?? makeKeys(this, 'blobs', dropletName, this.blobs.name, 'readwrite');
    this.registerOutputs({ art: this.art, blobs: this.blobs.name });
  }

  private makeArt(name: string, region: string): digitalocean.SpacesBucket {
    const ignoreChanges = ['acl', 'corsRules', 'forceDestroy', 'lifecycleRules', 'versioning'];
    const args = { name, region, acl: 'private' };
    return new digitalocean.SpacesBucket('art', args, { ...keepOnDestroy(this), ignoreChanges });
  }
}

/** A bucket outlives its stack with every object, and is never made anew for a change of its options. */
function keepOnDestroy(parent: pulumi.Resource, importId?: string): pulumi.CustomResourceOptions {
  return { parent, retainOnDelete: true, ...(importId === undefined ? {} : { import: importId }) };
}

/** Parts of uploads that were never finished cost money and can't be seen in a listing. */
function abortUnfinishedUploads(): digitalocean.types.input.SpacesBucketLifecycleRule {
  return { id: 'leftovers', enabled: true, abortIncompleteMultipartUploadDays: 1 };
}

/** Pages of any origin play the videos and read them, as an editor or a share button does. */
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
  use: 'art' | 'blobs',
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
