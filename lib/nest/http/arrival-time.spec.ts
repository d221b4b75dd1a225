import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { connect, type AddressInfo, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { arrivalTime, watchConnections } from './arrival-time.js';

const REQUEST = 'GET / HTTP/1.1\r\nHost: localhost\r\n\r\n';
const BUSY_MS = 80;

/** Another thread that connects and sends a request when it is told. */
const CLIENT = `
  const { parentPort, workerData: { port, request } } = require('node:worker_threads');
  const { connect } = require('node:net');
  parentPort.once('message', () => connect(port, '127.0.0.1').on('data', () => {}).write(request));
`;

let server: Server;
let sockets: Socket[];
let arrivals: number[];
let onRequest: (() => void) | undefined;

beforeEach(async () => {
  arrivals = [];
  onRequest = undefined;
  server = createServer((request, response) => {
    arrivals.push(arrivalTime(request));
    response.end();
    onRequest?.();
  }).listen(0, '127.0.0.1');
  watchConnections(server);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  sockets = [1, 2, 3].map(() => connect(port, '127.0.0.1'));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const connections = promisify(server.getConnections.bind(server));
  await expect.poll(() => connections()).toBe(3);
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

function busy(): void {
  const end = performance.now() + BUSY_MS;
  while (performance.now() < end);
}

async function until(count: number): Promise<void> {
  await expect.poll(() => arrivals.length).toBe(count);
}

describe('arrivalTime', () => {
  it('is not after the arrival of a request that waited for a busy event loop', async () => {
    let sentAt = 0;
    onRequest = () => {
      onRequest = undefined;
      sentAt = performance.now();
      sockets[1]!.write(REQUEST);
      busy();
    };
    sockets[0]!.write(REQUEST);
    await until(2);

    expect(arrivals[1]).toBeLessThanOrEqual(sentAt);
    expect(arrivals[1]).toBe(arrivals[0]);
  });

  it('is the same for requests of one turn, even if the first took long', async () => {
    const sentAt = performance.now();
    onRequest = () => {
      onRequest = undefined;
      busy();
    };
    for (const socket of sockets) socket.write(REQUEST);
    await until(3);

    expect(Math.max(...arrivals)).toBeLessThan(sentAt + BUSY_MS);
  });

  it('is not after the arrival of a connection with its first request', async () => {
    const { port } = server.address() as AddressInfo;
    const client = new Worker(CLIENT, { eval: true, workerData: { port, request: REQUEST } });
    await once(client, 'online');
    let askedAt = 0;
    onRequest = () => {
      onRequest = undefined;
      askedAt = performance.now();
      client.postMessage('send');
      sockets[1]!.write(REQUEST);
      busy();
    };
    sockets[0]!.write(REQUEST);
    await until(3);
    await client.terminate();

    // It connects and sends while this loop is busy.
    expect(Math.max(...arrivals)).toBeLessThan(askedAt + BUSY_MS);
  });

  it('is not the arrival of a connection if its request came later', async () => {
    await delay(BUSY_MS);
    const sentAt = performance.now();
    sockets[2]!.write(REQUEST);
    await until(1);

    expect(arrivals[0]).toBeGreaterThanOrEqual(sentAt);
  });

  it("is the end of the loop's sleep if it slept", async () => {
    sockets[0]!.write(REQUEST);
    await until(1);
    await delay(BUSY_MS);
    const sentAt = performance.now();
    sockets[1]!.write(REQUEST);
    await until(2);

    expect(arrivals[1]).toBeGreaterThanOrEqual(sentAt);
  });
});
