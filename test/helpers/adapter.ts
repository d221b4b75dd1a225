import { ExpressAdapter } from '@nestjs/platform-express';
import { FastifyAdapter } from '@nestjs/platform-fastify';
import type { AbstractHttpAdapter } from '@nestjs/core';
import { VtsExpressAdapter } from 'nestjs-vts/express';

const ADAPTERS: Readonly<Record<string, () => AbstractHttpAdapter>> = {
  express: () => new ExpressAdapter(),
  fastify: () => new FastifyAdapter(),
  'vts-express': () => new VtsExpressAdapter(),
};

/** The HTTP adapter that VTS_TEST_ADAPTER names: the contract suites run on each of them. */
export function adapter(): AbstractHttpAdapter {
  const name = process.env['VTS_TEST_ADAPTER'] ?? 'express';
  const make = ADAPTERS[name];
  if (make === undefined) {
    throw new Error(`VTS_TEST_ADAPTER is "${name}"; use ${Object.keys(ADAPTERS).join(' or ')}.`);
  }
  return make();
}
