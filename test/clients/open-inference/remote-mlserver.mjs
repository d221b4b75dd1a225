// A remote runner here, a model of MLServer there: remote-mlserver.mjs REST GRPC
import { Tensor } from 'nestjs-vts/learner';
import { remoteRunner } from 'nestjs-vts/serving';

const [rest, grpc] = process.argv.slice(2);
let failed = false;
for (const url of [`http://${rest}`, `grpc://${grpc}`]) {
  const name = `remote runner to MLServer, ${url.split(':')[0]}`;
  const runner = remoteRunner('echo', { remote: { url, model: 'echo' } });
  try {
    await runner.open();
    const x = new Tensor('float32', Float32Array.of(1, 2, 3, 4.5), [2, 2]);
    const made = await runner.run({ x });
    const isRight = [2, 4, 6, 9].every((value, i) => made.data[i] === value);
    if (!isRight) throw new Error(`it gave ${[...made.data]}`);
    console.log(`ok ${name}`);
  } catch (error) {
    failed = true;
    console.log(`FAILED ${name}: ${error.name}: ${error.message.slice(0, 300)}`);
  } finally {
    await runner.close();
  }
}
process.exitCode = failed ? 1 : 0;
