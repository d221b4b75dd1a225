import { ConsoleLogger } from '@nestjs/common';

/** Nest's own log contexts, with a line for each module and route. */
const OF_NEST: ReadonlySet<unknown> = new Set([
  'InstanceLoader',
  'NestApplication',
  'NestFactory',
  'RouterExplorer',
  'RoutesResolver',
]);

/** The lines of `vts serve`: for people, or as JSON for collectors of logs. */
export class ServeLogger extends ConsoleLogger {
  constructor(readonly format: 'json' | 'text') {
    const colors = format === 'text' && process.stdout.isTTY === true && !process.env['NO_COLOR'];
    super({ prefix: 'vts', json: format === 'json', colors });
  }

  override log(message: unknown, ...rest: unknown[]): void {
    if (!OF_NEST.has(rest.at(-1))) super.log(message, ...rest);
  }
}
