import type { InferenceService, ServedRunners } from './contract.js';
import type { OpenInferenceOptions } from './options.js';

/**
 * The Open Inference Protocol over runners, for whatever carries it. Nothing of it is loaded before.
 *
 * @returns A service whose `close()` stops the counting for its statistics.
 * @throws InvalidOpenInferenceOptionError
 *
 * @publicApi
 */
export async function openInferenceService(
  runners: ServedRunners,
  options?: OpenInferenceOptions,
): Promise<InferenceService & { close(): void }> {
  const { OpenInferenceService } = await import('./service.js');
  return new OpenInferenceService(runners, options);
}
