import * as pulumi from '@pulumi/pulumi';
import type { Settings } from './config.ts';
import { QUEUE_AUTHORITY } from './host/paths.ts';
import type { Queue } from './queue.ts';
import { renderEnvironment } from './release/environment.ts';
import type { Storage } from './storage.ts';

/** The service's environment file with the variables of the stack. The release sets ports and folders, and Redis of a host that is alone. */
export function serviceEnvironment(
  settings: Settings,
  storage: Storage,
  queue: Queue | undefined,
): pulumi.Output<string> {
  const { artKeys: art, userKeys: user, blobsKeys: blobs } = storage;
  const ofUsers = user && {
    USER_SPACES_KEY: user.key,
    USER_SPACES_SECRET: user.secret,
    USER_SPACES_ENDPOINT: settings.spacesEndpoint,
    USER_SPACES_BUCKET: settings.userBucket,
  };
  const values = {
    ...settings.serviceEnvironment,
    ART_SPACES_KEY: art.key,
    ART_SPACES_SECRET: art.secret,
    ART_SPACES_ENDPOINT: settings.spacesEndpoint,
    ART_SPACES_BUCKET: storage.art,
    ...ofUsers,
    AT_BLOBS_SPACES_KEY: blobs.key,
    AT_BLOBS_SPACES_SECRET: blobs.secret,
    AT_BLOBS_SPACES_ENDPOINT: settings.spacesEndpoint,
    AT_BLOBS_SPACES_BUCKET: storage.blobs.name,
    ...(settings.cdnDomain === undefined ? {} : { AT_BLOBS_CDN: settings.cdnDomain }),
    ...(settings.alertWebhookUrl === undefined ? {} : { ALERT_WEBHOOK_URL: settings.alertWebhookUrl }),
    ...(queue === undefined
      ? {}
      : { NODES: String(settings.nodes), REDIS_URL: queue.url, REDIS_CA: QUEUE_AUTHORITY }),
    CALLBACK_SECRET: settings.callbackSecret,
    PUBLIC_URL: `https://${settings.domain}`,
  };
  return pulumi.secret(pulumi.all(values).apply(renderEnvironment));
}
