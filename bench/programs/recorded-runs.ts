import { InferenceSession, Tensor } from 'onnxruntime-node';

type Run = (...args: unknown[]) => Promise<unknown>;

/** Every session that this process has made, in the order in which they were made. */
export const sessions: InferenceSession[] = [];

/** The arguments of `InferenceSession.create` for each session. */
type CreateHook = (model: string | Uint8Array, options: InferenceSession.SessionOptions) => void;
let onCreate: CreateHook | undefined;

// The limit of a prediction is its onnxruntime runs alone, on the same session. So this module
// observes the public API that creates sessions. Import it before the package.
const create = InferenceSession.create as (...args: unknown[]) => Promise<InferenceSession>;
InferenceSession.create = (async (...args: unknown[]) => {
  onCreate?.(args[0] as string | Uint8Array, args.at(-1) as InferenceSession.SessionOptions);
  const session = await create.apply(InferenceSession, args);
  sessions.push(session);
  return session;
}) as typeof InferenceSession.create;

/** Calls the hook with the arguments of each new session. */
export function watchCreate(hook: CreateHook): void {
  onCreate = hook;
}

/** A run that has been recorded: the session, and the arguments of `run` with copies of its data. */
export interface RecordedRun {
  readonly session: InferenceSession;
  readonly args: readonly unknown[];
}

/** The runs that a call makes. */
export async function recordRuns(call: () => Promise<unknown>): Promise<RecordedRun[]> {
  const runs: RecordedRun[] = [];
  for (const session of sessions) {
    const run = session.run.bind(session) as Run;
    session.run = ((...args: unknown[]) => {
      const [feeds, ...rest] = args as [InferenceSession.FeedsType, ...unknown[]];
      const copies = Object.entries(feeds).map(([name, value]) => [name, copy(value as Tensor)]);
      runs.push({ session, args: [Object.fromEntries(copies), ...rest] });
      return run(...args);
    }) as typeof session.run;
  }
  try {
    await call();
  } finally {
    for (const session of sessions) delete (session as Partial<InferenceSession>).run;
  }
  if (runs.length === 0) throw new Error('The call made no run.');
  return runs;
}

/** Makes the same runs again, one after the other. */
export async function replay(runs: readonly RecordedRun[]): Promise<void> {
  for (const { session, args } of runs) await (session.run as Run).apply(session, [...args]);
}

// The caller may use its buffers again.
function copy(tensor: Tensor): Tensor {
  const data = tensor.data as Float32Array;
  return new Tensor(tensor.type as 'float32', data.slice(), tensor.dims);
}
