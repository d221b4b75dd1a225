import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { VtsExpressAdapter } from 'nestjs-vts/express';

const ADAPTERS: Readonly<Record<string, () => AbstractHttpAdapter>> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
  'vts-express': () => new VtsExpressAdapter(),
};

const FASTIFY = process.env['VTS_TEST_ADAPTER'] === 'fastify';

/** How the adapter's framework treats routes that are not this package's. */
export const HOST = {
  /** Routes can be added while it listens. */
  takesLateRoutes: !FASTIFY,
  /** `/a` is neither `/A` nor `/a/`. */
  isExactInPaths: FASTIFY,
  /** A media type, with parameters, that it does not take. */
  refusedType: FASTIFY ? 'application/x-unknown' : 'application/json; charset=koi8-r',
  /** A JSON text that is larger than what it takes. */
  largeJson: JSON.stringify('x'.repeat(FASTIFY ? 1_100_000 : 200_000)),
  /** What else the body of its refusal of a malformed URL has. */
  badUrl: FASTIFY ? { code: 'FST_ERR_BAD_URL' } : {},
} as const;

/** The HTTP adapter that VTS_TEST_ADAPTER names: the contract suites run on each of them. */
export function adapter(): AbstractHttpAdapter {
  const name = process.env['VTS_TEST_ADAPTER'] ?? 'express';
  const make = ADAPTERS[name];
  if (make === undefined) {
    throw new Error(`VTS_TEST_ADAPTER is "${name}"; use ${Object.keys(ADAPTERS).join(' or ')}.`);
  }
  return make();
}
