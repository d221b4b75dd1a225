import { bytesOf, CallError, errorOf, headersOf, type Call } from './call.js';
import { EventReader } from './event-reader.js';
import { unreachable } from './send.js';

/**
 * Calls an endpoint that answers with server-sent events, and yields the data of each.
 *
 * @throws CallError, also for an event `error`
 */
export async function* stream(call: Call, signal: AbortSignal): AsyncGenerator<string> {
  const response = await fetch(call.url, {
    method: 'POST',
    headers: headersOf(call),
    body: bytesOf(call.body),
    signal,
  }).catch((error: unknown) => {
    throw signal.aborted ? error : unreachable();
  });
  if (!response.ok) throw errorOf(response.status, await response.text());
  const { body } = response;
  if (!body) throw new CallError('The answer is empty.', response.status);
  const events = new EventReader();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const { done, value } = await reader.read();
    for (const { name, data } of done ? events.end() : events.push(value)) {
      if (name === 'end') return;
      if (name === 'error') throw errorOf(500, data);
      yield data;
    }
    if (done) return;
  }
}
