let inside = false;

/** Notes that this thread or process serves a runner, and is not the application. @internal */
export function enterWorker(): void {
  inside = true;
}

/** @internal */
export function insideWorker(): boolean {
  return inside;
}
