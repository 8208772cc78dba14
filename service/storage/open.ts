import { bucketStorage } from './bucket-storage.ts';
import { folderStorage } from './folder-storage.ts';
import type { OutputStorage, StorageOptions } from './storage.ts';

/** Opens the storage without a request to it. Throws TypeError for options from which no public URL follows. */
export function openStorage(options: StorageOptions): OutputStorage {
  return options.endpoint.protocol === 'file:' ? folderStorage(options) : bucketStorage(options);
}
