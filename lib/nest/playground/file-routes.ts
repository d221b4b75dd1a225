import { StreamableFile } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { pathOf, rawRequest } from '../http/platform.js';
import type { ServedFile } from './page-files.js';

/**
 * Allows nothing from other hosts, no inline code, and no frame of another site around the page.
 */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "connect-src 'self'",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'self'",
].join('; ');

const YEAR_SECONDS = 31_536_000;

/**
 * Serves files, and the page at `root` with a trailing slash. Without it, the page's relative URLs
 * would be wrong.
 *
 * @param root '' or a path such as `/playground`.
 */
export function serveFiles(
  adapter: AbstractHttpAdapter,
  root: string,
  files: readonly ServedFile[],
): void {
  for (const file of files) {
    const serve = (request: object, response: object): void => {
      send(adapter, file, request, response);
    };
    adapter.get(`${root}/${file.path}`, serve as never);
    if (file.path !== '' || root === '') continue;
    // Express treats it as the same route.
    if (adapter.getType() !== 'express') adapter.get(root, serve as never);
  }
}

function send(
  adapter: AbstractHttpAdapter,
  file: ServedFile,
  given: object,
  response: object,
): void {
  const { originalUrl, url = '' } = given as { originalUrl?: string; url?: string };
  const asked = originalUrl ?? url;
  if (file.path === '' && !pathOf(asked).endsWith('/')) {
    // Relative, because a proxy may have removed a prefix.
    const last = pathOf(asked).slice(pathOf(asked).lastIndexOf('/') + 1);
    adapter.setHeader(response, 'location', `${last}/${asked.slice(pathOf(asked).length)}`);
    adapter.reply(response, '', 308);
    return;
  }
  const headers = {
    'content-type': file.type,
    'content-security-policy': POLICY,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': file.immutable ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache',
    etag: file.etag,
  };
  for (const [name, value] of Object.entries(headers)) adapter.setHeader(response, name, value);
  if (matches(rawRequest(given).headers['if-none-match'], file.etag)) {
    adapter.reply(response, undefined, 304);
    return;
  }
  const options = { type: file.type, length: file.bytes.length };
  adapter.reply(response, new StreamableFile(file.bytes, options), 200);
}

function matches(header: string | undefined, etag: string): boolean {
  if (header === undefined || header.length > 1000) return false;
  return header.split(',').some((each) => each.trim().replace(/^W\//, '') === etag);
}
