import { join } from 'node:path';
import { defaultHome, resolveHome } from '../../../serving/store/home.js';
import { CommandError } from '../../errors.js';
import { withProgress } from '../../output/status.js';
import { modelName } from '../model-name.js';
import type { Source } from '../source.js';
import { DownloadCache } from './download-cache.js';
import { download } from './download.js';
import type { RemoteFile } from './remote-file.js';

/**
 * Downloads the file of a URL into the cache: the folder `VTS_CACHE`, or else `downloads` in the
 * home of the store.
 */
export async function fetchSource(
  scheme: string,
  target: string,
  home: string | undefined,
): Promise<Source> {
  const file = await locate(scheme, target);
  const cache = await DownloadCache.open(cacheFolder(home));
  try {
    const path = await withProgress(`download ${file.from.slice(0, 60)}`, (onProgress) =>
      download(file, cache, {
        onProgress,
        onNote: (text) => void process.stderr.write(`vts: ${text}\n`),
      }),
    );
    return {
      file: path,
      name: modelName(file.parts),
      from: file.from,
      remote: true,
      versions: file.versions ?? {},
      note: file.note,
      cleanup: cache.cleanup,
    };
  } catch (error) {
    await cache.cleanup();
    throw error;
  }
}

async function locate(scheme: string, target: string): Promise<RemoteFile> {
  if (scheme === 's3') return (await import('./s3.js')).s3File(target);
  const { hubFile, hubPage } = await import('./hub.js');
  if (scheme === 'hf') return hubFile(target);
  if (scheme === 'http' || scheme === 'https') {
    const page = URL.canParse(target) ? hubPage(new URL(target)) : undefined;
    if (page !== undefined) return hubFile(page);
    return (await import('./web.js')).webFile(target);
  }
  throw new CommandError(
    `Addresses of "${scheme}:" are not supported`,
    'Give the path of a file or folder, a tag, or an address of https:, hf: or s3:',
  );
}

function cacheFolder(home: string | undefined): string {
  const named = process.env['VTS_CACHE'];
  if (named) return resolveHome(named);
  return join(home === undefined ? defaultHome() : resolveHome(home), 'downloads');
}
