import type { Registry } from 'prom-client';
import { promClient } from './prom-client.js';

const registries = new Map<string, Registry>();

/**
 * prom-client's metrics of the process: CPU, memory, file descriptors, event-loop delay, garbage
 * collection. They describe the process, not an application, and their collectors cannot be
 * stopped. So a process has one of each, however many applications it starts.
 */
export function processMetrics(labels: Readonly<Record<string, string>>): Registry {
  const key = JSON.stringify(Object.entries(labels));
  let registry = registries.get(key);
  if (registry === undefined) {
    const { collectDefaultMetrics, Registry } = promClient();
    registry = new Registry();
    registry.setDefaultLabels(labels);
    collectDefaultMetrics({ register: registry });
    registries.set(key, registry);
  }
  return registry;
}
