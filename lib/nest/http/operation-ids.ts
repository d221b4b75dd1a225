/** @ts-ignore: without @nestjs/swagger its types are any. */
import type { OpenAPIObject } from '@nestjs/swagger';
import { operationOfMethod } from './job-operation-names.js';

export type Operation = NonNullable<OpenAPIObject['paths'][string]['post']>;

/** All operations of a document. */
export function operationsOf({ paths }: OpenAPIObject): Operation[] {
  return Object.values(paths).flatMap((path) =>
    Object.values(path as Record<string, Partial<Operation>>).filter(isOperation),
  );
}

function isOperation(member: Partial<Operation>): member is Operation {
  return typeof member === 'object' && member.responses !== undefined;
}

type IdFactory = (controller: string, method: string, version?: string) => string;

/** Names operations, and remembers which ones it has named. */
export class OperationIds {
  readonly #methods = new Map<string, { controller: string; short: string }>();

  /**
   * @param given The factory that names them; by default they are named as in `@nestjs/swagger`.
   */
  constructor(private readonly given: IdFactory | undefined) {}

  readonly factory: IdFactory = (controller, declared, version) => {
    const method = operationOfMethod(declared);
    const short = version ? `${method}_${version}` : method;
    const id = this.given?.(controller, method, version) ?? `${controller}_${short}`;
    this.#methods.set(id, { controller, short: this.given ? id : short });
    return id;
  };

  /** The class of an operation's controller; undefined if the operation has an explicit name. */
  controllerOf({ operationId = '' }: Operation): string | undefined {
    return this.#methods.get(operationId)?.controller;
  }

  /**
   * Omits the controller's name if method names are unique without it. Names from `@VtsApi` or
   * `@ApiOperation` do not change.
   */
  shorten(document: OpenAPIObject): void {
    const operations = operationsOf(document);
    const shortOf = ({ operationId: id = '' }: Operation): string =>
      this.#methods.get(id)?.short ?? id;
    const uses = new Map<string, number>();
    for (const operation of operations) {
      const name = spelt(shortOf(operation));
      uses.set(name, (uses.get(name) ?? 0) + 1);
    }
    const renamed = new Map<string, string>();
    for (const operation of operations) {
      const short = shortOf(operation);
      if (uses.get(spelt(short)) !== 1) continue;
      renamed.set(operation.operationId ?? '', short);
      operation.operationId = short;
    }
    for (const link of operations.flatMap(linksOf)) {
      link.operationId = renamed.get(link.operationId ?? '') ?? link.operationId;
    }
  }
}

/**
 * Generators convert names to the case of their language, so `score_all` and `scoreAll` are the
 * same.
 */
function spelt(name: string): string {
  return name.replace(/[^\p{L}\p{N}]/gu, '').toLowerCase();
}

interface Link {
  operationId?: string | undefined;
}

function linksOf({ responses }: Operation): Link[] {
  return Object.values(responses).flatMap((response) =>
    Object.values((response as { links?: Record<string, Link> }).links ?? {}),
  );
}
