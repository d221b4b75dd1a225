import { errorOf, urlOf } from '../calls/call.js';
import { unreachable } from '../calls/send.js';
import type { Models } from '../contract.js';
import { authorization } from './credentials.js';

/** @throws CallError */
export async function loadModels(): Promise<Models> {
  const headers = { accept: 'application/json', ...authorization() };
  const response = await fetch(urlOf('api/models'), { headers }).catch(() => {
    throw unreachable();
  });
  const text = await response.text();
  if (!response.ok) throw errorOf(response.status, text);
  return JSON.parse(text) as Models;
}
