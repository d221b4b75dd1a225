import { Header, Req, UsePipes, type PipeTransform } from '@nestjs/common';

class Probe {
  method(): void {}
}
const pipe: PipeTransform = { transform: (value: unknown) => value };
Req()(Probe.prototype, 'method', 0);
UsePipes(pipe)(Probe);
const header = { value: (): void => undefined };
Header('x', 'y')({}, 'header', header);

/** What Nest calls its metadata of parameters, pipes and headers is learned from its own decorators. */
export const [PARAMETERS] = Reflect.getMetadataKeys(Probe, 'method') as unknown[];
export const PIPES = (Reflect.getMetadataKeys(Probe) as unknown[]).find(
  (key) => (Reflect.getMetadata(key, Probe) as unknown[])?.[0] === pipe,
);
export const [HEADERS] = Reflect.getMetadataKeys(header.value) as unknown[];
