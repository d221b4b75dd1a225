import { resolve } from 'node:path';
import type { Model } from '../../../serving/store/index.js';
import { CommandError } from '../../errors.js';
import { isS3 } from '../../s3/address.js';
import { PARTS } from '../layout.js';
import type { BatchSettings, QueueSettings } from '../settings.js';
import type { BatchPlan, BatchResult } from '../run-batch.js';
import { connectCoordinator, coordinate } from './coordinate.js';
import { identityOf } from './digest.js';
import { orderOf } from './order.js';
import { MOST_ROWS } from './payload.js';
import { WHOLE } from './roots.js';

export interface QueuedRun {
  run(plan: BatchPlan, model: Model, tag: string, settings: BatchSettings): Promise<BatchResult>;
}

/**
 * Connects to the queue. The work is known only later.
 *
 * @throws The errors of the connection.
 */
export async function openQueued({ url, root, attempts }: QueueSettings): Promise<QueuedRun> {
  const connection = await connectCoordinator(url);
  return {
    run: async (plan, model, tag, settings) => {
      const { folder, layout, output, rules, names, masks, chunkRows } = plan;
      if (chunkRows > MOST_ROWS) {
        throw new CommandError(
          `--chunk is ${chunkRows}, but workers take at most ${MOST_ROWS} rows`,
          'Give fewer',
        );
      }
      const { columns: parts = PARTS, column, where, embeddings } = settings;
      const { words, temperature, minP, seed, stop } = settings;
      const inbox = await folder.openInbox();
      const objects = isS3(output)
        ? new (await import('./s3-inbox.js')).S3Inbox(output, inbox.id, inbox.path)
        : undefined;
      const order = orderOf({
        id: inbox.id,
        model: { tag, ...(await identityOf(model)) },
        root: root === undefined ? WHOLE : resolve(root),
        folder: objects?.path ?? inbox.path,
        output,
        masks: masks !== undefined,
        kept: layout.kept,
        parts,
        names,
        needed: rules.needed,
        column,
        where,
        chunkRows,
        embeddings,
        generate: { words, temperature, minP, seed, stop } as typeof settings,
      });
      const { restart } = settings;
      return coordinate({
        ...plan,
        connection,
        order,
        inbox: inbox.path,
        earlier: folder.earlier,
        objects,
        restart,
        attempts,
      });
    },
  };
}
