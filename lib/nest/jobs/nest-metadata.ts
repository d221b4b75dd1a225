import {
  Header,
  Req,
  UseInterceptors,
  UsePipes,
  type NestInterceptor,
  type PipeTransform,
} from '@nestjs/common';

class Probe {
  method(): void {}
}
const pipe: PipeTransform = { transform: (value: unknown) => value };
Req()(Probe.prototype, 'method', 0);
UsePipes(pipe)(Probe);
const interceptor: NestInterceptor = { intercept: (_, next) => next.handle() };
UseInterceptors(interceptor)(Probe);
const header = { value: (): void => undefined };
Header('x', 'y')({}, 'header', header);

/** The names of Nest's metadata are read from Nest's own decorators. */
export const [PARAMETERS] = Reflect.getMetadataKeys(Probe, 'method') as unknown[];
export const PIPES = keyOf(pipe);
export const INTERCEPTORS = keyOf(interceptor);
export const [HEADERS] = Reflect.getMetadataKeys(header.value) as unknown[];

function keyOf(used: object): unknown {
  return (Reflect.getMetadataKeys(Probe) as unknown[]).find(
    (key) => (Reflect.getMetadata(key, Probe) as unknown[])?.[0] === used,
  );
}
