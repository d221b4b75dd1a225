import { once } from 'node:events';
import { connect } from 'node:net';
import { Duplex } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { Connections, peerOf } from './connections.js';

const open: Connections[] = [];

afterEach(() => {
  for (const connections of open.splice(0)) connections.destroy();
});

/** Connections whose sockets are handed to `take`. */
function connections(take: (socket: Duplex) => void, stalledMs: number): Connections {
  const injector = { injectConnection: take, drain: () => undefined, destroy: () => undefined };
  const made = new Connections(injector, { maxConnections: undefined, stalledMs });
  open.push(made);
  return made;
}

describe('Connections', () => {
  it('cuts off a client that does not read its response, but no client without one', async () => {
    const sockets: Duplex[] = [];
    const made = connections((socket) => sockets.push(socket), 100);
    const port = await made.listen('127.0.0.1', 0);
    const [idle, stalled] = [connect(port!, '127.0.0.1'), connect(port!, '127.0.0.1')];
    await Promise.all([once(idle, 'connect'), once(stalled, 'connect')]);
    await expect.poll(() => made.count).toBe(2);
    stalled.pause();
    stalled.on('error', () => undefined);
    const mine = sockets.find((socket) => {
      return (socket as { remotePort?: number }).remotePort === stalled.localPort;
    })!;
    const done = made.writing(peerOf(mine as { remoteAddress?: string; remotePort?: number }));
    await once(mine, 'close');
    done();
    await expect.poll(() => made.count).toBe(1);
    expect(idle.destroyed).toBe(false);
    idle.destroy();
    await made.whenClosed();
    expect(made.count).toBe(0);
  });

  it('does not cut off a client that reads, however slowly', async () => {
    const sockets: Duplex[] = [];
    const made = connections((socket) => sockets.push(socket), 300);
    const port = await made.listen('127.0.0.1', 0);
    const client = connect(port!, '127.0.0.1');
    client.resume();
    await once(client, 'connect');
    await expect.poll(() => sockets.length).toBe(1);
    const [socket] = sockets as [Duplex];
    const done = made.writing(peerOf(socket as { remoteAddress?: string; remotePort?: number }));
    for (let part = 0; part < 10; part++) {
      socket.write(Buffer.alloc(8192));
      await new Promise((resolve) => setTimeout(resolve, 60));
    }
    done();
    expect(socket.destroyed).toBe(false);
    client.destroy();
  });
});
