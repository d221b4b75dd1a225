import { Controller } from '@nestjs/common';
import { Cluster, Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { jobsApp, JobsClient } from '../../../test/helpers/jobs-app.js';
import { hasRedis, RedisServer } from '../../../test/helpers/redis.js';
import { VtsApi } from '../decorators/vts-api.decorator.js';
import { Text } from '../io/text.js';

@Controller()
class Words {
  @VtsApi({ input: Text, output: Text, job: true })
  upper(text: string): string {
    return text.toUpperCase();
  }
}

describe.runIf(hasRedis)('Jobs in a Redis cluster', () => {
  let redis: RedisServer;
  let connection: Cluster;

  beforeAll(async () => {
    redis = await RedisServer.start([
      '--cluster-enabled',
      'yes',
      '--cluster-announce-ip',
      '127.0.0.1',
    ]);
    const node = new Redis(redis.url);
    await node.call('CLUSTER', 'ADDSLOTSRANGE', '0', '16383');
    while (!String(await node.call('CLUSTER', 'INFO')).includes('cluster_state:ok')) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    node.disconnect();
    connection = new Cluster([redis.url]);
  });
  afterAll(async () => {
    connection.disconnect();
    await redis.stop();
  });

  it('run with a client of the cluster', async () => {
    const app = await jobsApp('express', { connection }, { controllers: [Words] });
    try {
      const client = await JobsClient.of(app);
      const location = await client.submitted('/upper', 'a');
      await client.ended(location);
      expect((await client.http.get(`${location}/result`)).text).toBe('A');
    } finally {
      await app.close();
    }
  });

  it('refuse a prefix that would spread the keys of a job', async () => {
    const jobs = { connection, prefix: 'plain' };
    await expect(jobsApp('express', jobs, { controllers: [Words] })).rejects.toThrow(
      'VtsModule: jobs.prefix is "plain", which spreads the keys of a job over the nodes of the cluster; write it in braces: \'{plain}\'.',
    );
  });
});
